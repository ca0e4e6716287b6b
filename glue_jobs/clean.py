"""The job `clean`: every line of a raw file judged against the data contract.

A line is clean, a duplicate, or quarantined with one reason: the first that holds, in the order encoding,
shape, each column's value from left to right, each column's rules from left to right, date, references,
uniqueness.

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

from glue_jobs.clean_rules import SHOWN, fault, rule_cases, rule_reasons, when, with_unique
from glue_jobs.contract import Column, Contract, Join, ReferenceTable
from glue_jobs.fields import MISQUOTED, fields_of, shape_cases
from glue_jobs.rules import text_sql
from glue_jobs.shapes import shape_of

DUPLICATE = "duplicate"
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
# Of a type that only some contracts have.
NOT_A_BOOLEAN = "not_a_boolean"
WHOLE = ("int", "bigint")
# Type -> what of its shape is too large: Python and Snowflake know the years 1 to 9999 only.
RANGES = {
    "double": "abs({}) < double('Infinity')",
    "date": "{} >= DATE'0001-01-01'",
    "timestamp": "{} BETWEEN TIMESTAMP'0001-01-01T00:00:00Z' AND TIMESTAMP'9999-12-31T23:59:59.999999Z'",
}


@dataclass(frozen=True)
class CleanInputs:
    """`lines` has `source_line` and `line`; `references` the contract's reference tables by name."""

    lines: DataFrame
    references: Mapping[str, DataFrame]


@dataclass(frozen=True)
class CleanOutputs:
    """Every line once, and the two kinds of output made of it.

    Attributes:
        judged: `source_line`, the contract's columns typed, the partition date and `_reason`: null where the
            line is clean, `duplicate` where an earlier line has its key, else why it is quarantined.
        quarantined: `source_line`, `reason`, `detail` and the whole line as `row`.
    """

    judged: DataFrame
    quarantined: DataFrame


def clean_rows(contract: Contract, judged: DataFrame) -> DataFrame:
    """The judged rows that are clean, with the columns of `Contract.clean_schema`."""
    names = [*contract.dated_names, "source_line"]
    return judged.where("_reason IS NULL").selectExpr(*(f"`{name}`" for name in names))


def reasons(contract: Contract) -> list[str]:
    """Every reason for which a line is quarantined."""
    joined = dict.fromkeys(str(join.reason) for _, join in _required_joins(contract))
    boolean = [NOT_A_BOOLEAN] if any(column.type == "boolean" for column in contract.columns) else []
    return [*REASONS, *boolean, *rule_reasons(contract), *joined]


def transform(contract: Contract, inputs: CleanInputs) -> CleanOutputs:
    """Judges every line; no line is dropped, none is counted twice."""
    dated = [f"`{name}`" for name in contract.dated_names]
    # Names of the job's own begin with an underscore, which none of a contract does.
    kept = ("source_line", "_line", "_misquoted", "_found", "_text")
    rows = (
        fields_of(contract, inputs.lines)
        .selectExpr("*", *(f"{_typed(column)} AS `{column.name}`" for column in contract.columns))
        # In a step of their own, so that a value is parsed once.
        .selectExpr(*kept, *(f"{_in_range(column)} AS `{column.name}`" for column in contract.columns))
    )
    if contract.date.name not in contract.names:
        rows = rows.selectExpr("*", f"{_date(contract)} AS `{contract.date.name}`")
    for reference, join in _required_joins(contract):
        known = f"`_known_{join.column}_in_{reference.name}`"
        keys = inputs.references[reference.name].selectExpr(f"`{reference.key}` AS {known}")
        rows = rows.join(keys.distinct().hint("broadcast"), F.expr(f"`{join.column}` = {known}"), "left")
    # Not deterministic, or the optimizer would filter below the parse, and parse once for each value named.
    verdict = f"IF(spark_partition_id() >= 0, CASE {' '.join(_cases(contract))} END, NULL) AS _fault"
    checked = rows.selectExpr("source_line", "_line", *dated, verdict)
    # A faulty line is a group of its own: it has no duplicate, and many of them make no hot partition.
    key = ", ".join(f"IF(_reason IS NULL, `{name}`, NULL)" for name in contract.key)
    group = f"PARTITION BY {key}, IF(_reason IS NULL, NULL, source_line) ORDER BY source_line"
    place = f"row_number() OVER ({group}) AS _place"
    columns = ("source_line", *dated)
    if contract.unique_columns:
        checked = with_unique(
            contract, checked.selectExpr("*", "_fault.reason AS _reason").selectExpr("*", place)
        )
        judged = checked.selectExpr(*columns, "_fault.reason AS _reason", "_place")
    else:
        judged = checked.selectExpr(*columns, "_fault.reason AS _reason").selectExpr("*", place)
    judged = judged.selectExpr(*columns, f"coalesce(_reason, IF(_place > 1, '{DUPLICATE}', NULL)) AS _reason")
    quarantined = checked.where("_fault IS NOT NULL").selectExpr(
        "source_line", "_fault.reason", "_fault.detail", "_line AS row"
    )
    return CleanOutputs(judged=judged, quarantined=quarantined)


