"""Files of CSV and JSON as Parquet, which the engine reads: a column for each field, or one of documents.

Rules: Snowflake, CREATE FILE FORMAT, "Format type options"; CREATE EXTERNAL TABLE for c1, c2 and on.
"""

from __future__ import annotations

import codecs
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pyarrow as pa

from strata.cloud.snowflake.errors import SqlError, invalid_value, not_implemented
from strata.cloud.snowflake.properties import with_defaults
from strata.cloud.snowflake.translation.json_text import dump, load_each

# The column of documents in the Parquet that JSON becomes.
DOCUMENT = "document"
_CODECS = {"GZIP": "gzip", "BZ2": "bz2", "BROTLI": "brotli", "ZSTD": "zstd"}
_MAGIC = {b"\x1f\x8b": "GZIP", b"BZh": "BZ2", b"\x28\xb5\x2f\xfd": "ZSTD", b"\x78\x9c": "DEFLATE"}
# The values that are carried out, of options that are not carried out with others.
_FIXED: dict[str, dict[str, Any]] = {
    "CSV": {
        "BINARY_FORMAT": "HEX",
        "DATE_FORMAT": "AUTO",
        "MULTI_LINE": True,
        "PARSE_HEADER": False,
        "TIMESTAMP_FORMAT": "AUTO",
        "TIME_FORMAT": "AUTO",
    },
    "JSON": {
        "BINARY_FORMAT": "HEX",
        "DATE_FORMAT": "AUTO",
        "ENABLE_OCTAL": False,
        "MULTI_LINE": True,
        "NULL_IF": ["\\N"],
        "TIMESTAMP_FORMAT": "AUTO",
        "TIME_FORMAT": "AUTO",
        "TRIM_SPACE": False,
    },
}


class Converted(NamedTuple):
    """The rows of a file before its first fault, as Parquet; `fault` is empty if it has none."""

    parquet: bytes
    fault: str = ""


class Conversion:
    """How files of a format become Parquet; `key` tells formats apart.

    Args:
        file_format: TYPE, CSV or JSON, and every option.

    Raises:
        SqlError: an option has a value that is not carried out, or is invalid.
    """

    def __init__(self, file_format: Mapping[str, Any]) -> None:
        self._options = file_format
        for name, value in _FIXED[file_format["TYPE"]].items():
            if file_format[name] != value:
                raise not_implemented(f"{name} = {file_format[name]} of {file_format['TYPE']} files")
        self.key = json.dumps(sorted(file_format.items()))
        self._decode = _decoder(file_format)
        if file_format["TYPE"] == "CSV":
            self._rows: Callable[[str], Iterator[Any]] = _Csv(file_format).rows
        else:
            self._rows = self._documents

    def __call__(self, body: bytes) -> Converted:
        """Return the rows of a file.

        Raises:
            SqlError: it holds what is not implemented.
        """
        rows: list[Any] = []
        fault = ""
        try:
            for row in self._rows(self._decode(body)):
                rows.append(row)
        except ValueError as error:
            fault = str(error)
        if self._options["TYPE"] == "JSON":
            table = pa.table({DOCUMENT: pa.array(rows, pa.string())})
        else:
            width = max(map(len, rows), default=0)
            padded = [[*row, *[None] * (width - len(row))] for row in rows]
            columns = zip(*padded, strict=True)
            table = pa.table({f"c{n}": pa.array(cells, pa.string()) for n, cells in enumerate(columns, 1)})
        # Imported here: with it come the clients of four clouds.
        import pyarrow.parquet as pq

        sink = io.BytesIO()
        pq.write_table(table, sink)
        return Converted(sink.getvalue(), fault)

    def _documents(self, text: str) -> Iterator[str]:
        try:
            for value in load_each(text, not self._options["ALLOW_DUPLICATE"]):
                several = self._options["STRIP_OUTER_ARRAY"] and isinstance(value, list)
                for document in value if several else [value]:
                    yield dump(_without_nulls(document) if self._options["STRIP_NULL_VALUES"] else document)
        except ValueError as error:
            raise ValueError(f"Error parsing JSON: {error}") from None


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value if item is not None] if isinstance(value, list) else value


def _decoder(options: Mapping[str, Any]) -> Callable[[bytes], str]:
    """Return a function of a file's bytes: its text.

    Raises:
        SqlError: the encoding is unknown.
    """
    encoding = options.get("ENCODING", "UTF8")
    try:
        name = codecs.lookup(_ENCODINGS.get(encoding.upper(), encoding)).name
    except LookupError:
        raise invalid_value(encoding, "ENCODING") from None
    if name == "utf-8" and options["SKIP_BYTE_ORDER_MARK"]:
        name = "utf-8-sig"
    lenient = options["REPLACE_INVALID_CHARACTERS"] or options.get("IGNORE_UTF8_ERRORS", False)

    def decode(body: bytes) -> str:
        try:
            return _decompressed(body, options["COMPRESSION"]).decode(
                name, "replace" if lenient else "strict"
            )
        except UnicodeDecodeError as error:
            found = error.object[error.start : error.end].hex().upper()
            raise ValueError(f"Invalid {encoding} detected in string '0x{found}'") from None
        except (OSError, zlib.error, pa.ArrowException) as error:
            raise ValueError(f"Invalid data encountered during decompression: {error}") from None

    return decode


_ENCODINGS = {"ISO88591": "ISO8859-1", "WINDOWS1252": "CP1252"}


def _decompressed(body: bytes, compression: str) -> bytes:
    if compression == "AUTO":
        compression = next((found for magic, found in _MAGIC.items() if body.startswith(magic)), "NONE")
    if compression in ("DEFLATE", "RAW_DEFLATE"):
        return zlib.decompress(body, zlib.MAX_WBITS if compression == "DEFLATE" else -zlib.MAX_WBITS)
    if compression == "NONE":
        return body
    with pa.CompressedInputStream(pa.BufferReader(body), _CODECS[compression]) as stream:
        return bytes(stream.read())


