"""External storage: the buckets of the embedded S3, read with the credentials of a storage integration.

Bytes are cached by ETag, as a warehouse caches them on its local disk. Every query lists the bucket and asks
for each object, with the assumed role, so that it sees changed, deleted and forbidden objects.
"""

from __future__ import annotations

import datetime
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from strata.cloud.aws.context import CloudContext
from strata.cloud.snowflake.catalog import Catalog, Integration, Stage
from strata.cloud.snowflake.errors import SqlError, not_implemented

# The IAM user of this Snowflake account, in Snowflake's own AWS account.
USER_ARN = "arn:aws:iam::210987654321:user/strata-embedded-snowflake"
_CACHE_BYTES = 256 * 1024 * 1024

AssumeRole = Callable[..., Any]


@dataclass(frozen=True)
class StoredObject:
    """An object of a bucket; `key` is its path from the bucket's root."""

    key: str
    etag: str
    size: int
    last_modified: datetime.datetime


def split_url(url: str) -> tuple[str, str]:
    """Split `s3://bucket/prefix` into bucket and prefix; `s3china` and `s3gov` are other partitions' schemes.

    Raises:
        SqlError: the URL has another form.
    """
    match = re.fullmatch(r"s3(?:china|gov)?://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", url)
    if match is None:
        raise SqlError(
            f"SQL compilation error:\ninvalid URL prefix found in: '{url}'", code=1008, sqlstate="22023"
        )
    return match[1], match[2] or ""


def check_scheme(provider: str, url: str) -> None:
    """Require the scheme of a storage provider: `s3gov://` for S3GOV.

    Raises:
        SqlError: the URL has another scheme, or is not a URL of S3.
    """
    split_url(url)
    if url.partition("://")[0] != provider.lower():
        raise SqlError(
            f"SQL compilation error:\ninvalid URL prefix found in: '{url}'", code=1008, sqlstate="22023"
        )


def check_location(integration: Integration, url: str) -> None:
    """Require that a location is in an allowed location of the integration and in none of the blocked.

    Raises:
        SqlError: the location is not allowed.
    """
    check_scheme(integration.options["STORAGE_PROVIDER"], url)
    place = url.rstrip("/") + "/"

    def inside(location: str) -> bool:
        return location == "*" or place.startswith(location.rstrip("/") + "/")

    allowed = integration.options.get("STORAGE_ALLOWED_LOCATIONS") or []
    blocked = integration.options.get("STORAGE_BLOCKED_LOCATIONS") or []
    if not any(inside(location) for location in allowed) or any(inside(location) for location in blocked):
        raise SqlError(
            f"SQL compilation error:\nLocation '{url}' is not allowed by integration '{integration.name}'. "
            "Please use "
            "DESC INTEGRATION to check out allowed and blocked locations.",
            code=3138,
            sqlstate="42601",
        )


def bound_integration(catalog: Catalog, stage: Stage) -> Integration:
    """Return the integration that a stage is bound to.

    Raises:
        SqlError: the stage has none, or the integration was dropped or replaced or is disabled.
    """
    integration = catalog.integrations.get(stage.integration)
    if not stage.integration:
        raise SqlError(f"SQL compilation error:\nStage '{stage.name}' has no storage integration.", code=2003)
    if integration is None or integration.identity != stage.integration_identity:
        raise SqlError(
            f"SQL execution error:\nFailure using stage area. Cause: [Integration {stage.integration} "
            "associated with "
            f"the stage {stage.name} cannot be found.]",
            code=91003,
            sqlstate="22000",
        )
    if not integration.options.get("ENABLED"):
        raise SqlError(
            f"SQL execution error:\nFailure using stage area. Cause: [Integration {integration.name} is "
            "disabled.]",
            code=91003,
            sqlstate="22000",
        )
    return integration


