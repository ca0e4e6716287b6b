"""Objects of buckets for a reader in this process, the embedded Snowflake: no HTTP, but the same policies.

Each object that is read is asked for with the reader's keys. A decision is remembered while no policy that
it came from has changed, unless it depends on what changes by itself: the time, or an object's tags.
"""

from __future__ import annotations

import datetime
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from typing import Protocol

from flask import Flask
from moto.s3.models import FakeBucket, FakeKey
from moto.s3.utils import ARCHIVE_STORAGE_CLASSES

from strata.cloud.aws.iam.authorization import AuthorizationError
from strata.cloud.aws.s3.access import S3Access
from strata.cloud.aws.s3.buckets import bucket_named

# How many sets of policies, each with the decisions made by it, are remembered.
_POLICIES = 8
_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


class Keys(Protocol):
    """Temporary keys."""

    access_key_id: str
    session_token: str


class StorageError(Exception):
    """S3 refuses; `code` is its error code and `status` that of HTTP."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True)
class StoredObject:
    """An object of a bucket; `key` is its path from the bucket's root."""

    key: str
    etag: str
    size: int
    last_modified: datetime.datetime


class StoredObjects:
    """Lists and reads objects of the embedded S3.

    Args:
        access: decides on each.
        region: where the reader's requests go.
    """

    def __init__(self, access: S3Access, region: str) -> None:
        self._access = access
        self._region = region
        self._application = Flask(__name__)
        self._decided: OrderedDict[object, dict[str, bool]] = OrderedDict()

    def list(self, keys: Keys, bucket_name: str, prefix: str) -> list[StoredObject]:
        """Return the objects under a prefix, by their keys, without folder markers.

        Raises:
            StorageError: the bucket does not exist, or may not be listed.
        """
        bucket = _existing(bucket_name)
        with self._asked(keys, bucket_name, {"list-type": "2", "prefix": prefix}):
            try:
                self._access.require("s3:ListBucket", f"arn:aws:s3:::{bucket_name}", bucket)
            except AuthorizationError as refusal:
                raise StorageError(refusal.code, 403, refusal.message) from None
        there = [(name, found) for name, found in bucket.keys.items() if name.startswith(prefix)]
        return [
            StoredObject(name, found.etag.strip('"'), found.contentsize, found.last_modified)
            for name, found in sorted(there, key=itemgetter(0))
            if isinstance(found, FakeKey) and not name.endswith("/")
        ]

    def readable(self, keys: Keys, bucket_name: str, names: Iterable[str]) -> set[str]:
        """Return which objects may be read.

        Raises:
            StorageError: the bucket does not exist.
        """
        bucket = _existing(bucket_name)
        with self._asked(keys, bucket_name, {}):
            try:
                known = self._known(self._access.policies(bucket))
            except AuthorizationError:
                return set()
            may_decrypt = self._access.decryption(bucket)
            return {name for name in names if self._may_read(bucket, name, known) and may_decrypt(name)}

    def body(self, bucket_name: str, stored: StoredObject) -> bytes | None:
        """Return the bytes of an object that may be read; None if it is another one now, or archived."""
        bucket = bucket_named(bucket_name)
        found = bucket.keys.get(stored.key) if bucket is not None else None
        if not isinstance(found, FakeKey) or found.etag.strip('"') != stored.etag:
            return None
        if found.storage_class in ARCHIVE_STORAGE_CLASSES:
            restored = 'ongoing-request="false"' in found.response_dict.get("x-amz-restore", "")
            return bytes(found.value) if restored else None
        return bytes(found.value)

    def _may_read(self, bucket: FakeBucket, name: str, known: dict[str, bool]) -> bool:
        if name in known:
            return known[name]
        with self._access.dependencies() as depends:
            try:
                self._access.require("s3:GetObject", f"arn:aws:s3:::{bucket.name}/{name}", bucket)
                allowed = True
            except AuthorizationError:
                allowed = False
        if not depends:
            known[name] = allowed
        return allowed

    def _known(self, policies: object) -> dict[str, bool]:
        """Return the decisions made by these policies."""
        known = self._decided.setdefault(policies, {})
        self._decided.move_to_end(policies)
        while len(self._decided) > _POLICIES:
            self._decided.popitem(last=False)
        return known

    @contextmanager
    def _asked(self, keys: Keys, bucket_name: str, query: dict[str, str]) -> Iterator[None]:
        """Decide as on a request with these keys."""
        scope = f"{keys.access_key_id}/20260101/{self._region}/s3/aws4_request"
        headers = {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
            "X-Amz-Security-Token": keys.session_token,
            "X-Amz-Content-Sha256": _NOTHING,
            "User-Agent": "snowflake/1.0",
        }
        with self._application.test_request_context(
            f"/{bucket_name}",
            query_string=query,
            headers=headers,
            environ_base={"REMOTE_ADDR": "127.0.0.1"},
        ):
            yield


def _existing(name: str) -> FakeBucket:
    bucket = bucket_named(name)
    if bucket is None:
        raise StorageError("NoSuchBucket", 404, "The specified bucket does not exist")
    return bucket
