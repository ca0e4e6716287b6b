"""Changes to a plan, as somebody might make them to a module."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any


def resources(document: Any) -> Iterator[Any]:
    """Every planned resource, to be changed in place."""

    def walk(module: Any) -> Iterator[Any]:
        yield from module.get("resources", ())
        for child in module.get("child_modules", ()):
            yield from walk(child)

    return walk(document["planned_values"]["root_module"])


def change_policy(document: Any, kind: str, role: str, change: Callable[[list[Any]], None]) -> None:
    """Change the statements of a role's own policy (aws_iam_role_policy) or of its trust (aws_iam_role)."""
    attribute, name = ("policy", "role") if kind == "aws_iam_role_policy" else ("assume_role_policy", "name")
    found = [
        r for r in resources(document) if r["type"] == kind and r["values"][name] == f"strata-{role}-dev"
    ]
    assert len(found) == 1
    policy = json.loads(found[0]["values"][attribute])
    change(policy["Statement"])
    found[0]["values"][attribute] = json.dumps(policy)
