"""A file is read as its contract says it is written, or refused by a reason that names what is seen."""

from __future__ import annotations

import gzip
from typing import Any

import pyarrow as pa
import pytest

from glue_jobs import odcs
from glue_jobs.errors import RefusedObject

from .conftest import Buckets
from .documents import column, document, table

pytestmark = pytest.mark.spark

COLUMNS = [
    column("id", "int", required=True, primaryKey=True),
    column("day", "date", required=True, partitioned=True),
    column("note", "string"),
]
PLAIN = "id,day,note\n1,2026-01-05,a\n2,2026-01-05,é€\n"
ROWS = {2: (1, "a"), 3: (2, "é€")}


def zstd(content: bytes) -> bytes:
    return bytes(pa.compress(content, codec="zstd", asbytes=True))


def read(
    buckets: Buckets, content: bytes, key: str = "small/x.csv", **written: Any
) -> tuple[dict[int, tuple[int, str | None]], dict[str, int]]:
    """The clean rows by their lines, and the reasons of the others."""
    custom = {"format": written} if written else {}
    buckets.contract = odcs.from_document(document(table("small", COLUMNS, **custom)))
    buckets.put(key, content)
    report = buckets.run("clean", key)
    # No copy is left behind, packed or not.
    assert not list((buckets.processed / "work").rglob("*.*"))
    rows = buckets.clean_rows(key)
    return {row["source_line"]: (row["id"], row["note"]) for row in rows}, report["reasons"]


