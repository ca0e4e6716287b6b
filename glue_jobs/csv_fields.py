"""The fields of CSV lines, as texts, and what is wrong with a line's shape.

RFC 4180: a field with a comma or a quote in it is quoted as a whole, a quote in it doubled.

Most lines of most files hold no quote, and values that look as their types do: one regular expression sees
that of the whole line. Only the others are parsed as RFC 4180 has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pyspark.sql import DataFrame

from glue_jobs.clean_rules import fault, when
from glue_jobs.contract import Column, Contract
from glue_jobs.formats import DELIMITERS, Format, delimiter_name
from glue_jobs.rules import text_sql
from glue_jobs.shapes import shape_of
from glue_jobs.text_fields import DECODED, TextFields

MISQUOTED = fault("bad_quoting", "'the quotes do not pair up'")
CORRUPT = "'columnNameOfCorruptRecord', '_corrupt'"


class CsvFields(TextFields):
    """Reads the fields of CSV lines."""

    misfit = MISQUOTED

    def of(self, rows: DataFrame) -> DataFrame:
        contract = self.contract
        width = len(contract.columns)
        delimiter, quote = contract.format.delimiter, contract.format.quote
        pattern = plain_pattern(contract)
        plain = "false" if pattern is None else f"line RLIKE {text_sql(pattern)}"
        apart = text_sql(f"\\{delimiter}" if delimiter == "|" else delimiter)
        # Quoted fields are taken out before counting delimiters. Only a line of the right width is parsed:
        # the parser would fill up or cut off the others, and dies of more than 20,480 columns.
        # U+FFFF is the end of the file to the parser: it would take parts of the next line for this one.
        fits = f"_found = {width} AND NOT _misquoted AND NOT contains(_line, '\uffff')"
        # A delimiter after the last field: there the parser takes U+0000 before the closing quote away.
        whole = f"IF({fits}, concat(_line, {text_sql(delimiter)}), NULL)"
        marks = f"'sep', {text_sql(delimiter)}, 'quote', {text_sql(quote)}, 'escape', {text_sql(quote)}"
        # A null token that no line holds: the empty text would make `""` null as well.
        options = f"{marks}, 'nullValue', '\uffff', {CORRUPT}"
        as_text = ", ".join(f"`{name}` string" for name in [*contract.names, "_end", "_corrupt"])
        split = ", ".join(
            f"'{name}', {self.without_tokens(f'_fields[{place}]', '')}"
            for place, name in enumerate(contract.names)
        )
        parsed = ", ".join(f"'{name}', {self.without_tokens(f'_parsed.`{name}`')}" for name in contract.names)
        kept = ("_block", "_position", "_line", "_plain", "_misquoted", "_found")
        return (
            rows.selectExpr("_block", "_position", "line", f"{plain} AS _plain")
            .selectExpr(
                "_block",
                "_position",
                # A line with bytes that are not UTF-8 is not plain.
                f"IF(_plain, line, {DECODED.format('line')}) AS _line",
                "_plain",
                f"IF(_plain, split(line, {apart}, -1), NULL) AS _fields",
            )
            .selectExpr("*", f"IF(_plain, NULL, {without_quoted('_line', contract.format)}) AS _bare")
            .selectExpr(
                *kept[:4],
                "_fields",
                f"contains(_bare, {text_sql(quote)}) AS _misquoted",
                f"length(_bare) - length(replace(_bare, {text_sql(delimiter)})) + 1 AS _found",
            )
            .selectExpr(*kept, "_fields", f"from_csv({whole}, '{as_text}', map({options})) AS _parsed")
            .selectExpr(
                *kept,
                f"IF(_plain, named_struct({split}), named_struct({parsed})) AS _text",
                "_parsed._corrupt IS NOT NULL AS _corrupt",
            )
        )

    def cases(self) -> Iterator[str]:
        width = len(self.contract.columns)
        yield from self.encoding_cases()
        yield f"WHEN _misquoted THEN {MISQUOTED}"
        agreed = self.contract.format.delimiter
        for delimiter in DELIMITERS:
            if delimiter == agreed:
                continue
            fields = rf"size(split(_line, '[{delimiter}]'))"
            yield when(
                f"_found < {width} AND {fields} = {width}",
                "wrong_delimiter",
                f'"separated by {delimiter_name(delimiter)} instead of {delimiter_name(agreed)}"',
            )
        counted = f"concat(_found, ' columns instead of {width}')"
        yield when(f"_found < {width}", "missing_column", counted)
        yield when(f"_found > {width}", "extra_column", counted)


def without_quoted(line: str, agreed: Format) -> str:
    """SQL: a line without its quoted fields. The pattern is possessive, for Java's backtracking recurses."""
    delimiter, quote = f"[{agreed.delimiter}]", agreed.quote
    field = f"{quote}[^{quote}]*+(?:{quote}{quote}[^{quote}]*+)*+{quote}"
    return f"regexp_replace({line}, {text_sql(f'(^|{delimiter}){field}(?={delimiter}|$)')}, '$1')"


def plain_pattern(contract: Contract) -> str | None:
    """What a line looks like that needs no parser, and whose values have their types' shapes.

    None where a value may hold the delimiter without quotes.
    """
    written = contract.format
    if any(written.delimiter in (column.format or "") for column in contract.columns):
        return None
    fields = (_plain_field(contract, column) for column in contract.columns)
    return rf"\A{f'[{written.delimiter}]'.join(fields)}\z"


def _plain_field(contract: Contract, column: Column) -> str:
    written, shape = contract.format, shape_of(column)
    end = rf"(?=[{written.delimiter}]|\z)"
    tokens = [re.escape(token) for token in contract.null_tokens]
    never = f"(?!(?:{'|'.join(tokens)}){end})" if tokens else ""
    if shape is not None:
        # Groups that keep nothing are quicker.
        shape = re.sub(r"(?<![\\\[])\((?!\?)", "(?:", shape)
        # A token may look as a value does.
        return f"(?:{'|'.join([shape, *tokens])})?" if column.nullable else f"{never}(?:{shape})"
    any_mark, visible = _class(written, "\t "), _class(written)
    # More than white space.
    return f"{any_mark}*+" if column.nullable else f"{never}{any_mark}*?{visible}{any_mark}*+"


def _class(written: Format, also: str = "") -> str:
    """A class of the characters of plain fields; one by one, Java looks them up in a table."""
    marks = [*map(ord, also), *range(0x21, 0x7F), *range(0xA1, 0x100)]
    listed = "".join(
        rf"\x{mark:02x}" for mark in marks if chr(mark) not in (written.delimiter, written.quote)
    )
    further = r"\u0100-\ufffc\x{10000}-\x{10ffff}" if also else ""
    return f"[{listed}{further}]"
