"""What counts as drift: an attribute that the configuration sets, or what an apply would change."""

from __future__ import annotations

from typing import Any

import pytest

from strata.ci.plans import unit_plan
from strata.ci.reading import Repository

ROLE = "aws_iam_role.this"


def _drift(actions: list[str], **changed: str) -> dict[str, Any]:
    return {
        "address": f'{ROLE}["plan"]',
        "type": "aws_iam_role",
        "mode": "managed",
        "change": {"actions": actions, "before": dict.fromkeys(changed, "old"), "after": dict(changed)},
    }


CASES: list[tuple[str, dict[str, Any], list[str], list[tuple[str, str, tuple[str, ...]]]]] = [
    ("an attribute of the configuration", _drift(["update"], description="new"), [], [(f'{ROLE}["plan"]', "update", ("description",))]),
    ("what other resources made of it", _drift(["update"], inline_policy="new"), [], []),
    ("both", _drift(["update"], description="new", inline_policy="new"), [], [(f'{ROLE}["plan"]', "update", ("description",))]),
    ("what an apply would change", _drift(["update"], inline_policy="new"), ["update"], [(f'{ROLE}["plan"]', "update", ("inline_policy",))]),
    ("a deleted resource", _drift(["delete"], inline_policy="new"), [], [(f'{ROLE}["plan"]', "delete", ())]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("drift", "actions", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_drift(
    drift: dict[str, Any], actions: list[str], expected: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    document = {
        "resource_drift": [drift],
        "resource_changes": [{**drift, "change": {**drift["change"], "actions": actions or ["no-op"]}}],
        "configuration": {
            "root_module": {"resources": [{"address": ROLE, "expressions": {"name": {}, "description": {}}}]}
        },
    }
    found = unit_plan("live/dev/iam", document, Repository(words={"plan"})).drifted
    assert [(resource.address, resource.action, resource.changed) for resource in found] == expected
