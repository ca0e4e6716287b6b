"""The job `clean`: every row of a raw file judged against the data contract.

A row is clean or has one fault: the first that holds, in the order encoding, shape, each column's value from
left to right, each column's rules from left to right, date, references. What only other rows can tell,
duplicates and uniqueness, is looked for among the clean ones once they are written (`verdicts.py`).

The rules are SQL expressions made of the contract. Good rows take the short way, a parse and a few
comparisons; only a row that fails there is looked at value by value to say what is wrong with it. They are
SQL and not Column calls, because each of those searches the JVM's class path: a quarter of a small file's
time.

A value is of its type if it has the type's shape and lies in its range. Spark's parsers alone decide neither:
they take `2013` for a date, `1.5d` for a number, and years that Parquet's other readers cannot hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from glue_jobs.clean_rules import SHOWN, fault, rule_cases, rule_reasons, when
from glue_jobs.contract import Column, Contract, Join, ReferenceTable
from glue_jobs.fields import SHAPE_REASONS, fields
from glue_jobs.text_fields import BLANK, Fields

DUPLICATE = "duplicate"
VALUE_REASONS = ("bad_date", "missing_value", "not_a_number")
# Of a type that only some contracts have.
NOT_A_BOOLEAN = "not_a_boolean"
# Type -> what of its shape is too large: Python and Snowflake know the years 1 to 9999 only.
RANGES = {
    "double": "abs({}) < double('Infinity')",
    "date": "{} BETWEEN DATE'0001-01-01' AND DATE'9999-12-31'",
    "timestamp": "{} BETWEEN TIMESTAMP'0001-01-01T00:00:00Z' AND TIMESTAMP'9999-12-31T23:59:59.999999Z'",
}


@dataclass(frozen=True)
class CleanInputs:
    """What `clean` works on.

    Attributes:
        rows: `_block`, `_position`, and `line` or a Parquet file's columns.
        references: the contract's reference tables by name.
        types: of Parquet, the file's columns and their types.
    """

    rows: DataFrame
    references: Mapping[str, DataFrame]
    types: Mapping[str, str] = field(default_factory=dict)


def reasons(contract: Contract) -> list[str]:
    """Every reason for which a row is quarantined."""
    joined = dict.fromkeys(str(join.reason) for _, join in _required_joins(contract))
    boolean = [NOT_A_BOOLEAN] if any(column.type == "boolean" for column in contract.columns) else []
    values = sorted([*SHAPE_REASONS[contract.format.type], *VALUE_REASONS])
    return [*values, *boolean, *rule_reasons(contract), *joined]


def transform(contract: Contract, inputs: CleanInputs) -> DataFrame:
    """Judges every row alone; none is dropped.

    Returns:
        `_block`, `_position`, the contract's columns typed and the partition date; `_reason` and `_detail`,
        null where the row has no fault; `_row`, the row as it came, where it may be needed: of a fault, or
        where the contract compares rows.
    """
    reader = fields(contract, inputs.types)
    dated = [f"`{name}`" for name in contract.dated_names]
    # Names of the job's own begin with an underscore, which none of a contract does.
    read = reader.of(inputs.rows)
    kept = [name for name in read.columns if name.startswith("_")]
    rows = (
        read.selectExpr("*", *(f"{reader.typed(column)} AS `{column.name}`" for column in contract.columns))
        # In a step of their own, so that a value is parsed once.
        .selectExpr(*kept, *(f"{_in_range(column)} AS `{column.name}`" for column in contract.columns))
    )
    if contract.date.name not in contract.names:
        rows = rows.selectExpr("*", f"{_date(contract)} AS `{contract.date.name}`")
    for reference, join in _required_joins(contract):
        known = f"`_known_{join.column}_in_{reference.name}`"
        keys = inputs.references[reference.name].selectExpr(f"`{reference.key}` AS {known}")
        rows = rows.join(keys.distinct().hint("broadcast"), F.expr(f"`{join.column}` = {known}"), "left")
    checked = rows.selectExpr(
        "_block", "_position", "_line", *dated, f"{_verdict(contract, reader)} AS _fault"
    )
    row = "_line" if contract.unique_columns else "IF(_fault IS NULL, NULL, _line)"
    return checked.selectExpr(
        "_block",
        "_position",
        *dated,
        "_fault.reason AS _reason",
        "_fault.detail AS _detail",
        f"{row} AS _row",
    )


def _in_range(column: Column) -> str:
    """A typed value; null where it is out of its type's range."""
    name = f"`{column.name}`"
    return f"IF({RANGES[column.type].format(name)}, {name}, NULL)" if column.type in RANGES else name


def _date(contract: Contract) -> str:
    """The partition date; null where the parts make none. A year has four digits, or it is a slip."""
    if contract.date.of is not None:
        return f"CAST(`{contract.date.of}` AS date)"
    year, month, day = (f"try_cast(`{part}` AS int)" for part in contract.date.parts)
    # Where Spark is strict (spark.sql.ansi.enabled), parts that make no date would fail the file.
    conditions = (
        f"{year} BETWEEN 1000 AND 9999",
        f"{month} BETWEEN 1 AND 12",
        f"{day} BETWEEN 1 AND 31",
        f"({day} <= 28 OR {day} <= day(last_day(make_date({year}, {month}, 1))))",
    )
    return f"IF({' AND '.join(conditions)}, make_date({year}, {month}, {day}), NULL)"


def _verdict(contract: Contract, reader: Fields) -> str:
    """The row's fault; null where it has none."""
    shape = list(reader.cases())
    values = ", ".join(_value(reader, column) for column in contract.columns)
    faults = f"filter(transform(array({values}), value -> {_value_fault()}), fault -> fault IS NOT NULL)"
    cases = [
        f"WHEN {reader.suspect()} THEN coalesce(get({faults}, 0), {reader.misfit})",
        *rule_cases(contract),
        *_date_cases(contract),
        *_join_cases(contract),
    ]
    others = f"CASE {' '.join(cases)} END"
    if not shape:
        return others
    # A plain line has no fault in its shape, and none of these is looked at.
    return f"coalesce(IF(_plain, NULL, CASE {' '.join(shape)} END), {others})"


def _value(reader: Fields, column: Column) -> str:
    """One value with its rule, as a struct; a list of them is judged by one small lambda."""
    return (
        f"named_struct('name', '{column.name}', 'type', '{column.type}',"
        f" 'nullable', {str(column.nullable).lower()}, 'text', {reader.text(column)},"
        f" 'valid', {reader.valid(column)})"
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
        f"CASE WHEN NOT value.nullable AND {BLANK.format('value.text')} THEN {missing}"
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


def _join_cases(contract: Contract) -> Iterator[str]:
    for reference, join in _required_joins(contract):
        yield when(
            f"`{join.column}` IS NOT NULL AND `_known_{join.column}_in_{reference.name}` IS NULL",
            str(join.reason),
            f"""concat("{join.column}: '", left(`{join.column}`, {SHOWN}), "' is not in {reference.name}")""",
        )


def _required_joins(contract: Contract) -> Iterator[tuple[ReferenceTable, Join]]:
    """Joins whose key the reference must know."""
    for reference in contract.references:
        for join in reference.joins:
            if join.reason is not None:
                yield reference, join
