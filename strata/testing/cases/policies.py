"""IAM policies compared as what they mean: sets of statements, of actions, of resources, of principals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from strata.testing.cases.case import PolicyStatements
from strata.testing.cases.compare import NOTHING, ValueDifference, unmatched
from strata.testing.cases.documents import Keys

_SETS = ("Action", "NotAction", "Resource", "NotResource")
_KEYS = {*_SETS, "Sid", "Effect", "Principal", "NotPrincipal", "Condition"}


def statements(policy: Any) -> list[dict[str, Any]]:
    """The statements of a policy, given as JSON text or decoded.

    Raises:
        ValueError: it is not a policy.
    """
    decoded = json.loads(policy) if isinstance(policy, str) else policy
    if not isinstance(decoded, dict) or "Statement" not in decoded:
        raise ValueError("it has no Statement")
    found = decoded["Statement"]
    return found if isinstance(found, list) else [found]


def unknown_key(statement: dict[str, Any]) -> str | None:
    """A key that no statement has."""
    return next((key for key in statement if key not in _KEYS), None)


def policy_differences(
    expected: PolicyStatements, policy: Any, keys: Keys, place: str
) -> Iterator[ValueDifference]:
    """Which expected statements a policy lacks and, with `equals`, which it has beside them.

    A statement is compared as a whole; only its Sid may be left out.
    """
    found = statements(policy)
    kind = "contains" if expected.contains is not None else "equals"
    wanted = expected.contains or expected.equals or []
    missing, extra = unmatched(wanted, found, same_statement)
    left = [found[index] for index in extra]
    for index in missing:
        near = max(left or found, key=lambda one: _likeness(wanted[index], one), default=NOTHING)
        if kind == "equals" and near in left:
            left.remove(near)
        note = "the nearest statement of the policy" if near is not NOTHING else "the policy is empty"
        yield ValueDifference((*keys, kind, index), f"{place}: statement", wanted[index], near, note)
    if kind == "equals":
        for statement in left:
            yield ValueDifference(keys, f"{place}: statement", NOTHING, statement, "an additional statement")


def same_statement(expected: dict[str, Any], planned: dict[str, Any]) -> bool:
    """Whether two statements mean the same; a Sid counts where one is expected, `re:` begins a pattern."""
    keys = (set(expected) | set(planned)) - {"Sid"}
    if "Sid" in expected and not _text_fits(expected["Sid"], planned.get("Sid", "")):
        return False
    return all(key in expected and key in planned and _same(key, expected[key], planned[key]) for key in keys)


def _same(key: str, expected: Any, planned: Any) -> bool:
    if key in _SETS:
        return _same_set(_words(key, expected), _words(key, planned))
    if key in ("Principal", "NotPrincipal"):
        return _same_map(_principals(expected), _principals(planned))
    if key == "Condition":
        if not (isinstance(expected, dict) and isinstance(planned, dict)) or set(expected) != set(planned):
            return False
        return all(_same_map(_lower_keys(expected[name]), _lower_keys(planned[name])) for name in expected)
    return bool(expected == planned)


def _same_map(expected: dict[str, list[str]], planned: dict[str, list[str]]) -> bool:
    return set(expected) == set(planned) and all(
        _same_set(expected[name], planned[name]) for name in expected
    )


def _same_set(expected: list[str], planned: list[str]) -> bool:
    missing, extra = unmatched(sorted(set(expected)), sorted(set(planned)), _text_fits)
    return not missing and not extra


def _text_fits(expected: Any, planned: Any) -> bool:
    if isinstance(expected, str) and expected.startswith("re:"):
        return re.fullmatch(expected[3:], str(planned)) is not None
    return bool(expected == planned)


def _words(key: str, value: Any) -> list[str]:
    words = [str(word) for word in (value if isinstance(value, list) else [value])]
    if key.endswith("Action"):
        # IAM does not look at an action's case; a pattern is left as it is.
        return [word if word.startswith("re:") else word.lower() for word in words]
    return words


def _principals(value: Any) -> dict[str, list[str]]:
    """By kind; a bare `*` is every AWS principal, and an account's number is its root."""
    given = value if isinstance(value, dict) else {"AWS": value}
    return {
        kind: [
            re.sub(r"^([0-9]{12})$", r"arn:aws:iam::\1:root", str(one))
            for one in (items if isinstance(items, list) else [items])
        ]
        for kind, items in given.items()
    }


def _lower_keys(operator: Any) -> dict[str, list[str]]:
    """A condition's values as texts, by its keys, whose case IAM does not look at."""
    if not isinstance(operator, dict):
        return {"": [str(operator)]}
    return {
        str(key).lower(): [_text(one) for one in (items if isinstance(items, list) else [items])]
        for key, items in operator.items()
    }


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _likeness(expected: dict[str, Any], planned: dict[str, Any]) -> int:
    """How many parts of two statements are the same."""
    same = sum(key in planned and _same(key, expected[key], planned[key]) for key in expected)
    return same + (10 if expected.get("Sid", "") == planned.get("Sid", NOTHING) else 0)
