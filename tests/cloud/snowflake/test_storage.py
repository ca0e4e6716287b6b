"""The bytes of bucket objects that stage storage caches."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from strata.cloud.aws.context import CloudContext
from strata.cloud.snowflake import storage
from strata.cloud.snowflake.storage import StageStorage, StoredObject

from .conftest import ACCOUNT, REGION

OBJECTS = [StoredObject(key, "etag", 4, datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)) for key in "abc"]


@pytest.mark.parametrize(
    ("read_again", "cached"),
    [(None, [None, b"bbbb", b"cccc"]), (0, [b"aaaa", None, b"cccc"])],
)
def test_the_cache_drops_what_was_not_read_for_longest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_again: int | None, cached: list[bytes | None]
) -> None:
    monkeypatch.setattr(storage, "_CACHE_BYTES", 8)
    found = StageStorage(CloudContext(ACCOUNT, REGION, tmp_path), lambda: None)
    for stored in OBJECTS[:2]:
        found.keep("bucket", stored, stored.key.encode() * 4)
    if read_again is not None:
        found.cached("bucket", OBJECTS[read_again])
    found.keep("bucket", OBJECTS[2], b"cccc")
    assert [found.cached("bucket", stored) for stored in OBJECTS] == cached
    assert found.cached("other", OBJECTS[2]) is None
    found.close()
