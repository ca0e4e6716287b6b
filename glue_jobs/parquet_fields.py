"""The values of Parquet rows: which types of a file fit a contract's, and which values do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from glue_jobs.clean_rules import fault
from glue_jobs.contract import Column, Contract
from glue_jobs.errors import RefusedObject
from glue_jobs.lines import SourceRows
from glue_jobs.rules import text_sql
from glue_jobs.storage import literal
from glue_jobs.text_fields import BLANK, Fields

WHOLE_NUMBERS = ("tinyint", "smallint", "int", "bigint")
# What is raised of bytes within a file that are not what they should be.
BROKEN = (
    "org.apache.parquet.",
    "shaded.parquet.",
    "org.xerial.snappy.",
    "com.github.luben.zstd.",
    "java.util.zip.",
)
SHOWN = 5  # how many differences an error names


class ParquetFields(Fields):
    """Reads the values of Parquet rows: `_row` is the row as it came."""

    misfit = fault("missing_value", "'a value is missing'")

    def __init__(self, contract: Contract, types: dict[str, str]) -> None:
        super().__init__(contract)
        self.types = types

    def of(self, rows: DataFrame) -> DataFrame:
        titles = ", ".join(f"'{column.name}', {self._raw(column)}" for column in self.contract.columns)
        row = f"named_struct({titles})"
        return rows.selectExpr("_block", "_position", f"{row} AS _row").selectExpr(
            "*", "to_json(_row) AS _line"
        )

    def text(self, column: Column) -> str:
        value = f"CAST(_row.`{column.name}` AS string)"
        tokens = ", ".join(map(text_sql, self.contract.null_tokens))
        return f"IF({value} IN ({tokens}), NULL, {value})" if tokens and column.type == "string" else value

    def typed(self, column: Column) -> str:
        value, kind = f"_row.`{column.name}`", self._type(column)
        if column.type == "string":
            return self.text(column)
        if kind == "timestamp_ntz":
            return f"to_utc_timestamp(CAST({value} AS timestamp), {text_sql(str(column.zone))})"
        cast = f"try_cast({value} AS {column.type})"
        # What would be rounded or cut off does not fit.
        same = column.type == kind or column.type in ("double", "timestamp")
        return cast if same else f"IF({cast} = {value}, {cast}, NULL)"

    def valid(self, column: Column) -> str:
        return f"(`{column.name}` IS NOT NULL)"

    def cases(self) -> Iterator[str]:
        yield from ()

    def suspect(self) -> str:
        conditions = ["false"]
        for column in self.contract.columns:
            if column.type == "string":
                conditions += [] if column.nullable else [BLANK.format(f"`{column.name}`")]
            else:
                also = f" AND _row.`{column.name}` IS NOT NULL" if column.nullable else ""
                conditions.append(f"`{column.name}` IS NULL{also}")
        return " OR ".join(conditions)

    def _type(self, column: Column) -> str:
        return self.types[column.raw_name]

    def _raw(self, column: Column) -> str:
        title = column.raw_name.replace("`", "``")
        return f"`{title}`"


def read(spark: SparkSession, uri: str, contract: Contract) -> tuple[SourceRows, dict[str, str]]:
    """Reads a Parquet file; its first row has number 1.

    Returns:
        the rows, and the types of the file's columns by Spark's names.

    Raises:
        RefusedObject: the file is not Parquet, or its columns do not fit the contract's.
    """
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import AnalysisException

    try:
        frame = spark.read.parquet(literal(uri))
    except (AnalysisException, Py4JJavaError) as error:
        raise _refusal(error) from None
    types = {field.name: field.dataType.simpleString() for field in frame.schema.fields}
    check_columns(contract, types)
    numbered = frame.selectExpr("0L AS _block", "_metadata.row_index + 1L AS _position", "*")
    return SourceRows(numbered, has_header=False, numbered=True), types


def check_columns(contract: Contract, types: dict[str, str]) -> None:
    """Compares a file's columns with the contract's; their order says nothing.

    Raises:
        RefusedObject: one is missing, is unknown, or has a type whose values do not fit.
    """
    missing = [name for name in contract.header if name not in types]
    unknown = [name for name in types if name not in contract.header]
    if missing or unknown:
        parts = [
            f"{len(names)} {what} ({', '.join(names[:SHOWN])})"
            for names, what in ((missing, "missing"), (unknown, "unknown"))
            if names
        ]
        raise RefusedObject("other_columns", f"not the contract's columns: {'; '.join(parts)}")
    wrong = [
        f"{column.raw_name} is {_shown(column, types)}, the contract says {column.type}"
        for column in contract.columns
        if not fits(column, types[column.raw_name])
    ]
    if wrong:
        raise RefusedObject("other_types", "; ".join(wrong[:SHOWN]))


def fits(column: Column, kind: str) -> bool:
    """Whether the values of a file's type can be values of a column; a value that is too large is a fault."""
    if column.type in ("int", "bigint"):
        # Where a number is missing, pandas makes doubles of all the others.
        return kind in (*WHOLE_NUMBERS, "float", "double") or bool(re.fullmatch(r"decimal\(\d+,0\)", kind))
    if column.type.startswith("decimal"):
        return kind in WHOLE_NUMBERS or kind.startswith("decimal")
    if column.type == "double":
        return kind in ("float", "double", *WHOLE_NUMBERS)
    if column.type == "timestamp":
        return kind == "timestamp" or (kind == "timestamp_ntz" and column.zone is not None)
    return kind == column.type


def _shown(column: Column, types: dict[str, str]) -> str:
    kind = types[column.raw_name]
    return "a timestamp without a time zone" if kind == "timestamp_ntz" else kind


@contextmanager
def refused_if_broken(contract: Contract) -> Iterator[None]:
    """Makes what Spark says of a Parquet file's broken bytes a refusal; other errors stay what they are."""
    from py4j.protocol import Py4JJavaError

    try:
        yield
    except Py4JJavaError as error:
        if contract.format.is_text or not _innermost(error).getClass().getName().startswith(BROKEN):
            raise
        raise _refusal(error) from None


def _refusal(error: Any) -> RefusedObject:
    found = _innermost(error)
    message = str(found.getMessage()).splitlines()[0][:200]
    if found.getClass().getSimpleName() == "AnalysisException":
        return RefusedObject("other_types", f"a column's type cannot be read: {message}")
    return RefusedObject("not_parquet", f"the file cannot be read as Parquet: {message}")


def _innermost(error: Any) -> Any:
    found = getattr(error, "java_exception", None) or error._origin
    while found.getCause() is not None:
        found = found.getCause()
    return found
