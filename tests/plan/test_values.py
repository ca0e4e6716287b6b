"""Values of a plan before and after, without what is sensitive and with words for what is not known."""

from __future__ import annotations

from typing import Any

import pytest

from strata.plan.document import PlannedChange
from strata.plan.values import value_changes

SECRET, LATER = "(sensitive value)", "(known after apply)"


def shown(**change: Any) -> list[tuple[str, str | None, str | None]]:
    found = value_changes(PlannedChange("a.b", "a", True, ("update",), **change))
    return [(one.name, one.before, one.after) for one in found]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"before": {"a": 1, "b": 2}, "after": {"a": 1, "b": 3}}, [("b", "2", "3")]),
        ({"before": None, "after": {"a": "x"}}, [("a", None, "x")]),
        ({"before": {"a": "x"}, "after": None}, [("a", "x", None)]),
        ({"before": {"a": True}, "after": {"a": False}}, [("a", "true", "false")]),
        ({"before": {"a": {"x": "ü"}}, "after": {"a": {}}}, [("a", '{"x": "ü"}', "{}")]),
        ({"before": {}, "after": {}, "unknown": {"id": True}}, [("id", None, LATER)]),
        (
            {"before": {"a": [1, 2]}, "after": {"a": [1]}, "unknown": {"a": [False, True]}},
            [("a", "[1, 2]", "[1]")],
        ),
        (
            {"before": {"t": {"a": "1"}}, "after": {"t": {"a": "1"}}, "unknown": {"t": {"b": True}}},
            [("t", '{"a": "1"}', f'{{"a": "1", "b": "{LATER}"}}')],
        ),
    ],
)
def test_what_would_change(change: dict[str, Any], expected: list[Any]) -> None:
    assert shown(**change) == expected


@pytest.mark.parametrize(
    ("before_marks", "after_marks", "expected"),
    [
        ({"p": True}, {"p": True}, (SECRET, SECRET)),
        (True, True, (SECRET, SECRET)),
        (False, {"p": True}, ("old", SECRET)),
        ({"p": True}, False, (SECRET, "new")),
        (None, None, ("old", "new")),
    ],
)
def test_what_is_sensitive_is_not_shown(
    before_marks: Any, after_marks: Any, expected: tuple[str, str]
) -> None:
    values = {"before": {"p": "old"}, "after": {"p": "new"}}
    assert shown(**values, secret_before=before_marks, secret_after=after_marks) == [("p", *expected)]


def test_a_part_that_is_sensitive_hides_itself_only() -> None:
    values = {"before": None, "after": {"env": [{"name": "a", "value": "s3cret"}]}}
    marks = {"env": [{"value": True}]}
    assert shown(**values, secret_after=marks) == [("env", None, f'[{{"name": "a", "value": "{SECRET}"}}]')]


def test_a_secret_that_is_not_known_yet_is_a_secret() -> None:
    values = {"before": {"p": "old"}, "after": {}, "unknown": {"p": True}}
    assert shown(**values, secret_before={"p": True}, secret_after={"p": True}) == [("p", SECRET, SECRET)]
    # A mark below a value that is a text hides the text.
    assert shown(before={}, after={"p": "{}"}, secret_after={"p": {"x": True}}) == [("p", None, SECRET)]
