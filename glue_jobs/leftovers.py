"""What killed runs of an object have left in the processed bucket, beside the folders that a run writes anew.

Spark writes partitions of the curated table into a folder of its own, `.spark-staging-<random>`, and moves
them when all are there. Large objects are uploaded in parts. A run that is killed removes neither.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from glue_jobs.arguments import JobArguments, is_older
from glue_jobs.storage import ObjectLayout

# Glue ends every run after that.
LONGEST_RUN = timedelta(days=7)
DELETED_AT_ONCE = 1000
_SEQUENCER = re.compile(r"/(?:sequencer=)?([0-9A-Fa-f]+)[-/]")


def sweep(client: Any, arguments: JobArguments) -> None:
    """Removes them, but those of a newer version's run: it may be at work.

    A folder without an object's name, of a run that was killed before its first row, goes when no run can be
    at work in it any more. A failure is printed: the next run sweeps again.

    Args:
        client: of S3.
        arguments: of a run for the object.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        _sweep(client, arguments)
    except (ClientError, BotoCoreError) as error:
        print(f"leftovers of killed runs for {arguments.source} stay: {error}")


def _sweep(client: Any, arguments: JobArguments) -> None:
    bucket, own = arguments.processed_bucket, f"/object={arguments.object_id}/"
    folder = f"curated/{arguments.dataset}/.spark-staging-"
    found = list(_listed(client, "list_objects_v2", "Contents", Bucket=bucket, Prefix=folder))
    stale: list[str] = []
    nameless: list[str] = []
    for _, group in groupby(found, key=lambda item: item["Key"].split("/")[2]):
        items = list(group)
        keys = [item["Key"] for item in items]
        if any(own in key for key in keys):
            stale += keys
        elif not any("/object=" in key for key in keys) and all(map(_is_over, items)):
            nameless += keys
    if stale and _newer_run_started(client, arguments):
        stale = []
    keys = [*stale, *nameless]
    for start in range(0, len(keys), DELETED_AT_ONCE):
        batch = [{"Key": key} for key in keys[start : start + DELETED_AT_ONCE]]
        client.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
    for upload in _listed(client, "list_multipart_uploads", "Uploads", Bucket=bucket):
        key = upload["Key"]
        if own not in key or _is_newer(key.partition(own)[2], arguments):
            continue
        if "/.spark-staging-" in key and not stale and _newer_run_started(client, arguments):
            continue
        client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload["UploadId"])


def _listed(client: Any, operation: str, field: str, **where: str) -> Iterable[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate(**where):
        yield from page.get(field, [])


def _is_over(item: dict[str, Any]) -> bool:
    return bool(item["LastModified"] < datetime.now(UTC) - LONGEST_RUN)


def _is_newer(rest: str, arguments: JobArguments) -> bool:
    """Whether what follows the object's name in a key begins with the sequencer of a newer version."""
    found = _SEQUENCER.match(f"/{rest}")
    return found is not None and is_older(arguments.sequencer, found[1])


def _newer_run_started(client: Any, arguments: JobArguments) -> bool:
    """Whether the last run of `curate` that began and did not end is a newer version's."""
    key = urlsplit(ObjectLayout(arguments).report("curate.started")).path.lstrip("/")
    try:
        text = client.get_object(Bucket=arguments.processed_bucket, Key=key)["Body"].read()
    except client.exceptions.NoSuchKey:
        return False
    return is_older(arguments.sequencer, str(json.loads(text)["sequencer"]))
