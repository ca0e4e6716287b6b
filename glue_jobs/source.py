"""The raw object in the version of the run's event.

Spark's S3 clients, Glue's own as well as S3A, read a key's newest bytes only: another object may have taken
its place since the event. S3 itself copies a version by its id, and only if its ETag is the event's, so Spark
reads such a copy (docs/decisions/0060-a-run-reads-its-version.md).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from glue_jobs import leftovers
from glue_jobs.arguments import JobArguments, is_older
from glue_jobs.errors import JobError, SupersededVersion

# What was put into a bucket without versions.
NULL_VERSION = "null"
# One request copies 5 GB at most; parts of this size go side by side.
PART_BYTES = 128 * 2**20
_GONE = {
    # A HEAD has no body, and so no name of an error: missing, a delete marker, another ETag.
    "HeadObject": {"404", "405", "412"},
    "CopyObject": {"NoSuchKey", "NoSuchVersion", "PreconditionFailed"},
    "UploadPartCopy": {"NoSuchKey", "NoSuchVersion", "PreconditionFailed"},
}


@contextmanager
def copied(arguments: JobArguments, folder: str) -> Iterator[Callable[[], str]]:
    """Copies the event's version in the background, and removes the copy at the end.

    Args:
        arguments: which version of which object.
        folder: the URI under which the object's copies are; those of older or equal versions, which killed
            runs have left, are removed.

    Yields:
        Waits for the copy and returns its URI. It raises SupersededVersion if the version is gone or has
        another ETag, and JobError if it cannot be copied.
    """
    name = f"{own_folder(arguments)}/{_name(arguments.key)}"
    with ThreadPoolExecutor() as pool:
        store = pool.submit(Copies, folder)
        copy = pool.submit(lambda: store.result().copy(arguments, name))
        try:
            yield copy.result
        finally:
            # Also the copy of a run that has failed meanwhile.
            if copy.exception() is None:
                store.result().remove(name)


def own_folder(arguments: JobArguments) -> str:
    """A new name among an object's copies, by which they are swept.

    It is the run's own: one that should be dead removes what it has made, not what its successor has.
    """
    return f"{arguments.sequencer}-{uuid.uuid4().hex}"


def split(folder: str) -> tuple[str, str]:
    """The bucket of a folder's URI, and its prefix with the slash."""
    parts = urlsplit(folder)
    return parts.netloc, f"{parts.path.strip('/')}/"


def keys(client: Any, bucket: str, prefix: str) -> Iterator[str]:
    """The keys below a prefix."""
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from (item["Key"] for item in page.get("Contents", []))


def is_gone(report: Mapping[str, Any]) -> bool:
    """Whether the version that a report is of is gone."""
    import boto3
    from botocore.exceptions import ClientError

    try:
        boto3.client("s3").head_object(
            **_version(report["bucket"], report["key"], report["version_id"]), IfMatch=f'"{report["etag"]}"'
        )
    except ClientError as error:
        if _says_gone(error):
            return True
        raise
    return False


def sweep(arguments: JobArguments) -> None:
    """Removes what killed runs of the object have left; `copied` does so as well."""
    import boto3

    leftovers.sweep(boto3.client("s3"), arguments)


class Copies:
    """The folder of an object's copies."""

    def __init__(self, folder: str) -> None:
        # boto3 is imported here, in the background: it takes as long as several requests.
        import boto3

        self._folder = folder
        self._bucket, self._prefix = split(folder)
        self._client: Any = boto3.client("s3")

    def copy(self, arguments: JobArguments, name: str) -> str:
        """Copies a version; returns the copy's URI."""
        from boto3.s3.transfer import TransferConfig
        from botocore.exceptions import ClientError

        what = f"version {arguments.version_id} of {arguments.source} with ETag {arguments.etag}"
        try:
            self._sweep(arguments.sequencer)
            leftovers.sweep(self._client, arguments)
            self._client.copy(
                _version(arguments.raw_bucket, arguments.key, arguments.version_id),
                self._bucket,
                self._prefix + name,
                # Tags and metadata stay behind: to copy them needs rights of its own.
                ExtraArgs={
                    "CopySourceIfMatch": f'"{arguments.etag}"',
                    "MetadataDirective": "REPLACE",
                    "TaggingDirective": "REPLACE",
                },
                Config=TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES),
            )
        except Exception as error:
            # Newer releases of s3transfer put an error of their own over a part's refused condition.
            refusal = error if isinstance(error, ClientError) else error.__context__
            if isinstance(refusal, ClientError) and _says_gone(refusal):
                raise SupersededVersion(
                    f"{what} is gone: it was deleted or has expired, or the bucket keeps no versions and the "
                    "object was overwritten"
                ) from None
            raise JobError(f"{what} cannot be copied: {error}") from error
        return f"{self._folder}/{name}"

    def remove(self, name: str) -> None:
        """Removes a copy; one that stays is removed by the object's next run."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + name)
        except (ClientError, BotoCoreError) as error:
            print(f"the working copy {self._folder}/{name} is left: {error}")

    def _sweep(self, sequencer: str) -> None:
        listed = list(keys(self._client, self._bucket, self._prefix))
        for name in [key[len(self._prefix) :] for key in listed]:
            if not is_older(sequencer, name.partition("-")[0]):
                self.remove(name)


def _version(bucket: str, key: str, version_id: str) -> dict[str, str]:
    named = {} if version_id == NULL_VERSION else {"VersionId": version_id}
    return {"Bucket": bucket, "Key": key, **named}


def _says_gone(error: Any) -> bool:
    return error.response["Error"]["Code"] in _GONE.get(error.operation_name, ())


def _name(key: str) -> str:
    """A copy's name: the key's own may be too long, or hidden from Spark; its ends say how it is packed."""
    ends = re.search(r"(\.[A-Za-z0-9]{1,8}){0,2}$", PurePosixPath(key).name)
    return f"source{ends[0] if ends else ''}"
