"""The fields of CSV lines, as texts, and what is wrong with a line's shape.

RFC 4180: a field with a comma or a quote in it is quoted as a whole, a quote in it doubled.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql import DataFrame

from glue_jobs.clean_rules import fault, when
from glue_jobs.contract import Contract
from glue_jobs.formats import DELIMITERS, Format, delimiter_name
from glue_jobs.rules import text_sql

MISQUOTED = fault("bad_quoting", "'the quotes do not pair up'")
CORRUPT = "'columnNameOfCorruptRecord', '_corrupt'"


def fields_of(contract: Contract, lines: DataFrame) -> DataFrame:
    """The lines with `_text`, a struct of the fields, null where there is none or a null token.

    `_found` is the number of fields, `_misquoted` whether quotes do not pair up; `_text` is null then.
    """
    width = len(contract.columns)
    delimiter, quote = contract.format.delimiter, contract.format.quote
    names = [f"`{name}`" for name in contract.names]
    # Without a token, one that no line holds: the empty text would make `""` null as well.
    null_token = text_sql(next(iter(contract.null_tokens), "\uffff"))
    marks = f"'sep', {text_sql(delimiter)}, 'quote', {text_sql(quote)}, 'escape', {text_sql(quote)}"
    options = f"{marks}, 'nullValue', {null_token}, {CORRUPT}"
    as_text = ", ".join(f"{name} string" for name in [*names, "_end", "_corrupt"])
    # Quoted fields are taken out before counting delimiters. Only a line of the right width is parsed: the
    # parser would fill up or cut off the others, and dies of more than 20,480 columns.
    # U+FFFF is the end of the file to the parser: it would take parts of the next line for this one.
    fits = f"_found = {width} AND NOT _misquoted AND NOT contains(_line, '\uffff')"
    # A delimiter after the last field: there the parser takes U+0000 before the closing quote away.
    whole = f"IF({fits}, concat(_line, {text_sql(delimiter)}), NULL)"
    kept = ("source_line", "_line", "_misquoted", "_found", "_text")
    return (
        lines.selectExpr(
            "source_line", "line AS _line", f"{without_quoted('line', contract.format)} AS _bare"
        )
        .selectExpr(
            "source_line",
            "_line",
            f"contains(_bare, {text_sql(quote)}) AS _misquoted",
            f"length(_bare) - length(replace(_bare, {text_sql(delimiter)})) + 1 AS _found",
        )
        .selectExpr("*", f"from_csv({whole}, '{as_text}', map({options})) AS _text")
        .selectExpr(*kept[:-1], f"{_without_tokens(contract)} AS _text")
    )


def shape_cases(contract: Contract) -> Iterator[str]:
    """What is wrong with a line before its values are looked at, as WHEN branches."""
    width = len(contract.columns)
    yield when("contains(_line, '\ufffd')", "bad_encoding", "'the line is not UTF-8'")
    yield when("contains(_line, '\uffff')", "bad_encoding", "'the line holds U+FFFF, not a character'")
    yield f"WHEN _misquoted THEN {MISQUOTED}"
    agreed = contract.format.delimiter
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


def _without_tokens(contract: Contract) -> str:
    """The texts with null for each null token; the parser itself knows one."""
    if len(contract.null_tokens) < 2:
        return "_text"
    tokens = ", ".join(map(text_sql, contract.null_tokens))
    fields = [f"'{name}', IF(_text.`{name}` IN ({tokens}), NULL, _text.`{name}`)" for name in contract.names]
    return f"named_struct({', '.join(fields)}, '_corrupt', _text._corrupt)"
