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
from glue_jobs.shapes import shape_of

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
# Of the types and rules that only some contracts have.
NOT_A_BOOLEAN = "not_a_boolean"
PATTERN_MISMATCH = "pattern_mismatch"
MISQUOTED = "'the quotes do not pair up'"
# RFC 4180: the whole field is quoted, a quote in it doubled. Possessive, for Java's backtracking recurses.
QUOTED_FIELD = '(^|,)"[^"]*+(?:""[^"]*+)*+"(?=,|$)'
CORRUPT = "'columnNameOfCorruptRecord', '_corrupt'"
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
    own = {
        NOT_A_BOOLEAN: any(column.type == "boolean" for column in contract.columns),
        PATTERN_MISMATCH: any(column.pattern is not None for column in contract.columns),
    }
    joined = dict.fromkeys(str(join.reason) for _, join in _required_joins(contract))
    return [*REASONS, *(reason for reason, needed in own.items() if needed), *joined]


def transform(contract: Contract, inputs: CleanInputs) -> CleanOutputs:
    """Judges every line; no line is dropped, none is counted twice."""
    width = len(contract.columns)
    names = [f"`{name}`" for name in contract.names]
    dated = [f"`{name}`" for name in contract.dated_names]
    null_token = _text(next(iter(contract.null_tokens), ""))
    options = f"""'escape', '"', 'nullValue', {null_token}, {CORRUPT}"""
    as_text = ", ".join(f"{name} string" for name in [*names, "_end", "_corrupt"])
    # Names of the job's own begin with an underscore, which none of a contract does.
    # Quoted fields are taken out before counting commas. Only a line of the right width is parsed: the parser
    # would fill up or cut off the others, and dies of more than 20,480 columns.
    # U+FFFF is the end of the file to the parser: it would take parts of the next line for this one.
    fits = f"_found = {width} AND NOT _misquoted AND NOT contains(_line, '\uffff')"
    # A comma after the last field: there the parser takes U+0000 before the closing quote away.
    whole = f"IF({fits}, concat(_line, ','), NULL)"
    kept = ("source_line", "_line", "_misquoted", "_found", "_text")
    rows = (
        inputs.lines.selectExpr(
            "source_line", "line AS _line", f"regexp_replace(line, '{QUOTED_FIELD}', '$1') AS _bare"
        )
        .selectExpr(
            "source_line",
            "_line",
            "contains(_bare, '\"') AS _misquoted",
            "length(_bare) - length(replace(_bare, ',')) + 1 AS _found",
        )
        .selectExpr("*", f"from_csv({whole}, '{as_text}', map({options})) AS _text")
        .selectExpr(*kept[:-1], f"{_without_tokens(contract)} AS _text")
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
    fault = f"IF(spark_partition_id() >= 0, CASE {' '.join(_cases(contract))} END, NULL) AS _fault"
    checked = rows.selectExpr("source_line", "_line", *dated, fault)
    # A faulty line is a group of its own: it has no duplicate, and many of them make no hot partition.
    key = ", ".join(f"IF(_reason IS NULL, `{name}`, NULL)" for name in contract.key)
    group = f"PARTITION BY {key}, IF(_reason IS NULL, NULL, source_line) ORDER BY source_line"
    judged = (
        checked.selectExpr("source_line", *dated, "_fault.reason AS _reason")
        .selectExpr("*", f"row_number() OVER ({group}) AS _place")
        .selectExpr(
            "source_line", *dated, f"coalesce(_reason, IF(_place > 1, '{DUPLICATE}', NULL)) AS _reason"
        )
    )
    quarantined = checked.where("_fault IS NOT NULL").selectExpr(
        "source_line", "_fault.reason", "_fault.detail", "_line AS row"
    )
    return CleanOutputs(judged=judged, quarantined=quarantined)


def _without_tokens(contract: Contract) -> str:
    """The texts with null for each null token; the parser itself knows one."""
    if len(contract.null_tokens) < 2:
        return "_text"
    tokens = ", ".join(map(_text, contract.null_tokens))
    fields = [f"'{name}', IF(_text.`{name}` IN ({tokens}), NULL, _text.`{name}`)" for name in contract.names]
    return f"named_struct({', '.join(fields)}, '_corrupt', _text._corrupt)"


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
        value = f"CAST(try_to_timestamp({text}, {_text(column.format)}) AS {column.type})"
    if column.zone is not None:
        value = f"to_utc_timestamp({value}, {_text(column.zone)})"
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
    width = len(contract.columns)
    yield _when("contains(_line, '\ufffd')", "bad_encoding", "'the line is not UTF-8'")
    yield _when("contains(_line, '\uffff')", "bad_encoding", "'the line holds U+FFFF, not a character'")
    yield f"WHEN _misquoted THEN {_fault('bad_quoting', MISQUOTED)}"
    for delimiter in OTHER_DELIMITERS:
        fields = rf"size(split(_line, '[{delimiter}]'))"
        shown = "a tab" if delimiter == "\t" else repr(delimiter)
        yield _when(
            f"_found < {width} AND {fields} = {width}",
            "wrong_delimiter",
            f'"separated by {shown} instead of a comma"',
        )
    counted = f"concat(_found, ' columns instead of {width}')"
    yield _when(f"_found < {width}", "missing_column", counted)
    yield _when(f"_found > {width}", "extra_column", counted)
    values = ", ".join(_value(column) for column in contract.columns)
    faults = f"filter(transform(array({values}), value -> {_value_fault()}), fault -> fault IS NOT NULL)"
    misquoted = _fault("bad_quoting", MISQUOTED)
    yield f"WHEN {_suspect(contract)} THEN coalesce(get({faults}, 0), {misquoted})"
    yield from _pattern_cases(contract)
    yield from _date_cases(contract)
    for reference, join in _required_joins(contract):
        yield _when(
            f"`{join.column}` IS NOT NULL AND `_known_{join.column}_in_{reference.name}` IS NULL",
            str(join.reason),
            f"""concat("{join.column}: '", left(`{join.column}`, {SHOWN}), "' is not in {reference.name}")""",
        )


def _pattern_cases(contract: Contract) -> Iterator[str]:
    for column in contract.columns:
        if column.pattern is not None:
            pattern = _text(f"\\A(?:{column.pattern})\\z")
            shown = f"""concat("{column.name}: '", left(`{column.name}`, {SHOWN}), "' does not match")"""
            yield _when(f"NOT `{column.name}` RLIKE {pattern}", PATTERN_MISMATCH, shown)


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
    missing = _fault("missing_value", "concat(value.name, ' is empty')")
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
    yield _when(
        f"`{rule.name}` IS NULL", "bad_date", f"""concat("{rule.name}: '", {written}, "' is not a date")"""
    )
    if rule.within_a_day_of is None:
        return
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


def _text(value: str) -> str:
    """A text as SQL."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
