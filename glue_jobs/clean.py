"""The job `clean`: every line of a raw file judged against the data contract.

A line is clean, a duplicate, or quarantined with one reason: the first that holds, in the order encoding,
shape, each column's value from left to right, date, references.

The rules are SQL expressions made of the contract. Good lines take the short way, one typed parse and a few
comparisons; only a line that fails there is parsed again as text to say what is wrong with it. They are SQL
and not Column calls, because each of those searches the JVM's class path: a quarter of a small file's time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from glue_jobs.contract import Column, Contract, Join, Reference, ddl

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
TIMESTAMP_FORMAT = "yyyy-MM-dd'T'HH:mm:ssX"


@dataclass(frozen=True)
class Inputs:
    """`lines` has `source_line` and `line`; `references` the contract's reference tables by name."""

    lines: DataFrame
    references: Mapping[str, DataFrame]


@dataclass(frozen=True)
class Outputs:
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


def transform(contract: Contract, inputs: Inputs) -> Outputs:
    """Judges every line; no line is dropped, none is counted twice."""
    width = len(contract.columns)
    date = f"`{contract.date.name}`"
    names = [f"`{name}`" for name in contract.names]
    options = (
        f"""'escape', '"', 'nullValue', '{contract.null_value}', 'timestampFormat', "{TIMESTAMP_FORMAT}\""""
    )
    typed = f"{ddl(contract.columns)}, `_corrupt` string"
    as_text = ", ".join(f"{name} string" for name in names)
    # Quoted fields are taken out before counting commas. Only a line of the right width is parsed: the parser
    # would fill up or cut off the others, and dies of more than 20,480 columns.
    suspect = _suspect(contract)
    fits = f"found = {width} AND NOT misquoted"
    rows = (
        inputs.lines.selectExpr("*", f"regexp_replace(line, '{QUOTED_FIELD}', '$1') AS bare")
        .selectExpr(
            "source_line",
            "line",
            "contains(bare, '\"') AS misquoted",
            "length(bare) - length(replace(bare, ',')) + 1 AS found",
        )
        .selectExpr(
            "*",
            f"from_csv(IF({fits}, line, NULL), '{typed}', map({options}, {CORRUPT})) AS row",
        )
        .selectExpr(
            "source_line",
            "line",
            "misquoted",
            "found",
            "row.*",
            f"{_date(contract)} AS {date}",
            f"from_csv(IF({fits} AND ({suspect}), line, NULL), '{as_text}', map({options})) AS text",
        )
    )
    for reference, join in _required_joins(contract):
        keys = inputs.references[reference.name].selectExpr(f"`{reference.key}` AS `known_{join.column}`")
        known = keys.distinct().hint("broadcast")
        rows = rows.join(known, F.expr(f"`{join.column}` = `known_{join.column}`"), "left")
    fault = f"CASE {' '.join(_cases(contract))} END AS fault"
    checked = rows.selectExpr("source_line", "line", *names, date, fault)
    # A faulty line is a group of its own: it is nobody's duplicate, and many of them make no hot partition.
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
    return Outputs(judged=judged, quarantined=quarantined)


def _date(contract: Contract) -> str:
    """The partition date; null where the parts make none. A year has four digits, or it is a slip."""
    year, month, day = (f"row.`{part}`" for part in contract.date.parts)
    return (
        f"IF({year} BETWEEN 1000 AND 9999,"
        f" try_cast(format_string('%d-%02d-%02d', {year}, {month}, {day}) AS date), NULL)"
    )


def _suspect(contract: Contract) -> str:
    """Condition on the typed parse: a value is not of its type, or missing where one must be."""
    required = [f"row.`{column.name}` IS NULL" for column in contract.columns if not column.nullable]
    return " OR ".join(["row._corrupt IS NOT NULL", *required])


def _cases(contract: Contract) -> Iterator[str]:
    """The rules in the order in which they hold, as WHEN branches."""
    width = len(contract.columns)
    yield _when("contains(line, '\ufffd')", "bad_encoding", "'the line is not UTF-8'")
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
    yield f"WHEN text IS NOT NULL THEN coalesce(get({faults}, 0), {_fault('bad_quoting', MISQUOTED)})"
    yield from _date_cases(contract)
    for reference, join in _required_joins(contract):
        yield _when(
            f"`{join.column}` IS NOT NULL AND `known_{join.column}` IS NULL",
            str(join.reason),
            f"""concat("{join.column}: '", `{join.column}`, "' is not in {reference.name}")""",
        )


def _value(column: Column) -> str:
    """One value with its rule, as a struct; a list of them is judged by one small lambda."""
    return (
        f"named_struct('name', '{column.name}', 'type', '{column.type}',"
        f" 'nullable', {str(column.nullable).lower()}, 'text', text.`{column.name}`)"
    )


def _value_fault() -> str:
    # Casts are lenient ("2.7" is the int 2), the parser is not: a number must look like one.
    whole = "value.text RLIKE '^[+-]?[0-9]+$' AND try_cast(value.text AS {type}) IS NOT NULL"
    of_type = (
        "CASE value.type"
        f" WHEN 'int' THEN {whole.format(type='int')}"
        f" WHEN 'bigint' THEN {whole.format(type='bigint')}"
        " WHEN 'double' THEN try_cast(value.text AS double) IS NOT NULL"
        f" WHEN 'timestamp' THEN try_to_timestamp(value.text, \"{TIMESTAMP_FORMAT}\") IS NOT NULL"
        " ELSE true END"
    )
    reason = "IF(value.type = 'timestamp', 'bad_date', 'not_a_number')"
    detail = """concat(value.name, ": '", value.text, "' is not of type ", value.type)"""
    missing = _fault("missing_value", "concat(value.name, ' is empty')")
    return (
        f"CASE WHEN value.text IS NULL AND NOT value.nullable THEN {missing}"
        f" WHEN value.text IS NOT NULL AND NOT {of_type}"
        f" THEN named_struct('reason', {reason}, 'detail', {detail}) END"
    )


def _date_cases(contract: Contract) -> Iterator[str]:
    rule = contract.date
    written = ", '-', ".join(f"`{part}`" for part in rule.parts)
    yield _when(
        f"`{rule.name}` IS NULL", "bad_date", f"""concat("{rule.name}: '", {written}, "' is no date")"""
    )
    yield _when(
        f"abs(datediff(`{rule.within_a_day_of}`, `{rule.name}`)) > 1",
        "bad_date",
        f"""concat("{rule.name}: '", `{rule.name}`, "' is more than a day from {rule.within_a_day_of}")""",
    )


def _required_joins(contract: Contract) -> Iterator[tuple[Reference, Join]]:
    """Joins whose key the reference must know."""
    for reference in contract.references:
        for join in reference.joins:
            if join.reason is not None:
                yield reference, join


def _fault(reason: str, detail: str) -> str:
    return f"named_struct('reason', '{reason}', 'detail', {detail})"


def _when(condition: str, reason: str, detail: str) -> str:
    return f"WHEN {condition} THEN {_fault(reason, detail)}"
