"""Values and ends of ranges as a contract's document writes them, as SQL, and as messages show them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from glue_jobs.rules import Span, Value, shown, sql, value_of

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NUMBER, DATE, MOMENT = (
    "write a number",
    "write it in quotes as '2026-01-31'",
    "write it in quotes as '2026-01-31T12:00:00Z'",
)
READ: list[tuple[str, object, Value]] = [
    ("string", "", ""),
    ("int", 2147483647, 2147483647),
    ("int", "-2147483648", -2147483648),
    ("int", "+2.0", 2),
    ("int", "1e3", 1000),
    ("bigint", 2147483648, 2147483648),
    ("bigint", "9223372036854775807", 9223372036854775807),
    ("bigint", "-9223372036854775808", -9223372036854775808),
    ("double", 7, 7.0),
    ("double", "1.5E-3", 0.0015),
    ("double", "-.5", -0.5),
    ("double", "5.", 5.0),
    ("double", "1e308", 1e308),
    ("decimal(5,2)", 999.99, Decimal("999.99")),
    ("decimal(5,2)", "-999.9900", Decimal("-999.99")),
    ("decimal(5,2)", "0.01", Decimal("0.01")),
    ("decimal(5,0)", "99999", Decimal("99999")),
    ("decimal(2,2)", "0.99", Decimal("0.99")),
    ("decimal(2,2)", 0, Decimal(0)),
    ("date", "2026-01-31", date(2026, 1, 31)),
    ("timestamp", "2026-01-31T12:00:00Z", NOON),
    ("timestamp", "2026-01-31T13:30:00+01:30", NOON),
]
REFUSED: list[tuple[str, object, str]] = [
    ("string", 7, "write a text, in quotes"),
    ("string", None, "write a text, in quotes"),
    ("int", 2147483648, "write a whole number of type int"),
    ("int", "-2147483649", "write a whole number of type int"),
    ("int", 1.5, "write a whole number of type int"),
    ("bigint", "9223372036854775808", "write a whole number of type bigint"),
    ("bigint", "-9223372036854775809", "write a whole number of type bigint"),
    ("int", True, NUMBER),
    ("int", None, NUMBER),
    ("int", "1,5", NUMBER),
    ("int", "5 EUR", NUMBER),
    ("int", "about 5", NUMBER),
    ("double", "NaN", NUMBER),
    ("double", ".", NUMBER),
    ("double", "1e1000", NUMBER),
    ("decimal(5,2)", "1000", "write a number of type decimal(5,2)"),
    ("decimal(5,2)", "-1000", "write a number of type decimal(5,2)"),
    ("decimal(5,2)", "0.001", "write a number of type decimal(5,2)"),
    ("decimal(2,2)", 1, "write a number of type decimal(2,2)"),
    ("boolean", "true", "leave it out"),
    ("date", "2026-02-30", DATE),
    ("date", "20260131", DATE),
    ("date", "2026-01-31T12:00:00Z", DATE),
    ("date", date(2026, 1, 31), DATE),
    ("timestamp", "2026-01-31T12:00:00", MOMENT),
    ("timestamp", "2026-01-31 12:00:00Z", MOMENT),
    ("timestamp", "2026-01-31", MOMENT),
    ("timestamp", "T", MOMENT),
    ("timestamp", NOON, MOMENT),
    # A moment before the first of the calendar, in UTC.
    ("timestamp", "0001-01-01T00:00:00+01:00", MOMENT),
]


@pytest.mark.parametrize(("kind", "written", "value"), READ)
def test_a_written_value_is_one_of_its_type(kind: str, written: object, value: Value) -> None:
    found = value_of(kind, written)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(("kind", "written", "message"), REFUSED)
def test_what_is_not_of_its_type_is_told_what_would_be(kind: str, written: object, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        value_of(kind, written)


@pytest.mark.parametrize(
    ("kind", "value", "literal", "message"),
    [
        ("string", "it's", r"'it\'s'", "it's"),
        ("int", -5, "CAST('-5' AS int)", "-5"),
        ("double", 0.5, "CAST('0.5' AS double)", "0.5"),
        # A decimal's own text would be 1E+2.
        ("decimal(5,2)", Decimal("1E+2"), "CAST('100' AS decimal(5,2))", "100"),
        ("date", date(2026, 1, 31), "CAST('2026-01-31' AS date)", "2026-01-31"),
        ("timestamp", NOON, "CAST('2026-01-31T12:00:00+00:00' AS timestamp)", "2026-01-31T12:00:00Z"),
    ],
)
def test_a_value_is_written_for_spark_and_for_people(
    kind: str, value: Value, literal: str, message: str
) -> None:
    assert (sql(kind, value), shown(value)) == (literal, message)


@pytest.mark.parametrize(
    ("span", "inside", "outside", "text"),
    [
        (Span(), (0, 10**9), (-1,), "0 or more"),
        (Span(2), (2, 3), (1,), "2 or more"),
        (Span(2, 4), (2, 3, 4), (1, 5), "2 to 4"),
        (Span(3, 3), (3,), (2, 4), "3"),
    ],
)
def test_both_ends_of_a_span_are_in_it(
    span: Span, inside: tuple[int, ...], outside: tuple[int, ...], text: str
) -> None:
    assert [number in span for number in (*inside, *outside)] == [True] * len(inside) + [False] * len(outside)
    assert str(span) == text
