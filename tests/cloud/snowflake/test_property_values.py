"""Which values a property takes: each form with what it takes, what it makes of it, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from strata.cloud.snowflake.errors import SqlError
from strata.cloud.snowflake.properties import read_format
from strata.cloud.snowflake.property_values import Option

WORDS = ("STANDARD", "SNOWPARK-OPTIMIZED")


@pytest.mark.parametrize(
    ("option", "value", "read"),
    [
        (Option("int"), 60, 60),
        (Option("int"), "60", 60),
        (Option("int"), "-60", -60),
        (Option("bool"), True, True),
        (Option("bool"), "true", True),
        (Option("bool"), "FALSE", False),
        (Option("text"), "a", "a"),
        (Option("text"), ("D", "S", "T"), "D.S.T"),
        (Option("text"), 5, "5"),
        (Option("list"), ["a"], ["a"]),
        (Option("group"), {"A": 1}, {"A": 1}),
        (Option("group"), [], []),
        (Option("word", None, WORDS), "standard", "STANDARD"),
        (Option("word", None, WORDS), "snowpark_optimized", "SNOWPARK-OPTIMIZED"),
        *[(Option(form), None, None) for form in ("int", "bool", "text", "list", "group", "stage")],
    ],
)
def test_a_value_is_taken(option: Option, value: Any, read: Any) -> None:
    found = option.read("P", value)
    assert (found, type(found)) == (read, type(read))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        (Option("int"), True),
        (Option("int"), False),
        (Option("int"), "6x"),
        (Option("int"), ""),
        (Option("int"), ["6"]),
        (Option("bool"), 1),
        (Option("bool"), "yes"),
        (Option("text"), ["a"]),
        (Option("list"), "a"),
        (Option("group"), "a"),
        (Option("stage"), "a"),
        (Option("word", None, WORDS), "STANDARD2"),
        (Option("word", None, WORDS), 1),
    ],
)
def test_a_value_is_refused(option: Option, value: Any) -> None:
    with pytest.raises(SqlError, match="for parameter 'P'"):
        option.read("P", value)


@pytest.mark.parametrize(
    ("group", "read"),
    [
        ({"FORMAT_NAME": ("D", "S", "F")}, {"FORMAT_NAME": "D.S.F"}),
        ({"FORMAT_NAME": "F"}, {"FORMAT_NAME": "F"}),
        ({"TYPE": "CSV"}, {"TYPE": "CSV"}),
    ],
)
def test_a_format_is_read(group: dict[str, Any], read: dict[str, Any]) -> None:
    assert read_format(group) == read


@pytest.mark.parametrize(
    "group", [None, {}, "PARQUET", {"TYPE": "AVRO"}, {"TYPE": "PARQUET", "SKIP_HEADER": 1}]
)
def test_a_format_is_refused(group: Any) -> None:
    with pytest.raises(SqlError):
        read_format(group)
