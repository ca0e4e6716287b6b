"""Rows of CSV and JSON by the options of their format, as Snowflake documents them; written by hand."""

from __future__ import annotations

import bz2
import gzip
import io
import zlib
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from strata.cloud.snowflake.errors import SqlError
from strata.cloud.snowflake.properties import read_format
from strata.cloud.snowflake.text_files import conversion

Q = {"FIELD_OPTIONALLY_ENCLOSED_BY": '"'}
CSV: list[tuple[str, dict[str, Any], bytes, list[list[str | None]]]] = [
    ("records end in either line end", {}, b"a,b\r\nc,d\n", [["a", "b"], ["c", "d"]]),
    ("the last record needs no end", {}, b"a,b\nc,", [["a", "b"], ["c", None]]),
    ("rows of unequal length", {}, b"a\nb,c,d\n", [["a", None, None], ["b", "c", "d"]]),
    ("no file", {}, b"", []),
    ("quotes are text without an enclosing sign", {}, b'"a",b\n', [['"a"', "b"]]),
    ("enclosed fields", Q, b'"a,""b""\nc",d"e\n', [['a,"b"\nc', 'd"e']]),
    (
        "enclosed by a single quote",
        {"FIELD_OPTIONALLY_ENCLOSED_BY": "'"},
        b"'it''s',\"x\"\n",
        [["it's", '"x"']],
    ),
    ("an empty enclosed field is not null", Q, b'"",\n', [["", None]]),
    ("empty fields as texts", {"EMPTY_FIELD_AS_NULL": False}, b"a,,b\n", [["a", "", "b"]]),
    ("the default of NULL_IF", {}, b"\\N,N\n", [[None, "N"]]),
    ("NULL_IF", {"NULL_IF": ["NULL", "x"]} | Q, b'NULL,x,"x",xx\n', [[None, None, None, "xx"]]),
    ("SKIP_HEADER", {"SKIP_HEADER": 2}, b"1\n2\n3\n", [["3"]]),
    ("SKIP_HEADER of more than there is", {"SKIP_HEADER": 2}, b"1\n", []),
    ("SKIP_BLANK_LINES", {"SKIP_BLANK_LINES": True}, b"a\n\n\nb\n", [["a"], ["b"]]),
    ("TRIM_SPACE", {"TRIM_SPACE": True} | Q, b' a b , "c " ,d\n', [["a b", "c ", "d"]]),
    ("a space before a quote without TRIM_SPACE", Q, b'a, "b"\n', [["a", ' "b"']]),
    ("FIELD_DELIMITER", {"FIELD_DELIMITER": "||"}, b"a|b||c,d\n", [["a|b", "c,d"]]),
    ("FIELD_DELIMITER in octal", {"FIELD_DELIMITER": "\\011"}, b"a\tb\n", [["a", "b"]]),
    ("FIELD_DELIMITER = NONE", {"FIELD_DELIMITER": None}, b"a,b\n", [["a,b"]]),
    ("RECORD_DELIMITER", {"RECORD_DELIMITER": ";"}, b"a,b;c\n,d;", [["a", "b"], ["c\n", "d"]]),
    ("an escaped delimiter", {}, b"a\\,b,c\\\\d\\\ne\n", [["a,b", "c\\d\ne"]]),
    ("no escape sign", {"ESCAPE_UNENCLOSED_FIELD": None}, b"a\\,b\n", [["a\\", "b"]]),
    ("ESCAPE", {"ESCAPE": "\\"} | Q, b'"a\\"b",c\n', [['a"b', "c"]]),
    ("a backslash in an enclosed field", Q, b'"a\\b"\n', [["a\\b"]]),
    ("a byte order mark", {}, b"\xef\xbb\xbfa\n", [["a"]]),
    ("a byte order mark kept", {"SKIP_BYTE_ORDER_MARK": False}, b"\xef\xbb\xbfa\n", [["\ufeffa"]]),
    ("ENCODING", {"ENCODING": "ISO-8859-1"}, b"\xe9\n", [["é"]]),
    ("ENCODING as Snowflake writes it", {"ENCODING": "ISO88591"}, b"\xe9\n", [["é"]]),
    ("REPLACE_INVALID_CHARACTERS", {"REPLACE_INVALID_CHARACTERS": True}, b"\xe9\n", [["\ufffd"]]),
    ("gzip is found", {}, gzip.compress(b"a\n"), [["a"]]),
    ("bzip2 is found", {}, bz2.compress(b"a\n"), [["a"]]),
    ("zstd is found", {}, pa.compress(b"a\n", "zstd", asbytes=True), [["a"]]),
    ("brotli", {"COMPRESSION": "BROTLI"}, pa.compress(b"a\n", "brotli", asbytes=True), [["a"]]),
    ("deflate", {"COMPRESSION": "DEFLATE"}, zlib.compress(b"a\n"), [["a"]]),
    ("raw deflate", {"COMPRESSION": "RAW_DEFLATE"}, zlib.compress(b"a\n")[2:-4], [["a"]]),
    ("no compression", {"COMPRESSION": "NONE"}, b"BZh\n", [["BZh"]]),
]
JSON: list[tuple[str, dict[str, Any], bytes, list[str]]] = [
    (
        "documents over several lines",
        {},
        b'{"b": 1,\n "a": [1.5, null]} [2]\n"x"',
        ['{"a":[1.5,null],"b":1}', "[2]", '"x"'],
    ),
    (
        "STRIP_OUTER_ARRAY",
        {"STRIP_OUTER_ARRAY": True},
        b'[{"a": 1}, [2]]\n{"a": 3}',
        ['{"a":1}', "[2]", '{"a":3}'],
    ),
    ("STRIP_NULL_VALUES", {"STRIP_NULL_VALUES": True}, b'{"a": null, "b": [null, 1]}', ['{"b":[1]}']),
    ("ALLOW_DUPLICATE", {"ALLOW_DUPLICATE": True}, b'{"a": 1, "a": 2}', ['{"a":2}']),
    ("white space only", {}, b" \n", []),
    ("gzip is found", {}, gzip.compress(b"1"), ["1"]),
]
# The rows before the fault, and words of it.
FAULTS: list[tuple[str, dict[str, Any], bytes, int, str]] = [
    ("CSV", Q, b'a\n"b"c\n', 1, "line 2, character 1"),
    ("CSV", Q, b'"open\n', 0, "line 1, character 1"),
    ("CSV", {}, b"a\n\xe9\n", 0, "Invalid UTF8 detected in string '0xE9'"),
    ("CSV", {}, b"\x1f\x8b" + b"x" * 20, 0, "Invalid data encountered during decompression"),
    ("JSON", {}, b'{"a": 1}\n{"a"', 1, "Error parsing JSON"),
    ("JSON", {}, b'{"a": 1, "a": 2}', 0, "duplicate object attribute"),
    ("JSON", {}, b"[NaN]", 0, "unknown keyword NaN"),
]
REFUSED = [
    ("CSV", {"PARSE_HEADER": True}, b"", "PARSE_HEADER = True of CSV files"),
    ("CSV", {"DATE_FORMAT": "DD.MM.YYYY"}, b"", "DATE_FORMAT = DD.MM.YYYY of CSV files"),
    ("CSV", {"RECORD_DELIMITER": None}, b"", "RECORD_DELIMITER = NONE"),
    ("CSV", {"ENCODING": "Klingon"}, b"", "invalid value [Klingon] for parameter 'ENCODING'"),
    ("CSV", {}, b"a\n\nb\n", "a blank line of CSV without SKIP_BLANK_LINES = TRUE"),
    ("CSV", {}, b"a\\tb\n", "the escape sequence \\t in a file of CSV"),
    ("JSON", {"ENABLE_OCTAL": True}, b"", "ENABLE_OCTAL = True of JSON files"),
]


