"""Puts a run's partitions in the place of the object's earlier ones in the curated table.

Spark's own way, dynamic partition overwrite, moves each file three times and asks S3 more than forty times
for it (docs/decisions/0155-partitions-are-moved-once.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from typing import Any

from glue_jobs.arguments import JobArguments
from glue_jobs.errors import JobError
from glue_jobs.source import PART_BYTES, keys, own_folder, split
from glue_jobs.storage import ObjectLayout

AT_ONCE = 10
# One request deletes so many.
BATCH = 1000


@contextmanager
def staged(arguments: JobArguments) -> Iterator[Staging]:
    """A folder for a run's partitions, which is removed at the end.

    Yields:
        The folder. It is among the object's copies: what a killed run leaves is swept with them.
    """
    layout = ObjectLayout(arguments)
    staging = Staging(f"{layout.copies}/{own_folder(arguments)}", layout.curated)
    try:
        yield staging
    finally:
        staging.remove()


class Staging:
    """A folder with `object=<id>/<date>=<day>/<file>` below it.

    Args:
        uri: the folder.
        table: the URI of the table.
    """

    def __init__(self, uri: str, table: str) -> None:
        import boto3

        self.uri, self._table = uri, table
        self._bucket, self._prefix = split(uri)
        self._client: Any = boto3.client("s3")

    def publish(self) -> None:
        """Replaces the table's partitions by those that are here; others stay.

        A partition's earlier files go first, so that no reader sees a row twice.

        Raises:
            JobError: S3 refuses.
        """
        from boto3.exceptions import Boto3Error
        from boto3.s3.transfer import TransferConfig
        from botocore.exceptions import BotoCoreError, ClientError

        bucket, table = split(self._table)
        # The threads are those of the pool.
        config = TransferConfig(
            multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, use_threads=False
        )

        def move(key: str, target: str) -> None:
            self._client.copy(
                {"Bucket": self._bucket, "Key": key},
                bucket,
                target,
                ExtraArgs={"MetadataDirective": "REPLACE", "TaggingDirective": "REPLACE"},
                Config=config,
            )

        try:
            files = [key for key in keys(self._client, self._bucket, self._prefix) if not key.endswith("/")]
            targets = [table + _place(key[len(self._prefix) :]) for key in files]
            folders = sorted({f"{target.rpartition('/')[0]}/" for target in targets})
            with ThreadPoolExecutor(AT_ONCE) as pool:
                earlier = list(pool.map(lambda folder: list(keys(self._client, bucket, folder)), folders))
                self._delete(bucket, list(chain.from_iterable(earlier)))
                list(pool.map(move, files, targets))
        except (ClientError, BotoCoreError, Boto3Error) as error:
            raise JobError(
                f"the partitions in {self.uri} cannot be moved to {self._table}: {error}"
            ) from error

    def remove(self) -> None:
        """Removes the folder; what stays is swept by the object's next run."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._delete(self._bucket, list(keys(self._client, self._bucket, self._prefix)))
        except (ClientError, BotoCoreError, JobError) as error:
            print(f"the partitions in {self.uri} are left: {error}")

    def _delete(self, bucket: str, names: Sequence[str]) -> None:
        for start in range(0, len(names), BATCH):
            batch = [{"Key": key} for key in names[start : start + BATCH]]
            done = self._client.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
            for fault in done.get("Errors", []):
                raise JobError(f"s3://{bucket}/{fault['Key']} cannot be deleted: {fault['Message']}")


def _place(name: str) -> str:
    """Where in the table a file of the folder belongs: there the date comes first."""
    folder, partition, file = name.split("/")
    return f"{partition}/{folder}/{file}"
