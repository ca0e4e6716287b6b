"""Which differences the real provider suppresses, and what it takes over from outside Terraform."""

from __future__ import annotations

from typing import Any

import pytest

from strata.cloud.snowflake.provider import rules
from strata.cloud.snowflake.provider.identifiers import bare, encoded, parts, qualified

WAREHOUSE = {"show_output": [{"size": "XSMALL", "auto_resume": True, "auto_suspend": 600}]}
SCHEMA = {"show_output": [{"options": "TRANSIENT, MANAGED ACCESS"}]}
USER = {"show_output": [{"default_secondary_roles": '["ALL"]'}]}


@pytest.mark.parametrize(
    ("kind", "path", "old", "new", "prior", "suppressed"),
    [
        ("account_role", "name", '"R"', "R", None, True),
        ("account_role", "name", "r", "R", None, False),
        ("account_role", "name", "", "R", None, False),
        ("account_role", "name", "R", "", None, False),
        ("account_role", "name", '"R', "R", None, False),
        ("account_role", "comment", "a", "a", None, False),
        ("warehouse", "warehouse_size", "X-Small", "xsmall", None, True),
        ("warehouse", "warehouse_size", "SMALL", "XSMALL", None, False),
        ("warehouse", "warehouse_size", "HUGE", "HUGE", None, False),
        ("warehouse", "warehouse_size", "", "XSMALL", WAREHOUSE, True),
        ("warehouse", "warehouse_size", "", "SMALL", WAREHOUSE, False),
        ("warehouse", "auto_resume", "default", "true", WAREHOUSE, True),
        ("warehouse", "auto_resume", "default", "false", WAREHOUSE, False),
        ("warehouse", "auto_suspend", "-1", "600", WAREHOUSE, True),
        ("warehouse", "auto_suspend", "-1", "60", WAREHOUSE, False),
        ("warehouse", "auto_suspend", "-1", "600", None, False),
        ("warehouse", "auto_suspend", "-1", "600", {"show_output": []}, False),
        ("warehouse", "initially_suspended", "true", "false", WAREHOUSE, True),
        ("warehouse", "initially_suspended", "", "true", None, False),
        ("schema", "is_transient", "default", "true", SCHEMA, True),
        ("schema", "is_transient", "default", "false", SCHEMA, False),
        ("schema", "is_transient", "default", "false", {"show_output": [{"options": ""}]}, True),
        ("service_user", "default_secondary_roles_option", "DEFAULT", "ALL", USER, True),
        ("service_user", "default_secondary_roles_option", "DEFAULT", "NONE", USER, False),
    ],
)
def test_a_difference_is_suppressed(
    kind: str, path: str, old: str, new: str, prior: Any, suppressed: bool
) -> None:
    found = rules.rules_of(f"snowflake_{kind}")
    assert rules.is_suppressed(found, (path,), old, new, prior) is suppressed


@pytest.mark.parametrize(
    ("text", "option"),
    [(None, "DEFAULT"), ("", "DEFAULT"), ('["ALL"]', "ALL"), ("[]", "NONE")],
)
def test_default_secondary_roles(text: str | None, option: str) -> None:
    assert rules.secondary_roles(text) == option


@pytest.mark.parametrize(
    ("state", "field", "value"),
    [
        ({}, "a", None),
        ({"out": []}, "a", None),
        ({"out": [{"a": 1}]}, "a", 1),
        ({"out": [{"a": [{"b": 2}]}]}, "a.0.b", 2),
        ({"out": [{"a": [{"b": 2}, {"b": 3}]}]}, "a.1.b", 3),
        ({"out": [{"a": []}]}, "a.0.b", None),
        ({"out": [{"a": None}]}, "a.b", None),
        ({"out": [{"a": "X, Y"}]}, "a~Y", True),
        ({"out": [{"a": "X, Y"}]}, "a~Z", False),
        ({"out": [{"a": None}]}, "a~Z", False),
    ],
)
def test_a_field_of_an_output(state: dict[str, Any], field: str, value: Any) -> None:
    assert rules.output_field(state, "out", field) == value


@pytest.mark.parametrize(
    ("prior", "actual", "changes"),
    [
        ({"size": "XSMALL"}, {"size": "XSMALL"}, {}),
        ({"size": "XSMALL"}, {"size": "SMALL"}, {"warehouse_size": "SMALL"}),
        (
            {"size": "XSMALL", "auto_resume": True},
            {"size": "SMALL", "auto_resume": False},
            {"warehouse_size": "SMALL", "auto_resume": False},
        ),
        (None, {"size": "SMALL"}, {}),
    ],
)
def test_changes_outside_terraform(prior: Any, actual: Any, changes: Any) -> None:
    before = {"show_output": [prior] if prior else []}
    found = rules.external_changes(rules.rules_of("snowflake_warehouse"), before, {"show_output": [actual]})
    assert found == changes


def test_a_type_that_is_only_planned_has_no_rules() -> None:
    assert rules.rules_of("snowflake_view") == {}


@pytest.mark.parametrize(
    ("text", "path"),
    [("a", ("a",)), ('"a"."b.c"', ("a", "b.c")), ('a."b""c".d', ("a", 'b"c', "d")), ("", ())],
)
def test_the_parts_of_an_identifier(text: str, path: tuple[str, ...]) -> None:
    assert parts(text) == path


def test_an_identifier_with_unbalanced_quotes() -> None:
    with pytest.raises(ValueError, match=r'^unable to read identifier: "a, err = unbalanced quotes$'):
        parts('"a')


@pytest.mark.parametrize(
    ("text", "name"), [('"a"', "a"), ("a", "a"), ('"', '"'), ('"a', '"a'), ('a"', 'a"'), ('""', "")]
)
def test_a_bare_name(text: str, name: str) -> None:
    assert bare(text) == name


def test_identifiers_are_written_with_quotes() -> None:
    assert qualified('a."b"') == '"a"."b"'
    assert (encoded(("a",)), encoded(("a", 'b"'))) == ("a", '"a"."b"""')
