"""The fields of CSV lines, as texts, and what is wrong with a line's shape.

RFC 4180: a field with a comma or a quote in it is quoted as a whole, a quote in it doubled.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql import DataFrame

from glue_jobs.clean_rules import fault, text_sql, when
from glue_jobs.contract import Contract

OTHER_DELIMITERS = (";", "\t", "|")
MISQUOTED = fault("bad_quoting", "'the quotes do not pair up'")
# RFC 4180: the whole field is quoted, a quote in it doubled. Possessive, for Java's backtracking recurses.
QUOTED_FIELD = '(^|,)"[^"]*+(?:""[^"]*+)*+"(?=,|$)'
CORRUPT = "'columnNameOfCorruptRecord', '_corrupt'"


def fields_of(contract: Contract, lines: DataFrame) -> DataFrame:
    """The lines with `_text`, a struct of the fields, null where there is none or a null token.

    `_found` is the number of fields, `_misquoted` whether quotes do not pair up; `_text` is null then.
    """
    width = len(contract.columns)
    names = [f"`{name}`" for name in contract.names]
    # Without a token, one that no line holds: the empty text would make `""` null as well.
    null_token = text_sql(next(iter(contract.null_tokens), "\uffff"))
    options = f"""'escape', '"', 'nullValue', {null_token}, {CORRUPT}"""
    as_text = ", ".join(f"{name} string" for name in [*names, "_end", "_corrupt"])
    # Quoted fields are taken out before counting commas. Only a line of the right width is parsed: the parser
    # would fill up or cut off the others, and dies of more than 20,480 columns.
    # U+FFFF is the end of the file to the parser: it would take parts of the next line for this one.
    fits = f"_found = {width} AND NOT _misquoted AND NOT contains(_line, '\uffff')"
    # A comma after the last field: there the parser takes U+0000 before the closing quote away.
    whole = f"IF({fits}, concat(_line, ','), NULL)"
    kept = ("source_line", "_line", "_misquoted", "_found", "_text")
    return (
        lines.selectExpr(
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
    )


def shape_cases(contract: Contract) -> Iterator[str]:
    """What is wrong with a line before its values are looked at, as WHEN branches."""
    width = len(contract.columns)
    yield when("contains(_line, '\ufffd')", "bad_encoding", "'the line is not UTF-8'")
    yield when("contains(_line, '\uffff')", "bad_encoding", "'the line holds U+FFFF, not a character'")
    yield f"WHEN _misquoted THEN {MISQUOTED}"
    for delimiter in OTHER_DELIMITERS:
        fields = rf"size(split(_line, '[{delimiter}]'))"
        shown = "a tab" if delimiter == "\t" else repr(delimiter)
        yield when(
            f"_found < {width} AND {fields} = {width}",
            "wrong_delimiter",
            f'"separated by {shown} instead of a comma"',
        )
    counted = f"concat(_found, ' columns instead of {width}')"
    yield when(f"_found < {width}", "missing_column", counted)
    yield when(f"_found > {width}", "extra_column", counted)


def _without_tokens(contract: Contract) -> str:
    """The texts with null for each null token; the parser itself knows one."""
    if len(contract.null_tokens) < 2:
        return "_text"
    tokens = ", ".join(map(text_sql, contract.null_tokens))
    fields = [f"'{name}', IF(_text.`{name}` IN ({tokens}), NULL, _text.`{name}`)" for name in contract.names]
    return f"named_struct({', '.join(fields)}, '_corrupt', _text._corrupt)"
