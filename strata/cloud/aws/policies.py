"""IAM policy evaluation: is an action allowed by these documents?

moto has an evaluation of its own, but it turns any statement whose condition or principal does not match into
an explicit deny, knows StringEquals only and compares no service principals; so a role that trusts two
principals refused both. Rules: IAM User Guide, "Policy evaluation logic" and "Condition operators".
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Decision(Enum):
    """What documents say about a request: an explicit deny wins over an allow, no statement means neither."""

    ALLOW = "allow"
    DENY = "explicit deny"
    IMPLICIT_DENY = "no statement allows it"


@dataclass(frozen=True)
class Principal:
    """Who asks: an AWS service (`service`), or an AWS principal with its account and every ARN it goes by."""

    service: str = ""
    account_id: str = ""
    arns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Request:
    """One request to decide on; `context` holds the condition keys that are present, names in lower case."""

    action: str
    resource: str = "*"
    principal: Principal | None = None
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


def decide(documents: Iterable[str | Mapping[str, Any]], request: Request) -> Decision:
    """Evaluate the documents together.

    With a principal in the request the documents are resource or trust policies and each statement must name
    it; without, they are identity policies.

    Raises:
        UnsupportedConditionError: a statement that would matter uses an operator not implemented here.
    """
    decision = Decision.IMPLICIT_DENY
    for document in documents:
        parsed = json.loads(document) if isinstance(document, str) else document
        for statement in _listed(parsed.get("Statement")):
            if not _applies(statement, request):
                continue
            if statement.get("Effect") == "Deny":
                return Decision.DENY
            decision = Decision.ALLOW
    return decision


class UnsupportedConditionError(Exception):
    """A condition operator that this evaluation does not know; guessing would be worse than refusing."""


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


@functools.lru_cache(maxsize=4096)
def _pattern(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    expression = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def matches(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """Match a value with IAM's `*` and `?`."""
    return _pattern(pattern, ignore_case).fullmatch(value) is not None


def _applies(statement: Mapping[str, Any], request: Request) -> bool:
    return (
        _names(statement, "Action", request.action, ignore_case=True)
        and _names(statement, "Resource", request.resource, ignore_case=False)
        and _names_principal(statement, request.principal)
        and _conditions_hold(statement.get("Condition") or {}, request.context)
    )


def _names(statement: Mapping[str, Any], element: str, value: str, *, ignore_case: bool) -> bool:
    negated = f"Not{element}"
    if negated in statement:
        return not any(matches(p, value, ignore_case=ignore_case) for p in _listed(statement[negated]))
    if element not in statement:
        return element == "Resource"  # a trust policy has none: the role itself is meant
    return any(matches(p, value, ignore_case=ignore_case) for p in _listed(statement[element]))


def _names_principal(statement: Mapping[str, Any], principal: Principal | None) -> bool:
    if principal is None:
        return True
    if "NotPrincipal" in statement:
        return not _is_among(statement["NotPrincipal"], principal)
    return _is_among(statement.get("Principal"), principal)


def _is_among(named: Any, principal: Principal) -> bool:
    if named == "*":
        return True
    if not isinstance(named, Mapping):
        return False
    if principal.service:
        return principal.service in _listed(named.get("Service"))
    for name in _listed(named.get("AWS")):
        if name in ("*", principal.account_id) or name in principal.arns:
            return True
        if re.fullmatch(rf"arn:aws[\w-]*:iam::{principal.account_id}:root", name):
            return True
    return False


def _conditions_hold(conditions: Mapping[str, Any], context: Mapping[str, str | Sequence[str]]) -> bool:
    return all(
        _condition_holds(operator, key, _listed(expected), context)
        for operator, block in conditions.items()
        for key, expected in block.items()
    )


def _condition_holds(
    operator: str, key: str, expected: list[Any], context: Mapping[str, str | Sequence[str]]
) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    present = context.get(key.lower())
    values = [str(v) for v in _listed(present)]
    wanted = [str(v).lower() if isinstance(v, bool) else str(v) for v in expected]
    if name == "Null":
        return (present is None) == (wanted[0].lower() == "true")
    negated = "Not" in name
    test = _test(name)
    if present is None:
        # A missing key: IfExists and ForAllValues are satisfied, a negated operator too, any other is not.
        return if_exists or quantifier == "ForAllValues" or negated

    def holds(value: str) -> bool:
        found = any(test(value, w) for w in wanted)
        return not found if negated else found

    return all(map(holds, values)) if quantifier == "ForAllValues" else any(map(holds, values))


def _arn_like(value: str, pattern: str) -> bool:
    # Each of the six parts is matched by itself, so that `*` does not run over a colon before the resource.
    parts, patterns = value.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) and all(map(matches, patterns, parts))


def _test(name: str) -> Any:
    tests = {
        "StringEquals": lambda value, wanted: value == wanted,
        "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
        "StringLike": lambda value, wanted: matches(wanted, value),
        "ArnEquals": _arn_like,  # AWS: ArnEquals and ArnLike behave alike
        "ArnLike": _arn_like,
        "Bool": lambda value, wanted: value.lower() == wanted.lower(),
        "NumericEquals": lambda value, wanted: float(value) == float(wanted),
        "NumericLessThan": lambda value, wanted: float(value) < float(wanted),
        "NumericLessThanEquals": lambda value, wanted: float(value) <= float(wanted),
        "NumericGreaterThan": lambda value, wanted: float(value) > float(wanted),
        "NumericGreaterThanEquals": lambda value, wanted: float(value) >= float(wanted),
    }
    positive = name.replace("Not", "", 1)
    if positive not in tests:
        raise UnsupportedConditionError(
            f"the embedded cloud does not evaluate the condition operator {name!r}"
        )
    return tests[positive]
