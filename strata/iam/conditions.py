"""Condition operators.

Rules: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multivalued
context keys". An operator, a prefix or a value that is not listed there is refused by name.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from strata.iam.errors import PolicyError
from strata.iam.patterns import Context, Pattern, check_arn

_Test = Callable[[str, Pattern, Context], bool]
T = TypeVar("T")
_SETS = ("ForAllValues", "ForAnyValue")


@dataclass(frozen=True)
class Condition:
    """One key of a Condition block under its operator."""

    operator: str
    test: _Test | None
    negated: bool
    if_exists: bool
    quantifier: str
    key: str
    values: tuple[Pattern, ...]

    @classmethod
    def parse(cls, name: str, key: str, values: Iterable[str], *, variables: bool) -> Condition:
        """Read one condition.

        Raises:
            PolicyError: an operator or prefix that AWS does not have, or a value the operator cannot read.
        """
        quantifier, colon, base = name.rpartition(":")
        if colon and quantifier not in _SETS:
            raise PolicyError(f"the condition operator {name!r} is not known")
        if_exists = base.endswith("IfExists")
        base = base.removesuffix("IfExists")
        if base == "Null":
            if colon or if_exists:
                raise PolicyError(f"the condition operator {name!r} is not known")
            test, negated = None, False
        elif base in _OPERATORS:
            test, negated = _OPERATORS[base]
        else:
            raise PolicyError(f"the condition operator {name!r} is not known")
        if ":" not in key:
            raise PolicyError(f"the condition key {key!r} is not known: it has no prefix")
        may_hold_variables = base.startswith(("String", "Arn"))
        texts = tuple(values)
        for text in texts:
            if "${" in text and variables and not may_hold_variables:
                raise PolicyError(f"{name} takes no policy variable: {text!r}")
            _check_value(base, text)
        patterns = tuple(Pattern.parse(text, variables=variables) for text in texts)
        return cls(name, test, negated, if_exists, quantifier, key.lower(), patterns)

    def holds(self, context: Context) -> bool:
        """Whether a request with these condition keys meets the condition.

        Raises:
            PolicyError: the key has several values and the operator is for one.
        """
        present = context.get(self.key)
        if self.test is None:
            return any((present is None) == (value.text.lower() == "true") for value in self.values)
        found = None if present is None else [present] if isinstance(present, str) else list(present)
        if self.quantifier == "ForAllValues":
            return all(self._meets(value, context) for value in found or [])
        if self.quantifier == "ForAnyValue":
            if found is None:
                return self.if_exists
            return any(self._meets(value, context) for value in found)
        if found is None:
            # A missing key satisfies IfExists and a negated operator, and no other.
            return self.if_exists or self.negated
        if len(found) != 1:
            raise PolicyError(
                f"{self.operator} compares {self.key}, which has {len(found)} values, without "
                "ForAnyValue or ForAllValues"
            )
        return self._meets(found[0], context)

    def _meets(self, value: str, context: Context) -> bool:
        assert self.test is not None
        found = any(self.test(value, wanted, context) for wanted in self.values)
        return not found if self.negated else found


def _check_value(name: str, text: str) -> None:
    family = name.removeprefix("Not")
    if family.startswith("Numeric"):
        _number(text)
    elif family.startswith("Date"):
        _moment(text)
    elif family in ("Bool", "Null") and text.lower() not in ("true", "false"):
        raise PolicyError(f"{name} compares with true or false, not with {text!r}")
    elif family == "IpAddress":
        _network(text)
    elif family == "BinaryEquals":
        _bytes(text)
    elif family.startswith("Arn"):
        check_arn(text, f"{name}'s value")


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise PolicyError(f"{text!r} is not a number") from None


def _moment(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise PolicyError(f"{text!r} is neither an ISO 8601 date nor seconds since 1970") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise PolicyError(f"{text!r} is neither an IP address nor a CIDR range") from None


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise PolicyError(f"{text!r} is not base64") from None


def _compared(read: Callable[[str], T], compare: Callable[[T, T], bool]) -> _Test:
    def test(value: str, wanted: Pattern, context: Context) -> bool:
        try:
            asked = read(value)
        except PolicyError:
            return False  # what the request says is of another kind, and equals nothing
        return compare(asked, read(wanted.text))

    return test


def _in_network(value: str, wanted: Pattern, context: Context) -> bool:
    try:
        return ipaddress.ip_address(value) in _network(wanted.text)
    except ValueError:
        return False


def _string_equals(value: str, wanted: Pattern, context: Context) -> bool:
    return wanted.equals(value, context)


def _string_equals_ignore_case(value: str, wanted: Pattern, context: Context) -> bool:
    return wanted.equals(value, context, ignore_case=True)


def _string_like(value: str, wanted: Pattern, context: Context) -> bool:
    return wanted.matches(value, context)


def _arn_like(value: str, wanted: Pattern, context: Context) -> bool:
    return wanted.matches(value, context, arn=True)


def _bool(value: str, wanted: Pattern, context: Context) -> bool:
    return value.lower() == wanted.text.lower()


def _operators() -> dict[str, tuple[_Test, bool]]:
    def number(compare: Callable[[Decimal, Decimal], bool]) -> _Test:
        return _compared(_number, compare)

    def date(compare: Callable[[datetime, datetime], bool]) -> _Test:
        return _compared(_moment, compare)

    positive: dict[str, _Test] = {
        "StringEquals": _string_equals,
        "StringEqualsIgnoreCase": _string_equals_ignore_case,
        "StringLike": _string_like,
        "ArnEquals": _arn_like,  # AWS: ArnEquals and ArnLike behave alike
        "ArnLike": _arn_like,
        "NumericEquals": number(operator.eq),
        "DateEquals": date(operator.eq),
    }
    operators = {name: (test, False) for name, test in positive.items()}
    for family in ("String", "Arn", "Numeric", "Date"):
        for name, test in positive.items():
            if name.startswith(family):
                operators[f"{family}Not{name.removeprefix(family)}"] = (test, True)
    orders: dict[str, Callable[[Any, Any], bool]] = {
        "LessThan": operator.lt,
        "LessThanEquals": operator.le,
        "GreaterThan": operator.gt,
        "GreaterThanEquals": operator.ge,
    }
    for name, order in orders.items():
        operators[f"Numeric{name}"] = (number(order), False)
        operators[f"Date{name}"] = (date(order), False)
    operators |= {
        "Bool": (_bool, False),
        "BinaryEquals": (_compared(_bytes, operator.eq), False),
        "IpAddress": (_in_network, False),
        "NotIpAddress": (_in_network, True),
    }
    return operators


_OPERATORS = _operators()