class _Csv:
    """The rows of a text by the options of CSV; a null is None."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._delimiter = _characters(options["FIELD_DELIMITER"])
        self._record = _characters(options["RECORD_DELIMITER"])
        self._quote = _characters(options["FIELD_OPTIONALLY_ENCLOSED_BY"])
        self._escape = _characters(options["ESCAPE"])
        self._escape_plain = self._escape or _characters(options["ESCAPE_UNENCLOSED_FIELD"])
        self._nulls = frozenset(options["NULL_IF"] or ())
        if not self._record:
            raise not_implemented("RECORD_DELIMITER = NONE")
        self._field = re.compile(self._pattern(), re.DOTALL)

    def _pattern(self) -> str:
        end = r"\r\n|\n" if self._record == "\n" else re.escape(self._record)
        delimiter = f"(?P<delimiter>{re.escape(self._delimiter)})|" if self._delimiter else ""
        space = r"[ \t]*+" if self._options["TRIM_SPACE"] else ""
        quoted, unquoted = "", ""
        if self._quote:
            escaped = f"|{re.escape(self._escape)}." if self._escape else ""
            quote = re.escape(self._quote)
            other = f"[^{re.escape(self._quote + self._escape)}]"
            quoted = f"{space}{quote}(?P<quoted>(?:{other}|{quote}{quote}{escaped})*+){quote}{space}|"
            unquoted = f"(?!{space}{quote})"
        escape = re.escape(self._escape_plain)
        escaped = f"{escape}(?:\r\n|.)|" if escape else ""
        stops = f"{re.escape(self._delimiter)}|{end}" if self._delimiter else end
        # Most signs stop nothing, and are taken many at a time.
        dull = re.escape(
            "".join(sorted({*self._delimiter[:1], *self._record[:1], *self._escape_plain, "\r", "\n"}))
        )
        plain = f"{unquoted}(?P<plain>(?:[^{dull}]++|{escaped}(?!{stops}).)*+)"
        return rf"(?:{quoted}{plain})(?:{delimiter}(?P<end>{end})|\Z)"

    def rows(self, text: str) -> Iterator[list[str | None]]:
        """Yield the rows.

        Raises:
            ValueError: a field does not end where it should.
            SqlError: the text has a blank line or an escape sequence that is not implemented.
        """
        at = 0
        for _ in range(self._options["SKIP_HEADER"]):
            at = text.find("\n", at) + 1 or len(text)
        row: list[str | None] = []
        more = False
        while at < len(text) or more:
            found = self._field.match(text, at)
            if found is None:
                raise ValueError(self._fault(text, at))
            at = found.end()
            more = bool(self._delimiter) and found["delimiter"] is not None
            if not more and not row and found["plain"] == "":
                if not self._options["SKIP_BLANK_LINES"]:
                    raise not_implemented("a blank line of CSV without SKIP_BLANK_LINES = TRUE")
                continue
            row.append(self._value(found))
            if not more:
                yield row
                row = []

    def _value(self, found: re.Match[str]) -> str | None:
        if self._quote and found["quoted"] is not None:
            value = found["quoted"].replace(self._quote * 2, self._quote)
            return None if value in self._nulls else self._unescaped(value, self._escape)
        value = found["plain"]
        if self._options["TRIM_SPACE"]:
            value = value.strip(" \t")
        if value in self._nulls or (not value and self._options["EMPTY_FIELD_AS_NULL"]):
            return None
        return self._unescaped(value, self._escape_plain)

    def _unescaped(self, value: str, escape: str) -> str:
        if not escape or escape not in value:
            return value
        literal = {escape, *self._delimiter, *self._record, *self._quote, "\r", "\n"}

        def plain(found: re.Match[str]) -> str:
            if found[1] not in literal:
                raise not_implemented(f"the escape sequence {escape}{found[1]} in a file of CSV")
            return found[1]

        return re.sub(re.escape(escape) + "(.?)", plain, value, flags=re.DOTALL)

    def _fault(self, text: str, at: int) -> str:
        line = text.count("\n", 0, at) + 1
        return (
            f"Found no field delimiter '{self._delimiter}' or record delimiter after the enclosed field "
            f"that starts in line {line}, character {at - text.rfind(chr(10), 0, at)}"
        )


def _characters(text: str | None) -> str:
    """Return the characters that an option names: hex and octal values are theirs, NONE is none."""
    if text is None or text.upper() == "NONE":
        return ""
    if re.fullmatch(r"(?:(?:0x|\\x)[0-9A-Fa-f]{2})+", text):
        return bytes.fromhex(re.sub(r"0x|\\x", "", text)).decode("latin-1")
    if re.fullmatch(r"(?:\\[0-7]{3})+", text):
        return "".join(chr(int(digits, 8)) for digits in text.split("\\")[1:])
    return text


def conversion(file_format: Mapping[str, Any]) -> Conversion | None:
    """Return how files of a format become Parquet; None if they are Parquet.

    Raises:
        SqlError: an option's value is not implemented, or is invalid.
    """
    return None if file_format["TYPE"] == "PARQUET" else Conversion(with_defaults(file_format))


def broken(key: str, fault: str) -> SqlError:
    """Return the error of a query that reads a file with a fault from a stage."""
    is_json = fault.startswith("Error parsing JSON")
    code, state = (100069, "22P02") if is_json else (100016, "22000")
    return SqlError(f"{fault}\n  File '{key}'", code=code, sqlstate=state)
