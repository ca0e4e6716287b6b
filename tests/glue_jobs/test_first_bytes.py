"""What a contract says of a file's format, and what the first bytes of a file show; nothing is read by Spark."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from glue_jobs import odcs
from glue_jobs.errors import RefusedObject
from glue_jobs.formats import Format, compression_of, delimiter_name

from .documents import customs
from .test_odcs import GOOD

JSON, PARQUET = Format(type="json"), Format(type="parquet")
WIDE, LITTLE, BIG = (Format(encoding=name) for name in ("UTF-16", "UTF-16LE", "UTF-16BE"))


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ({}, Format(",", '"', "UTF-8", False, "csv")),
        ({"type": "csv", "delimiter": "|", "quote": "'"}, Format("|", "'")),
        ({"delimiter": "\t", "multiLine": True}, Format("\t", multi_line=True)),
        ({"multiLine": False}, Format()),
        ({"encoding": "Utf-16le"}, LITTLE),
        ({"encoding": "ISO-8859-15"}, Format(encoding="ISO-8859-15")),
        ({"type": "json"}, JSON),
        ({"type": "json", "encoding": "windows-1252"}, Format(encoding="windows-1252", type="json")),
        ({"type": "parquet"}, PARQUET),
    ],
)
def test_a_format_is_as_the_document_says(written: dict[str, Any], made: Format) -> None:
    changed = copy.deepcopy(GOOD)
    changed["schema"][0]["customProperties"].extend(customs(format=written))
    assert odcs.from_document(changed).format == made


@pytest.mark.parametrize(
    ("made", "has_header", "is_text"), [(Format(), True, True), (JSON, False, True), (PARQUET, False, False)]
)
def test_kinds_of_files(made: Format, has_header: bool, is_text: bool) -> None:
    assert (made.has_header, made.is_text) == (has_header, is_text)


def refusal(look: Any, *arguments: object) -> str | None:
    try:
        look(*arguments)
    except RefusedObject as refused:
        return str(refused)
    return None


@pytest.mark.parametrize(
    ("made", "head", "message"),
    [
        (PARQUET, b"PAR1\x15", None),
        (PARQUET, b"id,PAR1", "not_parquet: the file does not begin as Parquet does"),
        (PARQUET, b"", "not_parquet: the file does not begin as Parquet does"),
        (Format(), b"PAR1", None),
    ],
)
def test_parquet_begins_as_it_must(made: Format, head: bytes, message: str | None) -> None:
    assert refusal(made.check_kind, head) == message


UTF_8 = "the contract says UTF-8"


@pytest.mark.parametrize(
    ("made", "head", "message"),
    [
        (Format(), b"id,day\n1,2", None),
        (Format(), b"", None),
        (Format(), b"\xef\xbb\xbfid", None),
        (Format(), b"id PAR1", None),
        (Format(), b"PAR1", "not_csv: the file is Parquet, the contract says CSV"),
        (JSON, b"Obj\x01", "not_json: the file is Avro, the contract says JSON lines"),
        (JSON, b"ORC", "not_json: the file is ORC, the contract says JSON lines"),
        (Format(), b"%PDF-1.7", "not_csv: the file is PDF, the contract says CSV"),
        (Format(), b"\xff\xfei\x00d\x00", f"other_encoding: the file is UTF-16LE, {UTF_8}"),
        (Format(), b"\xfe\xff\x00i", f"other_encoding: the file is UTF-16BE, {UTF_8}"),
        (Format(), b"\xff\xfe\x00\x00i\x00\x00\x00", f"other_encoding: the file is UTF-32LE, {UTF_8}"),
        (Format(), b"\x00\x00\xfe\xff\x00\x00\x00i", f"other_encoding: the file is UTF-32BE, {UTF_8}"),
        (Format(), b"i\x00d\x00", f"other_encoding: the file is UTF-16, {UTF_8}"),
        (Format(), b"\x00i\x00d", f"other_encoding: the file is UTF-16, {UTF_8}"),
        # A zero or two are not an encoding.
        (Format(), b"i\x00d\x00ab78", None),
        (Format(), b"i\x00d\x00a\x0078", f"other_encoding: the file is UTF-16, {UTF_8}"),
        (Format(), b"i\x00d\x00a", f"other_encoding: the file is UTF-16, {UTF_8}"),
        (Format(), b"\x00", None),
        (WIDE, b"\xff\xfei\x00", None),
        (WIDE, b"\xfe\xff\x00i", None),
        (WIDE, b"\x00i\x00d", None),
        (WIDE, b"id", "other_encoding: the file is not UTF-16, the contract says UTF-16"),
        (WIDE, b"\xef\xbb\xbfid", "other_encoding: the file is UTF-8, the contract says UTF-16"),
        (LITTLE, b"\xff\xfei\x00", None),
        (LITTLE, b"i\x00d\x00", None),
        (LITTLE, b"\xfe\xff\x00i", "other_encoding: the file is UTF-16BE, the contract says UTF-16LE"),
        (BIG, b"\xff\xfei\x00", "other_encoding: the file is UTF-16LE, the contract says UTF-16BE"),
        (BIG, b"id", "other_encoding: the file is not UTF-16, the contract says UTF-16BE"),
        (Format(encoding="ISO-8859-1"), b"\xe9t\xe9", None),
        (Format(encoding="ISO-8859-1"), b"\xef\xbb\xbfid", "other_encoding: the file is UTF-8, the contract says ISO-8859-1"),
    ],
)  # fmt: skip
def test_text_is_of_the_contracts_encoding(made: Format, head: bytes, message: str | None) -> None:
    assert refusal(made.check_text, head) == message


LINES = "the contract says JSON lines: one object in each line"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"id": 1}\n', None),
        ('\ufeff{"id": 1}', None),
        (' \t{"id": 1}', None),
        # Lines that are not objects are quarantined one by one.
        ('1\n[]\n{"id": 1}', None),
        ('\ufeff [\n{"id": 1}]', None),
        ('[{"id": 1}]', f"not_json: the file is a JSON array, {LINES}"),
        ('\ufeff \r\n\t[1, {"id": 1}]', f"not_json: the file is a JSON array, {LINES}"),
        ("id,day\n1{", f"not_json: no line begins as a JSON object does, {LINES}"),
        ("", f"not_json: no line begins as a JSON object does, {LINES}"),
    ],
)
def test_json_lines_begin_with_objects(text: str, message: str | None) -> None:
    assert refusal(JSON.check_json, text) == message


READ = ".gz (gzip) and .zst (zstd) are read"


@pytest.mark.parametrize(
    ("key", "head", "found"),
    [
        ("a.csv", b"id", None),
        ("a.csv.gz", b"\x1f\x8b\x08", "gzip"),
        ("A.CSV.GZ", b"\x1f\x8b\x08", "gzip"),
        ("a.zst", b"\x28\xb5\x2f\xfd\x00", "zstd"),
        # The name's end counts, and the file's beginning.
        (".gz.csv", b"id\x1f\x8b", None),
        ("a.csv", b"", None),
    ],
)
def test_a_name_says_how_a_file_is_compressed(key: str, head: bytes, found: str | None) -> None:
    assert compression_of(key, head) == found


@pytest.mark.parametrize(
    ("key", "head", "message"),
    [
        ("a.gz", b"id", "the name says gzip, the file is not compressed"),
        ("a.zst", b"\x1f\x8b", f"the file is compressed with gzip, the name says zstd: {READ}"),
        ("a.csv", b"\x28\xb5\x2f\xfd", f"the file is compressed with zstd, its name does not say so: {READ}"),
        ("a.bz2", b"BZh9", f"the file is compressed with bzip2, its name does not say so: {READ}"),
        ("a.zip", b"PK\x03\x04", f"the file is compressed with zip, its name does not say so: {READ}"),
        ("a.xz", b"\xfd7zXZ\x00", f"the file is compressed with xz, its name does not say so: {READ}"),
        ("a.lz4", b"\x04\x22\x4d\x18", f"the file is compressed with lz4, its name does not say so: {READ}"),
    ],
)
def test_another_compression_than_the_names_is_refused(key: str, head: bytes, message: str) -> None:
    assert refusal(compression_of, key, head) == f"other_compression: {message}"


def test_a_delimiter_has_a_name() -> None:
    assert [delimiter_name(mark) for mark in ",\t;|"] == ["a comma", "a tab", "';'", "'|'"]