class Bucket:
    """A bucket, accessed with an assumed role."""

    def __init__(self, storage: StageStorage, name: str, client: Any) -> None:
        self._storage = storage
        self.name = name
        self._client = client

    def objects(self, prefix: str) -> list[StoredObject]:
        """Return the objects under a prefix, without folder markers.

        Raises:
            SqlError: S3 refuses.
        """
        found = []
        try:
            for page in self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=prefix
            ):
                for entry in page.get("Contents", ()):
                    if not entry["Key"].endswith("/"):
                        etag = entry["ETag"].strip('"')
                        found.append(StoredObject(entry["Key"], etag, entry["Size"], entry["LastModified"]))
        except (ClientError, BotoCoreError) as error:
            raise SqlError(
                f"Failure using stage area. Cause: [{error}] (s3://{self.name}/{prefix})",
                code=91003,
                sqlstate="22000",
            ) from None
        return found

    def read(self, objects: Sequence[StoredObject]) -> list[bytes | None]:
        """Read objects in parallel; None for one that cannot be read."""
        return list(self._storage.pool.map(self._read, objects))

    def _read(self, stored: StoredObject) -> bytes | None:
        cached = self._storage.cached(self.name, stored)
        condition = {} if cached is None else {"IfNoneMatch": f'"{stored.etag}"'}
        try:
            # S3 is asked for cached bytes too: the role may have lost its access.
            body: bytes = self._client.get_object(Bucket=self.name, Key=stored.key, **condition)[
                "Body"
            ].read()
        except ClientError as error:
            unchanged = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 304
            return cached if unchanged else None
        except BotoCoreError:
            return None
        self._storage.keep(self.name, stored, body)
        return body


class StageStorage:
    """Opens buckets for integrations; `assume_role` is the embedded STS's function."""

    def __init__(self, context: CloudContext, assume_role: AssumeRole) -> None:
        self._context = context
        self._assume_role = assume_role
        self._session = botocore.session.Session()
        self._session_lock = threading.Lock()
        self.pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="snowflake-scan")
        self._bytes: OrderedDict[tuple[str, str, str], bytes] = OrderedDict()
        self._size = 0
        self._cache_lock = threading.Lock()

    def close(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)

    def open(self, integration: Integration, bucket: str) -> Bucket:
        """Return a bucket, accessed with the integration's role.

        Raises:
            SqlError: the role does not trust this account's user with the integration's external id, or its
                partition is not that of the embedded AWS.
        """
        if integration.options["STORAGE_PROVIDER"] != "S3":
            raise not_implemented(f"reading STORAGE_PROVIDER = '{integration.options['STORAGE_PROVIDER']}'")
        role_arn = integration.options.get("STORAGE_AWS_ROLE_ARN") or ""
        try:
            credentials = self._assume_role(
                role_arn,
                principal_arn=USER_ARN,
                external_id=integration.options.get("STORAGE_AWS_EXTERNAL_ID") or "",
                session_name="snowflake",
            )
        except Exception as error:
            raise SqlError(
                f"SQL execution error:\nError assuming AWS_ROLE:\nUser: {USER_ARN} is not authorized to "
                "perform: "
                f"sts:AssumeRole on resource: {role_arn} ({error})",
                code=3167,
                sqlstate="42601",
            ) from None
        with self._session_lock:
            client = self._session.create_client(
                "s3",
                region_name=self._context.region,
                endpoint_url=self._context.aws_url,
                aws_access_key_id=credentials.access_key_id,
                aws_secret_access_key=credentials.secret_access_key,
                aws_session_token=credentials.session_token,
                config=Config(
                    s3={"addressing_style": "path"},
                    proxies={},
                    max_pool_connections=16,
                    retries={"max_attempts": 2},
                    connect_timeout=5,
                    # The server is local: it responds, or the connection closes.
                    read_timeout=None,
                ),
            )
        return Bucket(self, bucket, client)

    def cached(self, bucket: str, stored: StoredObject) -> bytes | None:
        key = (bucket, stored.key, stored.etag)
        with self._cache_lock:
            if key in self._bytes:
                self._bytes.move_to_end(key)
            return self._bytes.get(key)

    def keep(self, bucket: str, stored: StoredObject, body: bytes) -> None:
        with self._cache_lock:
            self._bytes[bucket, stored.key, stored.etag] = body
            self._size += len(body)
            while self._size > _CACHE_BYTES and len(self._bytes) > 1:
                _, dropped = self._bytes.popitem(last=False)
                self._size -= len(dropped)