READ: dict[str, tuple[bytes, str, dict[str, Any]]] = {
    "semicolons": (PLAIN.replace(",", ";").encode(), "x.csv", {"delimiter": ";"}),
    "tabs": (PLAIN.replace(",", "\t").encode(), "x.csv", {"delimiter": "\t"}),
    "UTF-16 with a mark": (PLAIN.encode("utf-16"), "x.csv", {"encoding": "UTF-16"}),
    "UTF-16LE without one": (PLAIN.encode("utf-16-le"), "x.csv", {"encoding": "utf-16le"}),
    "UTF-16BE with one": (("\ufeff" + PLAIN).encode("utf-16-be"), "x.csv", {"encoding": "UTF-16BE"}),
    "windows-1252": (PLAIN.encode("cp1252"), "x.csv", {"encoding": "Windows-1252"}),
    "gzip": (gzip.compress(PLAIN.encode()), "x.csv.gz", {}),
    "gzip in two parts": (gzip.compress(PLAIN[:20].encode()) + gzip.compress(PLAIN[20:].encode()), "x.csv.gz", {}),
    "zstd": (zstd(PLAIN.encode()), "X.CSV.ZST", {}),
    "all at once": (gzip.compress(PLAIN.replace(",", ";").encode("utf-16")), "x.CSV.GZ", {"delimiter": ";", "encoding": "UTF-16"}),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_a_file_is_read_as_it_is_written(buckets: Buckets, name: str) -> None:
    content, file, written = READ[name]
    assert read(buckets, content, f"small/{file}", **written) == (ROWS, {})


def test_another_quote_and_delimiter(buckets: Buckets) -> None:
    content = "id;day;note\n1;2026-01-05;'a;b'\n2;2026-01-05;'it''s'\n3;2026-01-05;\"\n4;2026-01-05;a'b\n5,2026-01-05,x\n"
    rows, reasons = read(buckets, content.encode(), delimiter=";", quote="'")
    assert rows == {2: (1, "a;b"), 3: (2, "it's"), 4: (3, '"')}
    assert reasons == {"bad_quoting": 1, "wrong_delimiter": 1}


def test_fields_of_several_lines(buckets: Buckets) -> None:
    lines = [
        '1,2026-01-05,"a',
        'b"',
        '2,2026-01-05,"a ""b"",',
        "",
        '"',
        "3,2026-01-05,x",
        '4,2026-01-05,a"b',
        '5,2026-01-05,"ends"\r',
        '6,2026-01-05,"c\r',
        'd"\r',
        '7,2026-01-05,"e"f',
        "8,2026-01-05,y",
        # Never closed: the next quote ends it.
        '9,2026-01-05,"g',
        "10,2026-01-05,h",
        '11,2026-01-05,"i"',
        "12,2026-01-05,j",
        '13,2026-01-05,"k\n\n',
    ]
    rows, reasons = read(buckets, ("id,day,note\n" + "\n".join(lines) + "\n").encode(), multiLine=True)
    assert rows == {
        2: (1, "a\nb"),
        4: (2, 'a "b",\n\n'),
        7: (3, "x"),
        9: (5, "ends"),
        10: (6, "c\r\nd"),
        13: (8, "y"),
        17: (12, "j"),
    }
    assert reasons == {"bad_quoting": 4}


def test_a_quote_that_is_never_closed_takes_a_thousand_lines_at_once(buckets: Buckets) -> None:
    content = 'id,day,note\n1,2026-01-05,"\n' + "x\n" * 2_500
    rows, reasons = read(buckets, content.encode(), multiLine=True)
    assert rows == {}
    assert sum(reasons.values()) == 3


REFUSED: dict[str, tuple[bytes, str, dict[str, Any], str]] = {
    "semicolons": (PLAIN.replace(",", ";").encode(), "x.csv", {}, "other_delimiter: the columns are separated by ';', the contract says a comma"),
    "commas": (PLAIN.encode(), "x.csv", {"delimiter": "\t"}, "other_delimiter: the columns are separated by a comma, the contract says a tab"),
    "UTF-16": (PLAIN.encode("utf-16"), "x.csv", {}, "other_encoding: the file is UTF-16LE, the contract says UTF-8"),
    "UTF-16 without a mark": (PLAIN.encode("utf-16-be"), "x.csv", {}, "other_encoding: the file is UTF-16, the contract says UTF-8"),
    "the other UTF-16": (PLAIN.encode("utf-16"), "x.csv", {"encoding": "UTF-16BE"}, "other_encoding: the file is UTF-16LE, the contract says UTF-16BE"),
    "UTF-32": (PLAIN.encode("utf-32"), "x.csv", {}, "other_encoding: the file is UTF-32LE, the contract says UTF-8"),
    "UTF-8 for UTF-16": (PLAIN.encode(), "x.csv", {"encoding": "UTF-16"}, "other_encoding: the file is not UTF-16, the contract says UTF-16"),
    "UTF-8 for Latin": (("\ufeff" + PLAIN).encode(), "x.csv", {"encoding": "ISO-8859-1"}, "other_encoding: the file is UTF-8, the contract says ISO-8859-1"),
    "gzip without its end": (gzip.compress(PLAIN.encode()), "x.csv", {}, "other_compression: the file is compressed with gzip, its name does not say so: .gz (gzip) and .zst (zstd) are read"),
    "zstd as gzip": (zstd(PLAIN.encode()), "x.csv.gz", {}, "other_compression: the file is compressed with zstd, the name says gzip: .gz (gzip) and .zst (zstd) are read"),
    "bzip2": (b"BZh91AY", "x.csv", {}, "other_compression: the file is compressed with bzip2, its name does not say so: .gz (gzip) and .zst (zstd) are read"),
    "not gzip": (PLAIN.encode(), "x.csv.gz", {}, "other_compression: the name says gzip, the file is not compressed"),
    "half a gzip": (gzip.compress(PLAIN.encode() * 99)[:-12], "x.csv.gz", {}, "bad_compression: the file cannot be read as gzip: "),
    "half a zstd": (zstd(PLAIN.encode() * 99)[:-4], "x.csv.zst", {}, "bad_compression: the file cannot be read as zstd: "),
    "Parquet": (b"PAR1\x15\x04", "x.csv", {}, "not_csv: the file is Parquet, the contract says CSV"),
    "nothing, packed": (gzip.compress(b""), "x.csv.gz", {}, "empty_file: the file has blank lines only"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_another_format_is_named(buckets: Buckets, name: str) -> None:
    content, file, written, detail = REFUSED[name]
    with pytest.raises(RefusedObject) as caught:
        read(buckets, content, f"small/{file}", **written)
    assert str(caught.value).startswith(detail)
    # The quarantine has the file as it came.
    assert content in buckets.files("quarantine/objects").values()
    assert not list((buckets.processed / "work").rglob("*.*"))
