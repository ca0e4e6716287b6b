"""Copies of objects on disk: which are kept, and how their keys are read from their paths."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from strata.cloud.aws.s3.stored_objects import StoredObject
from strata.cloud.snowflake import file_cache
from strata.cloud.snowflake.file_cache import FileCache

NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
OBJECTS = [StoredObject(key, "etag", 4, NOON) for key in "abc"]


@pytest.fixture
def files(tmp_path: Path) -> Iterator[FileCache]:
    found = FileCache(tmp_path / "files")
    yield found
    found.close()


def body(stored: StoredObject) -> bytes:
    return stored.key.encode() * 4


def refused(stored: StoredObject) -> None:
    return None


@pytest.mark.parametrize(("read_again", "kept"), [(None, "bc"), (0, "ac")])
def test_what_was_not_read_for_longest_is_dropped(
    files: FileCache, monkeypatch: pytest.MonkeyPatch, read_again: int | None, kept: str
) -> None:
    monkeypatch.setattr(file_cache, "_CACHE_BYTES", 8)
    files.copies("bucket", OBJECTS[:2], body)
    if read_again is not None:
        files.copies("bucket", [OBJECTS[read_again]], refused)
    with files.reading():
        third = files.copies("bucket", OBJECTS[2:], body)
        with files.reading():  # another query's files stay, too
            assert len(files.copies("bucket", OBJECTS, refused)) == 3
        if read_again is not None:
            files.copies("bucket", [OBJECTS[1], OBJECTS[0], OBJECTS[2]], refused)
    with files.reading():
        pass
    left = "".join(copy.key for copy in files.copies("bucket", OBJECTS, refused))
    assert left == ("bc" if read_again is None else kept)
    assert third[0].path.read_bytes() == b"cccc"
    assert files.copies("other", OBJECTS, refused) == []


def test_another_etag_is_another_copy(files: FileCache) -> None:
    (first,) = files.copies("bucket", OBJECTS[:1], body)
    newer = StoredObject("a", "newer", 4, NOON)
    (second,) = files.copies("bucket", [newer], lambda stored: b"new")
    assert (first.path.read_bytes(), second.path.read_bytes()) == (b"aaaa", b"new")


@pytest.mark.parametrize("key", ["a/b=1/c.parquet", "%2F/é?*[x]", "..", "x" * 1024, "'\" +"])
def test_the_key_of_a_copy(files: FileCache, key: str) -> None:
    (copy,) = files.copies("bucket", [StoredObject(key, "etag", 1, NOON)], lambda stored: b"x")
    assert files.folder in copy.path.parents
    sql = f"SELECT {files.key_of('path')} FROM (SELECT ? AS path)"
    assert duckdb.execute(sql, [str(copy.path)]).fetchall() == [(key,)]


def test_many_copy_at_once(files: FileCache) -> None:
    objects = [StoredObject(f"k{number}", "etag", 4, NOON) for number in range(50)]
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: files.copies("bucket", objects, body), range(4)):
            assert [copy.path.read_bytes() for copy in found] == [body(stored) for stored in objects]
    assert len(list(files.folder.iterdir())) == len(objects)
