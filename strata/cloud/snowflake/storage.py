"""External storage: the buckets of the embedded S3, read with the credentials of a storage integration.

Objects are copied to disk by ETag, as a warehouse caches them. Every query lists the bucket and asks for
each object, with the assumed role, so that it sees changed, deleted and forbidden objects.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.s3.stored_objects import StorageError, StoredObject, StoredObjects
from strata.cloud.snowflake.aws_account import USER_ARN
from strata.cloud.snowflake.catalog import Catalog, Integration, Stage
from strata.cloud.snowflake.errors import SqlError, not_implemented
from strata.cloud.snowflake.file_cache import FileCache, LocalFile, load_reader
from strata.cloud.snowflake.text_files import Conversion

__all__ = ["Bucket", "StageStorage", "StoredObject"]

AssumeRole = Callable[..., Any]


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

    def __init__(self, storage: StageStorage, name: str, objects: StoredObjects, keys: Any) -> None:
        self._storage = storage
        self.name = name
        self._objects = objects
        self._keys = keys

    def objects(self, prefix: str) -> list[StoredObject]:
        """Return the objects under a prefix, without folder markers.

        Raises:
            SqlError: S3 refuses.
        """
        try:
            return self._objects.list(self._keys, self.name, prefix)
        except StorageError as error:
            raise SqlError(
                f"Failure using stage area. Cause: [{error} (Status Code: {error.status}; "
                f"Error Code: {error.code})] (s3://{self.name}/{prefix})",
                code=91003,
                sqlstate="22000",
            ) from None

    def read(self, objects: Sequence[StoredObject], convert: Conversion | None = None) -> list[LocalFile]:
        """Return copies of the objects on disk, as Parquet, without those that may not or cannot be read.

        Raises:
            SqlError: an object holds what is not implemented.
        """
        # S3 is asked for copied objects too: the role may have lost its access.
        try:
            allowed = self._objects.readable(self._keys, self.name, [stored.key for stored in objects])
        except StorageError:
            return []
        return self._storage.files.copies(
            self.name, [stored for stored in objects if stored.key in allowed], self._body, convert
        )

    def _body(self, stored: StoredObject) -> bytes | None:
        return self._objects.body(self.name, stored)


class StageStorage:
    """Opens buckets for integrations; `assume_role` is the embedded STS's function."""

    def __init__(self, context: CloudContext, assume_role: AssumeRole) -> None:
        self._context = context
        self._assume_role = assume_role
        self.files = FileCache(context.directory / "snowflake-files")

    def close(self) -> None:
        self.files.close()

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
            keys = self._assume_role(
                role_arn,
                principal_arn=USER_ARN,
                external_id=integration.options.get("STORAGE_AWS_EXTERNAL_ID") or "",
                session_name="snowflake",
                # A query is a session otherwise, and each stays for an hour.
                reuse=True,
            )
        except Exception as error:
            raise SqlError(
                f"SQL execution error:\nError assuming AWS_ROLE:\nUser: {USER_ARN} is not authorized to "
                "perform: "
                f"sts:AssumeRole on resource: {role_arn} ({error})",
                code=3167,
                sqlstate="42601",
            ) from None
        assert self._context.objects is not None, "the AWS that has the role runs"
        # A table opens its bucket when it is made.
        load_reader()
        return Bucket(self, bucket, self._context.objects, keys)
