"""What killed runs of an object have left in the processed bucket, beside the folders that a run writes anew.

Large objects are uploaded in parts, and a run that is killed leaves the parts.
"""

from __future__ import annotations

import re
from typing import Any

from glue_jobs.arguments import JobArguments, is_older

_SEQUENCER = re.compile(r"/(?:sequencer=)?([0-9A-Fa-f]+)[-/]")


def sweep(client: Any, arguments: JobArguments) -> None:
    """Removes them, but those of a newer version's run: it may be at work.

    A failure is printed: the next run sweeps again.

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
    for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            key = upload["Key"]
            if own in key and not _is_newer(key.partition(own)[2], arguments):
                client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload["UploadId"])


def _is_newer(rest: str, arguments: JobArguments) -> bool:
    """Whether what follows the object's name in a key begins with the sequencer of a newer version."""
    found = _SEQUENCER.match(f"/{rest}")
    return found is not None and is_older(arguments.sequencer, found[1])
