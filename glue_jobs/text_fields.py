"""What the readers of fields have in common: how rows become typed values, and what a suspect row is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from pyspark.sql import DataFrame

from glue_jobs.clean_rules import when
from glue_jobs.contract import Column, Contract
from glue_jobs.rules import text_sql
from glue_jobs.shapes import shape_of

WHOLE = ("int", "bigint")
DECODED = "decode(CAST({} AS BINARY), 'UTF-8')"
BLANK = "coalesce(NOT {} RLIKE '(?U)\\\\S', true)"


class Fields(ABC):
    """Reads the values of a format's rows.

    Args:
        contract: what the rows must hold.
    """

    # The fault of a row that is suspect for no value of its own.
    misfit: ClassVar[str]

    def __init__(self, contract: Contract) -> None:
        self.contract = contract

    @abstractmethod
    def of(self, rows: DataFrame) -> DataFrame:
        """The rows with what the other methods name: `_block`, `_position`, `_line` and the format's own."""

    @abstractmethod
    def text(self, column: Column) -> str:
        """SQL: a value as text; null where there is none."""

    @abstractmethod
    def typed(self, column: Column) -> str:
        """SQL: a value as its type; null where it does not fit."""

    @abstractmethod
    def valid(self, column: Column) -> str:
        """SQL: whether a value that is there fits its type, looked at alone."""

    @abstractmethod
    def cases(self) -> Iterator[str]:
        """What is wrong with a row before its values are looked at, as WHEN branches."""

    @abstractmethod
    def suspect(self) -> str:
        """Condition: a value is not of its type, or missing where one must be."""


class TextFields(Fields):
    """Reads values that are written as text.

    Rows have `_text`, a struct of the fields, null where there is none or a null token, and `_plain`: whether
    the whole line was found to have the shape of the contract's types.
    """

    def text(self, column: Column) -> str:
        return f"_text.`{column.name}`"

    def typed(self, column: Column) -> str:
        """As above; of whole numbers the cast takes no other shapes but those with white space around."""
        text, shape = self.text(column), shape_of(column)
        if shape is None:
            return text
        value = f"try_cast({text} AS {column.type})"
        if column.type == "timestamp" and column.zone is None:
            # The session's zone is UTC. To read a zone, Spark compiles a regular expression for each value.
            value = (
                f"try_cast(IF(endswith({text}, 'Z'), left({text}, length({text}) - 1), {text}) AS timestamp)"
            )
        if column.format is not None:
            value = f"CAST(try_to_timestamp({text}, {text_sql(column.format)}) AS {column.type})"
        if column.zone is not None:
            value = f"to_utc_timestamp({value}, {text_sql(column.zone)})"
        return value if column.type in WHOLE else f"IF(_plain OR {_shaped(text, shape)}, {value}, NULL)"

    def valid(self, column: Column) -> str:
        shape = shape_of(column)
        return (
            "true"
            if shape is None
            else f"(`{column.name}` IS NOT NULL AND {_shaped(self.text(column), shape)})"
        )

    def suspect(self) -> str:
        conditions, unseen = [], ["_corrupt"]
        for column in self.contract.columns:
            text = self.text(column)
            if shape_of(column) is None:
                unseen += [] if column.nullable else [BLANK.format(text)]
            elif column.nullable:
                # Exporters that quote everything write "" where there is nothing.
                conditions.append(f"`{column.name}` IS NULL AND {text} <> ''")
            else:
                conditions.append(f"`{column.name}` IS NULL")
        # One match for all of a line: one for each would take a tenth of the job's time.
        whole = ", ".join(self.text(column) for column in self.contract.columns if column.type in WHOLE)
        if whole:
            unseen.append(f"NOT concat_ws(',', {whole}) RLIKE '^[-+0-9,]*\\\\z'")
        conditions.append(f"NOT _plain AND ({' OR '.join(unseen)})")
        return " OR ".join(conditions)

    def without_tokens(self, value: str, *more: str) -> str:
        """SQL: a value, null where it is a null token or another of these texts."""
        tokens = [*more, *self.contract.null_tokens]
        return f"IF({value} IN ({', '.join(map(text_sql, tokens))}), NULL, {value})" if tokens else value

    def encoding_cases(self) -> Iterator[str]:
        """What is wrong with a line's characters."""
        yield when("contains(_line, '\ufffd')", "bad_encoding", "'the line is not UTF-8'")
        yield when("contains(_line, '\uffff')", "bad_encoding", "'the line holds U+FFFF, not a character'")


def _shaped(text: str, shape: str) -> str:
    return f"{text} RLIKE '^({shape})\\\\z'"
