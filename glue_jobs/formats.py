"""How a raw file is written: what a contract says, and what the first bytes of a file show."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from glue_jobs.errors import RefusedObject

# Encoding -> Java's name. Only of the UTFs some bytes are not characters.
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16le": "UTF-16LE",
    "utf-16be": "UTF-16BE",
    "iso-8859-1": "ISO-8859-1",
    "iso-8859-15": "ISO-8859-15",
    "windows-1252": "windows-1252",
}
DELIMITERS = (",", ";", "\t", "|")
QUOTES = ('"', "'")
TYPES = {"csv": "CSV", "json": "JSON lines", "parquet": "Parquet"}
BYTE_ORDER_MARK = "\ufeff"
# End of a key -> how the file is compressed.
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
# First bytes -> what they are of.
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"PK\x03\x04": "zip",
    b"\xfd7zXZ": "xz",
    b"\x04\x22\x4d\x18": "lz4",
}
_OTHER_KINDS = {
    b"PAR1": "Parquet",
    b"Obj\x01": "Avro",
    b"ORC": "ORC",
    b"%PDF": "PDF",
}
# The longest first: UTF-32's begins with UTF-16's.
_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32LE",
    codecs.BOM_UTF32_BE: "UTF-32BE",
    codecs.BOM_UTF8: "UTF-8",
    codecs.BOM_UTF16_LE: "UTF-16LE",
    codecs.BOM_UTF16_BE: "UTF-16BE",
}
HEAD = 512  # how many bytes of a file are looked at


@dataclass(frozen=True)
class Format:
    """How the files of a data set are written.

    Attributes:
        type: `csv`, after RFC 4180 but for the others; `json`, an object a line; `parquet`.
        delimiter: what separates fields.
        quote: what encloses a field that holds a delimiter.
        encoding: one of `ENCODINGS`.
        multi_line: whether a quoted field may hold line ends.
    """

    delimiter: str = ","
    quote: str = '"'
    encoding: str = "UTF-8"
    multi_line: bool = False
    type: str = "csv"

    @property
    def has_header(self) -> bool:
        """Whether a file's first line names its columns."""
        return self.type == "csv"

    @property
    def is_text(self) -> bool:
        """Whether a file is lines of text."""
        return self.type != "parquet"

    def check_kind(self, head: bytes) -> None:
        """Looks at the first bytes of a file as it came.

        Raises:
            RefusedObject: they are not of the contract's kind of file.
        """
        if self.type == "parquet" and not head.startswith(b"PAR1"):
            raise RefusedObject("not_parquet", "the file does not begin as Parquet does")

    def check_text(self, head: bytes) -> None:
        """Looks at the first bytes of a file that is not compressed any more.

        Raises:
            RefusedObject: they are of another kind of file or another encoding.
        """
        for mark, kind in _OTHER_KINDS.items():
            if head.startswith(mark):
                raise RefusedObject(
                    f"not_{self.type}", f"the file is {kind}, the contract says {TYPES[self.type]}"
                )
        marked = next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)
        found = marked or ("UTF-16" if _looks_wide(head) else None)
        if self.encoding.startswith("UTF-16"):
            if found is None:
                found = "not UTF-16"
            elif found.startswith("UTF-16") and "UTF-16" in (self.encoding, found):
                return
        if found not in (None, self.encoding):
            raise RefusedObject("other_encoding", f"the file is {found}, the contract says {self.encoding}")

    def check_json(self, text: str) -> None:
        """Looks at the first characters of a file.

        Raises:
            RefusedObject: none of the lines in them is an object.
        """
        lines = text.removeprefix(BYTE_ORDER_MARK).splitlines()
        if not any(line.lstrip().startswith("{") for line in lines):
            array = text.lstrip(BYTE_ORDER_MARK + " \r\n\t").startswith("[")
            found = "the file is a JSON array" if array else "no line begins as a JSON object does"
            raise RefusedObject("not_json", f"{found}, the contract says JSON lines: one object in each line")


ORDINARY = Format()


def delimiter_name(delimiter: str) -> str:
    """A delimiter as a message has it."""
    return {",": "a comma", "\t": "a tab"}.get(delimiter, repr(delimiter))


def compression_of(key: str, head: bytes) -> str | None:
    """How a file is compressed, by its name.

    Raises:
        RefusedObject: its first bytes show another compression.
    """
    named = next((name for end, name in COMPRESSIONS.items() if key.lower().endswith(end)), None)
    found = next((name for mark, name in _COMPRESSED.items() if head.startswith(mark)), None)
    if named == found:
        return named
    if found is None:
        raise RefusedObject("other_compression", f"the name says {named}, the file is not compressed")
    ends = " and ".join(f"{end} ({name})" for end, name in COMPRESSIONS.items())
    said = f"the name says {named}" if named else "its name does not say so"
    raise RefusedObject("other_compression", f"the file is compressed with {found}, {said}: {ends} are read")


def _looks_wide(head: bytes) -> bool:
    """Whether most of the first bytes come in pairs with a zero, as Latin letters in UTF-16 do."""
    pairs = len(head) // 2
    zeros = max(head[0 : 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0))
    return pairs > 0 and zeros * 2 > pairs