def _typed(column: Column) -> str:
    """A value as its type; null where it is not of the type's shape.

    Of whole numbers the cast takes no other shapes but those with white space around, which `_suspect` sees.
    """
    text = f"_text.`{column.name}`"
    shape = shape_of(column)
    if shape is None:
        return text
    value = f"try_cast({text} AS {column.type})"
    if column.format is not None:
        value = f"CAST(try_to_timestamp({text}, {text_sql(column.format)}) AS {column.type})"
    if column.zone is not None:
        value = f"to_utc_timestamp({value}, {text_sql(column.zone)})"
    return value if column.type in WHOLE else f"IF({_shaped(text, shape)}, {value}, NULL)"


def _shaped(text: str, shape: str) -> str:
    return f"{text} RLIKE '^({shape})\\\\z'"


def _in_range(column: Column) -> str:
    """A typed value; null where it is out of its type's range."""
    name = f"`{column.name}`"
    return f"IF({RANGES[column.type].format(name)}, {name}, NULL)" if column.type in RANGES else name


def _date(contract: Contract) -> str:
    """The partition date; null where the parts make none. A year has four digits, or it is a slip."""
    if contract.date.of is not None:
        return f"CAST(`{contract.date.of}` AS date)"
    year, month, day = (f"`{part}`" for part in contract.date.parts)
    return (
        f"IF({year} BETWEEN 1000 AND 9999,"
        f" try_cast(format_string('%d-%02d-%02d', {year}, {month}, {day}) AS date), NULL)"
    )


def _suspect(contract: Contract) -> str:
    """Condition on a parsed line: a value is not of its type, or missing where one must be."""
    conditions = ["_text._corrupt IS NOT NULL"]
    for column in contract.columns:
        text = f"_text.`{column.name}`"
        if shape_of(column) is None:
            conditions += [] if column.nullable else [_blank(text)]
        elif column.nullable:
            # Exporters that quote everything write "" where there is nothing.
            conditions.append(f"`{column.name}` IS NULL AND {text} <> ''")
        else:
            conditions.append(f"`{column.name}` IS NULL")
    # One match for all of a line: one for each would take a tenth of the job's time.
    whole = ", ".join(f"_text.`{column.name}`" for column in contract.columns if column.type in WHOLE)
    if whole:
        conditions.append(f"NOT concat_ws(',', {whole}) RLIKE '^[-+0-9,]*\\\\z'")
    return " OR ".join(conditions)


def _blank(text: str) -> str:
    """Condition: there is nothing in a value, or nothing but white space of whatever kind."""
    return f"coalesce(NOT {text} RLIKE '(?U)\\\\S', true)"


def _cases(contract: Contract) -> Iterator[str]:
    """The rules in the order in which they hold, as WHEN branches."""
    yield from shape_cases(contract)
    values = ", ".join(_value(column) for column in contract.columns)
    faults = f"filter(transform(array({values}), value -> {_value_fault()}), fault -> fault IS NOT NULL)"
    yield f"WHEN {_suspect(contract)} THEN coalesce(get({faults}, 0), {MISQUOTED})"
    yield from rule_cases(contract)
    yield from _date_cases(contract)
    for reference, join in _required_joins(contract):
        yield when(
            f"`{join.column}` IS NOT NULL AND `_known_{join.column}_in_{reference.name}` IS NULL",
            str(join.reason),
            f"""concat("{join.column}: '", left(`{join.column}`, {SHOWN}), "' is not in {reference.name}")""",
        )


def _value(column: Column) -> str:
    """One value with its rule, as a struct; a list of them is judged by one small lambda."""
    text, shape = f"_text.`{column.name}`", shape_of(column)
    valid = "true"
    if shape is not None:
        valid = f"(`{column.name}` IS NOT NULL AND {_shaped(text, shape)})"
    return (
        f"named_struct('name', '{column.name}', 'type', '{column.type}',"
        f" 'nullable', {str(column.nullable).lower()}, 'text', {text}, 'valid', {valid})"
    )


def _value_fault() -> str:
    reason = (
        "CASE WHEN value.type IN ('date', 'timestamp') THEN 'bad_date'"
        f" WHEN value.type = 'boolean' THEN '{NOT_A_BOOLEAN}' ELSE 'not_a_number' END"
    )
    shown = f"IF(length(value.text) > {SHOWN}, concat(left(value.text, {SHOWN}), '…'), value.text)"
    detail = f"""concat(value.name, ": '", {shown}, "' is not of type ", value.type)"""
    missing = fault("missing_value", "concat(value.name, ' is empty')")
    return (
        f"CASE WHEN NOT value.nullable AND {_blank('value.text')} THEN {missing}"
        f" WHEN value.text <> '' AND NOT value.valid"
        f" THEN named_struct('reason', {reason}, 'detail', {detail}) END"
    )


def _date_cases(contract: Contract) -> Iterator[str]:
    rule = contract.date
    if not rule.parts:
        return
    # Of a part that is null, nothing: the detail is not to be null with it.
    written = ", '-', ".join(f"coalesce(`{part}`, '')" for part in rule.parts)
    yield when(
        f"`{rule.name}` IS NULL", "bad_date", f"""concat("{rule.name}: '", {written}, "' is not a date")"""
    )
    if rule.within_a_day_of is None:
        return
    yield when(
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
