"""The job `clean`: every line of a raw file judged against the data contract.

A line is clean, a duplicate, or quarantined with one reason: the first that holds, in the order encoding,
shape, each column's value and type from left to right, date, references.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from glue_jobs.contract import Column as ContractColumn
from glue_jobs.contract import Contract

DUPLICATE = "duplicate"
OTHER_DELIMITERS = (";", "\t", "|")
# Spark's own casts are lenient ("2.7" is the int 2, "2013" a timestamp): the text must have the type's form first.
FORMS = {
    "int": r"^[+-]?[0-9]+$",
    "bigint": r"^[+-]?[0-9]+$",
    "double": r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$",
    "timestamp": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
}


@dataclass(frozen=True)
class Inputs:
    """`lines` has `source_line` and `line`; `references` the contract's reference tables by name."""

    lines: DataFrame
    references: Mapping[str, DataFrame]


@dataclass(frozen=True)
class Outputs:
    """Every line once, with a verdict: the views below are three looks at it, so cache it before more than one.

    Attributes:
        judged: `source_line`, `line`, the contract's columns typed, the partition date, `reason` (null: clean)
            and `detail`.
        contract: the contract that was judged by.
    """

    judged: DataFrame
    contract: Contract

    @property
    def clean(self) -> DataFrame:
        """Rows that keep the contract, the first of each key; columns as in `Contract.clean_schema`."""
        return self.judged.where("reason IS NULL").select(
            *self.contract.names, self.contract.date.name, "source_line"
        )

    @property
    def quarantined(self) -> DataFrame:
        """`source_line`, `reason`, `detail` and the whole line as `row`."""
        return self.judged.where(F.col("reason") != DUPLICATE).select(
            "source_line", "reason", "detail", F.col("line").alias("row")
        )

    @property
    def tally(self) -> DataFrame:
        """`reason` and `rows`: lines per verdict, null for clean ones."""
        return self.judged.groupBy("reason").agg(F.count("*").alias("rows"))


def transform(contract: Contract, inputs: Inputs) -> Outputs:
    """Judges every line; no line is dropped, none is counted twice."""
    faults = [_encoding_fault(), *_shape_faults(len(contract.columns))]
    known = _with_known_keys(contract, inputs.references, _parsed(contract, inputs.lines))
    typed = {column.name: _typed(column) for column in contract.columns}
    date = _date(contract, typed)
    faults += [fault for column in contract.columns for fault in _value_faults(column, typed[column.name])]
    faults += _date_faults(contract, date, typed)
    faults += _reference_faults(contract)
    checked = known.select(
        "source_line",
        "line",
        *(value.alias(name) for name, value in typed.items()),
        date.alias(contract.date.name),
        F.coalesce(*faults).alias("fault"),
    )
    sound = F.col("fault").isNull()
    # A faulty line is a group of its own: it is nobody's duplicate, and a thousand of them are no hot partition.
    same_key = Window.partitionBy(
        *(F.when(sound, F.col(name)) for name in contract.key), F.when(~sound, F.col("source_line"))
    ).orderBy("source_line")
    judged = checked.withColumn("place", F.row_number().over(same_key)).select(
        "source_line",
        "line",
        *contract.names,
        contract.date.name,
        F.coalesce("fault.reason", F.when(F.col("place") > 1, DUPLICATE)).alias("reason"),
        F.col("fault.detail").alias("detail"),
    )
    return Outputs(judged=judged, contract=contract)


def _parsed(contract: Contract, lines: DataFrame) -> DataFrame:
    """Adds `found` (columns in the line), `misquoted` and the contract's columns as text, null values null."""
    # Quoted parts are taken out first, so that a comma within quotes separates nothing ("" within quotes pairs up).
    bare = F.regexp_replace("line", '"[^"]*"', "")
    schema = ", ".join(f"`{name}` string" for name in contract.names) + ", `_misquoted` string"
    options = {"escape": '"', "mode": "PERMISSIVE", "columnNameOfCorruptRecord": "_misquoted"}
    # Only a line of the right width is parsed: the parser would fill up or cut off the others.
    fitting = F.when(F.col("found") == len(contract.columns), F.col("line"))
    return (
        lines.withColumn("found", F.length(bare) - F.length(F.replace(bare, F.lit(","), F.lit(""))) + 1)
        .withColumn("parsed", F.from_csv(fitting, schema, options))
        .select(
            "source_line",
            "line",
            "found",
            F.col("parsed._misquoted").isNotNull().alias("misquoted"),
            *(_or_null(contract, F.col(f"parsed.`{name}`")).alias(_text(name)) for name in contract.names),
        )
    )


