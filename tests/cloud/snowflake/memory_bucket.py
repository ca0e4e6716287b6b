"""A bucket in memory, and an external table of three files in it."""

from __future__ import annotations

import datetime
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from strata.cloud.snowflake.file_cache import FileCache, LocalFile
from strata.cloud.snowflake.storage import StoredObject

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
DDL = """
CREATE DATABASE D;
CREATE STORAGE INTEGRATION I TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE
  STORAGE_AWS_ROLE_ARN = 'arn:x' STORAGE_ALLOWED_LOCATIONS = ('*');
CREATE STAGE S URL = 's3://bucket/root' STORAGE_INTEGRATION = I FILE_FORMAT = (TYPE = PARQUET);
CREATE EXTERNAL TABLE T (
  A INT AS (VALUE:a::INT), B VARCHAR AS (VALUE['b']::VARCHAR), "c" VARCHAR AS (VALUE:c::VARCHAR),
  D DATE AS (SPLIT_PART(SPLIT_PART(METADATA$FILENAME, 'd=', 2), '/', 1)::DATE),
  O VARCHAR AS (SPLIT_PART(SPLIT_PART(METADATA$FILENAME, 'o=', 2), '/', 1))
) PARTITION BY (D, O) LOCATION = @S/t/ REFRESH_ON_CREATE = FALSE AUTO_REFRESH = FALSE
"""


class Bucket:
    """Objects in memory; `listed` and `read` are what was asked for, `lost` what cannot be read."""

    def __init__(self, files: FileCache) -> None:
        self.files = files
        self.bodies: dict[str, bytes] = {}
        self.listed: list[str] = []
        self.asked: list[str] = []
        self.lost: set[str] = set()
        self.opened = 0

    def put(self, name: str, rows: Any) -> str:
        key = f"root/t/{name}"
        self.bodies[key] = rows if isinstance(rows, bytes) else parquet(rows)
        return key

    def objects(self, prefix: str) -> list[StoredObject]:
        self.listed.append(prefix)
        return [
            StoredObject(key, str(hash(body)), len(body), NOW)
            for key, body in sorted(self.bodies.items())
            if key.startswith(prefix)
        ]

    def read(self, objects: list[StoredObject], convert: None = None) -> list[LocalFile]:
        self.asked += [stored.key for stored in objects]
        found = [stored for stored in objects if stored.key not in self.lost]
        return self.files.copies("bucket", found, lambda stored: self.bodies[stored.key])


def parquet(rows: list[dict[str, Any]]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer)
    return buffer.getvalue()
