"""Objects of buckets for a reader in this process, the embedded Snowflake: no HTTP, but the same policies.

Each object that is read is asked for with the reader's keys. A decision is remembered while no policy that
it came from has changed, and holds for objects that no policy tells apart, unless it depends on what changes
by itself: the time, or an object's tags.
"""

from __future__ import annotations

import datetime
import io
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

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
        # A copy, which nothing interrupts: another request may store or delete an object meanwhile.
        versions = dict.copy(bucket.keys)
        newest = ((name, versions[name][-1]) for name in sorted(_under(prefix, versions)) if versions[name])
        return [
            StoredObject(name, found.etag.strip('"'), found.contentsize, found.last_modified)
            for name, found in newest
            if isinstance(found, FakeKey)
        ]

    def readable(self, keys: Keys, bucket_name: str, names: Iterable[str]) -> set[str]:
        """Return which objects may be read.

        Raises:
            StorageError: the bucket does not exist.
        """
        bucket, names = _existing(bucket_name), list(names)
        with self._asked(keys, bucket_name, {}):
            try:
                known = self._known(self._access.policies(bucket))
                fresh = self._decide(bucket, [name for name in names if name not in known], known)
            except AuthorizationError:
                return set()
            may_decrypt = self._access.decryption(bucket)
            return {
                name
                for name in names
                if (fresh[name] if name in fresh else known[name]) and may_decrypt(name)
            }

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

    def _decide(self, bucket: FakeBucket, names: Collection[str], known: dict[str, bool]) -> dict[str, bool]:
        """Return which objects may be read; keep in `known` what nothing but the policies decides."""
        if not names:
            return {}
        patterns = self._access.resources(bucket)
        found: dict[str, bool] = {}
        # By which of the patterns an object's ARN matches.
        alike: dict[tuple[bool, ...], bool] = {}
        for name in names:
            arn = f"arn:aws:s3:::{bucket.name}/{name}"
            kind = None if patterns is None else tuple(each.matches(arn, {}, arn=True) for each in patterns)
            if kind in alike:
                found[name] = known[name] = alike[kind]
                continue
            with self._access.dependencies() as depends:
                try:
                    self._access.require("s3:GetObject", arn, bucket)
                    found[name] = True
                except AuthorizationError:
                    found[name] = False
            if not depends:
                known[name] = found[name]
                if kind is not None:
                    alike[kind] = found[name]
        return found

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
        # Written out: the library's builder of requests takes three times as long as a decision.
        request = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": f"/{bucket_name}",
            "QUERY_STRING": urlencode(query),
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "HTTP_HOST": "localhost",
            "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
            "HTTP_X_AMZ_SECURITY_TOKEN": keys.session_token,
            "HTTP_X_AMZ_CONTENT_SHA256": _NOTHING,
            "HTTP_USER_AGENT": "snowflake/1.0",
        }
        with self._application.request_context(request):
            yield


def _under(prefix: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(prefix) and not name.endswith("/")]


def _existing(name: str) -> FakeBucket:
    bucket = bucket_named(name)
    if bucket is None:
        raise StorageError("NoSuchBucket", 404, "The specified bucket does not exist")
    return bucket