def _or_null(contract: Contract, text: Column) -> Column:
    return F.when(~text.isin(*contract.null_values), text)


def _text(name: str) -> str:
    """Name of the column that holds a contract column's text."""
    return f"text_{name}"


def _typed(column: ContractColumn) -> Column:
    text = F.col(_text(column.name))
    if column.type == "string":
        return text
    cast = F.expr(f"try_cast(`{_text(column.name)}` AS {column.type})")
    return F.when(text.rlike(FORMS[column.type]), cast)


def _date(contract: Contract, typed: Mapping[str, Column]) -> Column:
    """The partition date; null where year, month and day make none. A year has four digits, else it is a slip."""
    year, month, day = (typed[part] for part in contract.date.parts)
    written = F.format_string("%04d-%02d-%02d", year, month, day)
    return F.when(written.rlike(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), F.to_date(F.try_to_timestamp(written)))


def _with_known_keys(
    contract: Contract, references: Mapping[str, DataFrame], rows: DataFrame
) -> DataFrame:
    """Adds `known_<column>`, true or null, for every join whose key must be known."""
    for reference in contract.references:
        for join in reference.joins:
            if join.reason is None:
                continue
            keys = (
                references[reference.name]
                .select(F.col(reference.key).alias(_text(join.column)))
                .distinct()
                .withColumn(f"known_{join.column}", F.lit(True))
            )
            rows = rows.join(F.broadcast(keys), _text(join.column), "left")
    return rows


def _fault(condition: Column, reason: str, *detail: Column | str) -> Column:
    parts = (F.lit(part) if isinstance(part, str) else part.cast("string") for part in detail)
    return F.when(condition, F.struct(F.lit(reason).alias("reason"), F.concat(*parts).alias("detail")))


def _encoding_fault() -> Column:
    return _fault(F.col("line").contains("\ufffd"), "bad_encoding", "the line is not UTF-8")


def _shape_faults(width: int) -> Iterator[Column]:
    found = F.col("found")
    for delimiter in OTHER_DELIMITERS:
        split = F.size(F.split("line", rf"\Q{delimiter}\E"))
        shown = "a tab" if delimiter == "\t" else f"'{delimiter}'"
        yield _fault(
            (found < width) & (split == width), "wrong_delimiter", f"separated by {shown} instead of ','"
        )
    counted = (found, f" columns instead of {width}")
    yield _fault(found < width, "missing_column", *counted)
    yield _fault(found > width, "extra_column", *counted)
    yield _fault(F.col("misquoted"), "bad_quoting", "the quotes do not pair up")


def _value_faults(column: ContractColumn, typed: Column) -> Iterator[Column]:
    text = F.col(_text(column.name))
    if not column.nullable:
        yield _fault(text.isNull(), "missing_value", f"{column.name} is empty")
    if column.type != "string":
        reason = "bad_date" if column.type == "timestamp" else "not_a_number"
        form = "YYYY-MM-DDThh:mm:ssZ" if column.type == "timestamp" else f"type {column.type}"
        yield _fault(
            text.isNotNull() & typed.isNull(), reason, f"{column.name}: '", text, f"' is not of {form}"
        )


def _date_faults(contract: Contract, date: Column, typed: Mapping[str, Column]) -> Iterator[Column]:
    rule = contract.date
    parts = [F.col(_text(part)) for part in rule.parts]
    written = reduce(lambda left, right: F.concat(left, F.lit("-"), right), parts)
    yield _fault(date.isNull(), "bad_date", f"{rule.name}: '", written, "' is no date")
    yield _fault(
        F.abs(F.datediff(F.to_date(typed[rule.within_a_day_of]), date)) > 1,
        "bad_date",
        f"{rule.name}: '",
        written,
        f"' is more than a day from {rule.within_a_day_of} '",
        F.col(_text(rule.within_a_day_of)),
        "'",
    )


def _reference_faults(contract: Contract) -> Iterator[Column]:
    for reference in contract.references:
        for join in reference.joins:
            if join.reason is not None:
                text = F.col(_text(join.column))
                yield _fault(
                    text.isNotNull() & F.col(f"known_{join.column}").isNull(),
                    join.reason,
                    f"{join.column}: '",
                    text,
                    f"' is not in {reference.name}",
                )
