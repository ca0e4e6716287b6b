"""Whole objects through Spark's file systems."""

from __future__ import annotations

import gzip

import pytest
from pyspark.sql import SparkSession

from glue_jobs.errors import RefusedObject
from glue_jobs.storage import JobStorage

from .conftest import Buckets

pytestmark = pytest.mark.spark


@pytest.fixture
def storage(spark: SparkSession) -> JobStorage:
    return JobStorage(spark)


def test_a_document_is_written_and_read(storage: JobStorage, buckets: Buckets) -> None:
    uri = f"s3://{buckets.processed_name}/reports/a.json"
    assert (storage.read(uri), storage.text(uri), storage.size(uri)) == (None, None, None)
    storage.write(uri, {"key": "ü", "rows": 1, "more": "x" * 99})
    storage.write(uri, {"key": "ü", "rows": 2})
    # People read it, too.
    assert buckets.files() == {"reports/a.json": '{\n "key": "ü",\n "rows": 2\n}'.encode()}
    assert storage.read(uri) == {"key": "ü", "rows": 2}
    assert storage.size(uri) == 28


def test_a_text_has_no_byte_order_mark(storage: JobStorage, buckets: Buckets) -> None:
    buckets.put("reference/a.csv", "\ufeffid,näme\n")
    assert storage.text(f"s3://{buckets.raw_name}/reference/a.csv") == "id,näme\n"


def test_a_folder_holds_files_and_folders(storage: JobStorage, buckets: Buckets) -> None:
    folder = f"s3://{buckets.raw_name}/made"
    assert storage.folders(folder) == []
    for key in ("made/b/1", "made/a/2", "made/c"):
        buckets.put(key, b"")
    assert (sorted(storage.folders(folder)), storage.files(folder)) == (["a", "b"], ["c"])
    assert (storage.size(folder), storage.size(f"{folder}/c")) == (None, 0)


def test_an_object_is_copied_and_deleted(storage: JobStorage, buckets: Buckets) -> None:
    buckets.put("made/a", b"new")
    source, target = f"s3://{buckets.raw_name}/made/a", f"s3://{buckets.processed_name}/other/folder/b"
    (buckets.processed / "other/folder").mkdir(parents=True)
    (buckets.processed / "other/folder/b").write_bytes(b"the older one")
    storage.copy(source, target)
    storage.copy(source, f"s3://{buckets.processed_name}/new/folder/c")
    assert buckets.files() == {"new/folder/c": b"new", "other/folder/b": b"new"}
    assert storage.size(source) == 3
    storage.delete(target)
    storage.delete(target)
    storage.delete(f"s3://{buckets.processed_name}/new")
    assert buckets.files() == {}


def test_the_first_bytes_of_an_object(storage: JobStorage, buckets: Buckets) -> None:
    buckets.put("long", b"0123456789" * 100)
    buckets.put("packed", gzip.compress(b"0123456789" * 100))
    long, packed = f"s3://{buckets.raw_name}/long", f"s3://{buckets.raw_name}/packed"
    assert (storage.head(long), storage.head(long, size=4)) == (b"0123456789" * 51 + b"01", b"0123")
    assert storage.head(packed, "gzip", 4) == b"0123"
    with pytest.raises(
        RefusedObject, match=r"^bad_compression: the file cannot be read as gzip: Not in GZIP"
    ):
        storage.head(long, "gzip")


def test_an_object_becomes_plain_text(storage: JobStorage, buckets: Buckets) -> None:
    # More than a buffer of Java's.
    lines = "é€\n" * 9_000
    target = f"s3://{buckets.processed_name}/a.text"
    buckets.put("packed", gzip.compress(lines.encode()))
    storage.to_plain_text(f"s3://{buckets.raw_name}/packed", target, "gzip", "UTF-8")
    assert buckets.files() == {"a.text": lines.encode()}
    buckets.put("wide", lines.encode("utf-16"))
    storage.to_plain_text(f"s3://{buckets.raw_name}/wide", target, None, "UTF-16")
    assert buckets.files() == {"a.text": lines.encode()}
    buckets.put("both", gzip.compress(lines.encode("cp1252")))
    storage.to_plain_text(f"s3://{buckets.raw_name}/both", target, "gzip", "windows-1252")
    assert buckets.files() == {"a.text": lines.encode()}
