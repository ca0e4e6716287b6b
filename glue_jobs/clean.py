"""The job `clean`: every line of a raw file judged against the data contract.

A line is clean, a duplicate, or quarantined with one reason: the first that holds, in the order encoding,
shape, each column's value from left to right, date, references.

The rules are SQL expressions made of the contract. Good lines take the short way, a parse and a few
comparisons; only a line that fails there is looked at value by value to say what is wrong with it. They are
SQL and not Column calls, because each of those searches the JVM's class path: a quarter of a small file's
time.

A value is of its type if it has the type's shape and lies in its range. Spark's parsers alone decide neither:
they take `2013` for a date, `1.5d` for a number, and years that Parquet's other readers cannot hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from glue_jobs.contract import Column, Contract, Join, ReferenceTable

DUPLICATE = "duplicate"
OTHER_DELIMITERS = (";", "\t", "|")
REASONS = (
    "bad_date",
    "bad_encoding",
    "bad_quoting",
    "extra_column",
    "missing_column",
    "missing_value",
    "not_a_number",
    "wrong_delimiter",
)
MISQUOTED = "'the quotes do not pair up'"
# RFC 4180: the whole field is quoted, a quote in it doubled. Possessive, for Java's backtracking recurses.
QUOTED_FIELD = '(^|,)"[^"]*+(?:""[^"]*+)*+"(?=,|$)'
CORRUPT = "'columnNameOfCorruptRecord', '_corrupt'"
# Type -> what a value looks like. A time has a zone, or its moment is unknown; it may have a
# fraction, kept to the microsecond.
SHAPES = {
    "int": "[+-]?[0-9]+",
    "bigint": "[+-]?[0-9]+",
    "double": "[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?",
    "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "timestamp": "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?"
    "(Z|[+-][0-9]{2}(:?[0-9]{2})?)",
}
WHOLE = ("int", "bigint")
# Type -> what of its shape is too large: Python and Snowflake know the years 1 to 9999 only.
RANGES = {
    "double": "abs({}) < double('Infinity')",
    "date": "{} >= DATE'0001-01-01'",
    "timestamp": "{} BETWEEN TIMESTAMP'0001-01-01T00:00:00Z' AND TIMESTAMP'9999-12-31T23:59:59.999999Z'",
}
SHOWN = 120  # characters of a value in a detail; the whole line is beside it


@dataclass(frozen=True)
class CleanInputs:
    """`lines` has `source_line` and `line`; `references` the contract's reference tables by name."""

    lines: DataFrame
    references: Mapping[str, DataFrame]


@dataclass(frozen=True)
class CleanOutputs:
    """Every line once, and the two kinds of output made of it.

    Attributes:
        judged: `source_line`, the contract's columns typed, the partition date and `reason`: null where the
            line is clean, `duplicate` where an earlier line has its key, else why it is quarantined.
        quarantined: `source_line`, `reason`, `detail` and the whole line as `row`.
    """

    judged: DataFrame
    quarantined: DataFrame


def clean_rows(contract: Contract, judged: DataFrame) -> DataFrame:
    """The judged rows that are clean, with the columns of `Contract.clean_schema`."""
    names = [*contract.names, contract.date.name, "source_line"]
    return judged.where("reason IS NULL").selectExpr(*(f"`{name}`" for name in names))


def reasons(contract: Contract) -> list[str]:
    """Every reason for which a line is quarantined."""
    return [*REASONS, *(str(join.reason) for _, join in _required_joins(contract))]


