"""The fields of JSON lines, as texts, and what is wrong with a line's shape.

A line is one object. A number or truth value may be written with quotes or without; a text has quotes. Fields
may come in any order, and one that may be missing may be left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pyspark.sql import DataFrame

from glue_jobs.clean_rules import fault, when
from glue_jobs.formats import BYTE_ORDER_MARK
from glue_jobs.rules import text_sql
from glue_jobs.shapes import shape_of
from glue_jobs.text_fields import DECODED, TextFields

BAD_JSON, NOT_A_STRING = "bad_json", "not_a_string"
NO_OBJECT = fault(BAD_JSON, "'the line is not one JSON object'")
# The line is put into an object with this field behind it: the parser itself stops at the end of a line's
# first value, and what comes after would be lost. No line holds the character.
END = "\uffff"
OPTIONS = "map('allowSingleQuotes', 'false', 'allowNonNumericNumbers', 'false')"
# Numbers between texts; possessive, for Java's backtracking recurses.
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_NUMBER = rf'\G((?:[^"0-9-]++|{_STRING})*+)(-?[0-9][-+0-9.eE]*+)'


class JsonFields(TextFields):
    """Reads the fields of JSON lines."""

    misfit = NO_OBJECT

    def of(self, rows: DataFrame) -> DataFrame:
        contract = self.contract
        names = [name.replace("`", "``") for name in contract.header]
        line = "_line"
        if any(column.type.startswith("decimal") for column in contract.columns):
            # The parser takes a number with a point for a double, and so loses digits.
            line = f"""regexp_replace(_line, {text_sql(_NUMBER)}, '$1"$2"')"""
        inner = ", ".join(f"`{name}`: string" for name in names)
        schema = f"`_` struct<{inner}>, `{END}` string"
        whole = f"""concat('{{"_":', {line}, ',"{END}":1}}')"""
        texts = ", ".join(
            f"'{column.name}', {self.without_tokens(f'_whole._.`{name}`')}"
            for column, name in zip(contract.columns, names, strict=True)
        )
        kept = ("_block", "_position", "_line", "_plain", "_corrupt")
        return (
            rows.selectExpr("_block", "_position", f"{DECODED.format('line')} AS _line")
            .selectExpr(
                "_block",
                "_position",
                f"IF(startswith(_line, '{BYTE_ORDER_MARK}'), substring(_line, 2), _line) AS _line",
                "false AS _plain",
                "false AS _corrupt",
            )
            .selectExpr(
                *kept,
                f"from_json({whole}, {text_sql(schema)}, {OPTIONS}) AS _whole",
                "json_object_keys(_line) AS _keys",
            )
            .selectExpr(
                *kept,
                "_keys",
                f"_whole.`{END}` IS NOT NULL AND _whole._ IS NOT NULL AND _keys IS NOT NULL AS _object",
                f"named_struct({texts}) AS _text",
            )
        )

    def cases(self) -> Iterator[str]:
        contract = self.contract
        yield from self.encoding_cases()
        yield f"WHEN NOT _object THEN {NO_OBJECT}"
        header = f"array({', '.join(map(text_sql, contract.header))})"
        unknown = f"get(array_except(_keys, {header}), 0)"
        yield when(
            f"_keys <> {header} AND {unknown} IS NOT NULL",
            "extra_column",
            f"concat('the field ', left({unknown}, 60), ' is not in the contract')",
        )
        twice = "size(_keys) > size(array_distinct(_keys))"
        yield when(f"_keys <> {header} AND {twice}", "extra_column", "'a field occurs twice'")
        required = [
            title
            for column, title in zip(contract.columns, contract.header, strict=True)
            if not column.nullable
        ]
        missing = f"get(array_except(array({', '.join(map(text_sql, required))}), _keys), 0)"
        yield when(
            f"_keys <> {header} AND {missing} IS NOT NULL",
            "missing_column",
            f"concat('the field ', {missing}, ' is missing')",
        )
        for column, title in zip(contract.columns, contract.header, strict=True):
            text = self.text(column)
            if shape_of(column) is None:
                # A quote within a text has a backslash before it, so this is the field's own name.
                name = re.escape(json.dumps(title, ensure_ascii=False))
                bare = text_sql(rf"{name}\s*:\s*[-0-9tf{{\[]")
                yield when(
                    f"{text} RLIKE '^[-0-9tf{{\\\\[]' AND _line RLIKE {bare}",
                    NOT_A_STRING,
                    f"""concat("{column.name}: '", left({text}, 120), "' is not a text")""",
                )