def rows(kind: str, options: dict[str, Any], body: bytes) -> tuple[list[list[Any]], str]:
    convert = conversion(read_format({"TYPE": kind} | options))
    assert convert is not None
    found = convert(body)
    table = pq.read_table(io.BytesIO(found.parquet))
    return [list(row.values()) for row in table.to_pylist()], found.fault


@pytest.mark.parametrize(("options", "body", "wanted"), [c[1:] for c in CSV], ids=[c[0] for c in CSV])
def test_csv(options: dict[str, Any], body: bytes, wanted: list[list[str | None]]) -> None:
    assert rows("CSV", options, body) == (wanted, "")


@pytest.mark.parametrize(("options", "body", "wanted"), [c[1:] for c in JSON], ids=[c[0] for c in JSON])
def test_json(options: dict[str, Any], body: bytes, wanted: list[str]) -> None:
    assert rows("JSON", options, body) == ([[text] for text in wanted], "")


@pytest.mark.parametrize(("kind", "options", "body", "before", "words"), FAULTS)
def test_what_is_before_a_fault_is_read(
    kind: str, options: dict[str, Any], body: bytes, before: int, words: str
) -> None:
    found, fault = rows(kind, options, body)
    assert len(found) == before
    assert words in fault


@pytest.mark.parametrize(("kind", "options", "body", "words"), REFUSED)
def test_what_is_not_carried_out_is_refused_by_name(
    kind: str, options: dict[str, Any], body: bytes, words: str
) -> None:
    with pytest.raises(SqlError) as raised:
        rows(kind, options, body)
    assert words in raised.value.message