def transform(contract: Contract, inputs: CleanInputs) -> CleanOutputs:
    """Judges every line; no line is dropped, none is counted twice."""
    width = len(contract.columns)
    date = f"`{contract.date.name}`"
    names = [f"`{name}`" for name in contract.names]
    options = f"""'escape', '"', 'nullValue', '{contract.null_value}', {CORRUPT}"""
    as_text = ", ".join(f"{name} string" for name in [*names, "_end", "_corrupt"])
    # Quoted fields are taken out before counting commas. Only a line of the right width is parsed: the parser
    # would fill up or cut off the others, and dies of more than 20,480 columns.
    # U+FFFF is the end of the file to the parser: it would take parts of the next line for this one.
    fits = f"found = {width} AND NOT misquoted AND NOT contains(line, '\uffff')"
    # A comma after the last field: there the parser takes U+0000 before the closing quote away.
    whole = f"IF({fits}, concat(line, ','), NULL)"
    kept = ("source_line", "line", "misquoted", "found", "text")
    rows = (
        inputs.lines.selectExpr("*", f"regexp_replace(line, '{QUOTED_FIELD}', '$1') AS bare")
        .selectExpr(
            "source_line",
            "line",
            "contains(bare, '\"') AS misquoted",
            "length(bare) - length(replace(bare, ',')) + 1 AS found",
        )
        .selectExpr("*", f"from_csv({whole}, '{as_text}', map({options})) AS text")
        .selectExpr("*", *(f"{_typed(column)} AS `{column.name}`" for column in contract.columns))
        # In a step of their own, so that a value is parsed once.
        .selectExpr(*kept, *(f"{_in_range(column)} AS `{column.name}`" for column in contract.columns))
        .selectExpr("*", f"{_date(contract)} AS {date}")
    )
    for reference, join in _required_joins(contract):
        keys = inputs.references[reference.name].selectExpr(f"`{reference.key}` AS `known_{join.column}`")
        known = keys.distinct().hint("broadcast")
        rows = rows.join(known, F.expr(f"`{join.column}` = `known_{join.column}`"), "left")
    # Not deterministic, or the optimizer would filter below the parse, and parse once for each value named.
    fault = f"IF(spark_partition_id() >= 0, CASE {' '.join(_cases(contract))} END, NULL) AS fault"
    checked = rows.selectExpr("source_line", "line", *names, date, fault)
    # A faulty line is a group of its own: it has no duplicate, and many of them make no hot partition.
    key = ", ".join(f"IF(reason IS NULL, `{name}`, NULL)" for name in contract.key)
    group = f"PARTITION BY {key}, IF(reason IS NULL, NULL, source_line) ORDER BY source_line"
    judged = (
        checked.selectExpr("source_line", *names, date, "fault.reason")
        .selectExpr("*", f"row_number() OVER ({group}) AS place")
        .selectExpr(
            "source_line", *names, date, f"coalesce(reason, IF(place > 1, '{DUPLICATE}', NULL)) AS reason"
        )
    )
    quarantined = checked.where("fault IS NOT NULL").selectExpr(
        "source_line", "fault.reason", "fault.detail", "line AS row"
    )
    return CleanOutputs(judged=judged, quarantined=quarantined)


def _typed(column: Column) -> str:
    """A value as its type; null where it is not of the type's shape.

    Of whole numbers the cast takes no other shapes but those with white space around, which `_suspect` sees.
    """
    text = f"text.`{column.name}`"
    if column.type not in SHAPES:
        return text
    cast = f"try_cast({text} AS {column.type})"
    return cast if column.type in WHOLE else f"IF({_shaped(text, column.type)}, {cast}, NULL)"


def _shaped(text: str, kind: str) -> str:
    return f"{text} RLIKE '^({SHAPES[kind]})\\\\z'"


def _in_range(column: Column) -> str:
    """A typed value; null where it is out of its type's range."""
    name = f"`{column.name}`"
    return f"IF({RANGES[column.type].format(name)}, {name}, NULL)" if column.type in RANGES else name


def _date(contract: Contract) -> str:
    """The partition date; null where the parts make none. A year has four digits, or it is a slip."""
    year, month, day = (f"`{part}`" for part in contract.date.parts)
    return (
        f"IF({year} BETWEEN 1000 AND 9999,"
        f" try_cast(format_string('%d-%02d-%02d', {year}, {month}, {day}) AS date), NULL)"
    )


def _suspect(contract: Contract) -> str:
    """Condition on a parsed line: a value is not of its type, or missing where one must be."""
    conditions = ["text._corrupt IS NOT NULL"]
    for column in contract.columns:
        text = f"text.`{column.name}`"
        if column.type not in SHAPES:
            conditions += [] if column.nullable else [_blank(text)]
        elif column.nullable:
            # Exporters that quote everything write "" where there is nothing.
            conditions.append(f"`{column.name}` IS NULL AND {text} <> ''")
        else:
            conditions.append(f"`{column.name}` IS NULL")
    # One match for all of a line: one for each would take a tenth of the job's time.
    whole = ", ".join(f"text.`{column.name}`" for column in contract.columns if column.type in WHOLE)
    conditions.append(f"NOT concat_ws(',', {whole}) RLIKE '^[-+0-9,]*\\\\z'")
    return " OR ".join(conditions)


