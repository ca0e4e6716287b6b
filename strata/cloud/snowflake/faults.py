"""Errors of the engine as Snowflake's: number, SQL state and words."""

from __future__ import annotations

import re

import duckdb

from strata.cloud.snowflake.errors import SqlError, not_enough_arguments, not_implemented

_NUMBERS = r"(?:U?INT\d+|DECIMAL\(.*\)|DOUBLE|FLOAT|HUGEINT)"
# Pattern of the engine's message: Snowflake's words, number and SQL state.
_FAULTS: tuple[tuple[str, str, int, str], ...] = (
    (r"Division by zero", "Division by zero", 100051, "22012"),
    (
        rf"Could not convert string ['\"](?P<v>.*?)['\"] to {_NUMBERS}",
        "Numeric value '{v}' is not recognized",
        100038,
        "22018",
    ),
    (
        r"Could not convert string ['\"](?P<v>.*?)['\"] to BOOL",
        "Boolean value '{v}' is not recognized",
        100037,
        "22018",
    ),
    (
        r"Boolean value '(?P<v>.*)' is not recognized",
        "Boolean value '{v}' is not recognized",
        100037,
        "22018",
    ),
    (
        r"date field (?:value out of range|format): \"(?P<v>.*?)\"",
        "Date '{v}' is not recognized",
        100040,
        "22007",
    ),
    (r"invalid date field format: \"(?P<v>.*?)\"", "Date '{v}' is not recognized", 100040, "22007"),
    (
        r"(?:invalid timestamp field format|timestamp field value out of range): \"(?P<v>.*?)\"",
        "Timestamp '{v}' is not recognized",
        100035,
        "22007",
    ),
    (
        r"Could not parse string \"(?P<v>.*?)\" according to format",
        "Can't parse '{v}' as a timestamp",
        100096,
        "22007",
    ),
    (r"(?P<v>Failed to cast variant value .* to \w+)", "{v}", 100071, "22000"),
    (r"(?P<v>Error parsing JSON.*)", "{v}", 100069, "22P02"),
    (r"(?P<v>String '.*' is too long and would be truncated)", "{v}", 100078, "22000"),
    (r"Too long: (?P<v>.*)", "String '{v}' is too long and would be truncated", 100078, "22000"),
    (r"NOT NULL constraint failed: .*\.(?P<v>\S+)", "NULL result in a non-nullable column", 100072, "22000"),
    (
        r"Could not cast value (?P<v>\S+) to DECIMAL",
        "Number out of representable range: value {v}",
        100046,
        "22003",
    ),
    (
        r"Casting value \"?(?P<v>\S+?)\"? to type DECIMAL",
        "Number out of representable range: value {v}",
        100046,
        "22003",
    ),
    (r"Overflow in|(?<!ORDER term )out of range", "Number out of representable range", 100046, "22003"),
    (r"(?:Unknown TimeZone|unknown time zone) '(?P<v>.*?)'", "Unknown timezone name: '{v}'", 100035, "22007"),
    (
        r"More than one row returned by a subquery",
        "Single-row subquery returns more than one row.",
        90150,
        "22000",
    ),
    (r"cannot affect the same target row more", "Duplicate row detected during DML action", 100090, "42P18"),
    (
        r"column \"(?P<v>.*?)\" must appear in the GROUP BY clause",
        "SQL compilation error:\n[{v}] is not a valid group by expression",
        979,
        "42601",
    ),
    (
        r"Set operations can only apply to expressions with the same number of result columns",
        "SQL compilation error:\ninvalid number of result columns for set operator input branches",
        1789,
        "42601",
    ),
    (r"INTERRUPT", "SQL execution canceled", 604, "57014"),
)
# The grammar library's messages.
_TOO_FEW = re.compile(r"Required keyword: '\w+' missing for <class '[\w.]*\.(\w+)'>")
_TOO_MANY = re.compile(r"number of provided arguments \((\d+)\) is greater than the maximum .*\((\d+)\)")
_PREFIX = "not implemented by the embedded Snowflake: "


def of_grammar(message: str) -> SqlError | None:
    """Return the grammar library's fault of a call as Snowflake reports it; None of another fault."""
    if found := _TOO_FEW.search(message):
        return not_enough_arguments(found[1].upper())
    if found := _TOO_MANY.search(message):
        words = f"too many arguments for function, expected {found[2]}, got {found[1]}"
        return SqlError(f"SQL compilation error:\n{words}", code=939, sqlstate="22023")
    return None


def of_engine(error: duckdb.Error) -> SqlError:
    """Return an error of the engine as Snowflake reports it.

    What the engine cannot read is not implemented: a name that Snowflake would not find, or a fault of
    syntax, is found before the engine sees the statement.
    """
    message = str(error)
    if _PREFIX in message:
        return not_implemented(message.partition(_PREFIX)[2].split("\n")[0])
    for pattern, words, code, state in _FAULTS:
        match = re.search(pattern, message)
        if match is not None:
            return SqlError(words.format(**match.groupdict()), code=code, sqlstate=state)
    first = message.split("\n")[0]
    if isinstance(error, duckdb.TransactionException):
        return SqlError(f"Transaction aborted: {first}", code=625, sqlstate="40001")
    return not_implemented(f"this statement, or a part of it (the engine says: {first})")