def _blank(text: str) -> str:
    """Condition: there is nothing in a value, or nothing but white space of whatever kind."""
    return f"coalesce(NOT {text} RLIKE '(?U)\\\\S', true)"


def _cases(contract: Contract) -> Iterator[str]:
    """The rules in the order in which they hold, as WHEN branches."""
    width = len(contract.columns)
    yield _when("contains(line, '\ufffd')", "bad_encoding", "'the line is not UTF-8'")
    yield _when("contains(line, '\uffff')", "bad_encoding", "'the line holds U+FFFF, not a character'")
    yield f"WHEN misquoted THEN {_fault('bad_quoting', MISQUOTED)}"
    for delimiter in OTHER_DELIMITERS:
        fields = rf"size(split(line, '[{delimiter}]'))"
        shown = "a tab" if delimiter == "\t" else repr(delimiter)
        yield _when(
            f"found < {width} AND {fields} = {width}",
            "wrong_delimiter",
            f'"separated by {shown} instead of a comma"',
        )
    counted = f"concat(found, ' columns instead of {width}')"
    yield _when(f"found < {width}", "missing_column", counted)
    yield _when(f"found > {width}", "extra_column", counted)
    values = ", ".join(_value(column) for column in contract.columns)
    faults = f"filter(transform(array({values}), value -> {_value_fault()}), fault -> fault IS NOT NULL)"
    misquoted = _fault("bad_quoting", MISQUOTED)
    yield f"WHEN {_suspect(contract)} THEN coalesce(get({faults}, 0), {misquoted})"
    yield from _date_cases(contract)
    for reference, join in _required_joins(contract):
        yield _when(
            f"`{join.column}` IS NOT NULL AND `known_{join.column}` IS NULL",
            str(join.reason),
            f"""concat("{join.column}: '", left(`{join.column}`, {SHOWN}), "' is not in {reference.name}")""",
        )


def _value(column: Column) -> str:
    """One value with its rule, as a struct; a list of them is judged by one small lambda."""
    text = f"text.`{column.name}`"
    valid = "true"
    if column.type in SHAPES:
        valid = f"(`{column.name}` IS NOT NULL AND {_shaped(text, column.type)})"
    return (
        f"named_struct('name', '{column.name}', 'type', '{column.type}',"
        f" 'nullable', {str(column.nullable).lower()}, 'text', {text}, 'valid', {valid})"
    )


def _value_fault() -> str:
    reason = "IF(value.type IN ('date', 'timestamp'), 'bad_date', 'not_a_number')"
    shown = f"IF(length(value.text) > {SHOWN}, concat(left(value.text, {SHOWN}), '…'), value.text)"
    detail = f"""concat(value.name, ": '", {shown}, "' is not of type ", value.type)"""
    missing = _fault("missing_value", "concat(value.name, ' is empty')")
    return (
        f"CASE WHEN NOT value.nullable AND {_blank('value.text')} THEN {missing}"
        f" WHEN value.text <> '' AND NOT value.valid"
        f" THEN named_struct('reason', {reason}, 'detail', {detail}) END"
    )


def _date_cases(contract: Contract) -> Iterator[str]:
    rule = contract.date
    # Of a part that is null, nothing: the detail is not to be null with it.
    written = ", '-', ".join(f"coalesce(`{part}`, '')" for part in rule.parts)
    yield _when(
        f"`{rule.name}` IS NULL", "bad_date", f"""concat("{rule.name}: '", {written}, "' is not a date")"""
    )
    yield _when(
        f"abs(datediff(`{rule.within_a_day_of}`, `{rule.name}`)) > 1",
        "bad_date",
        f"""concat("{rule.name}: '", `{rule.name}`, "' is more than a day from {rule.within_a_day_of}")""",
    )


def _required_joins(contract: Contract) -> Iterator[tuple[ReferenceTable, Join]]:
    """Joins whose key the reference must know."""
    for reference in contract.references:
        for join in reference.joins:
            if join.reason is not None:
                yield reference, join


def _fault(reason: str, detail: str) -> str:
    return f"named_struct('reason', '{reason}', 'detail', {detail})"


def _when(condition: str, reason: str, detail: str) -> str:
    return f"WHEN {condition} THEN {_fault(reason, detail)}"
