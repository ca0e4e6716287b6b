"""What the platform wrote for an object: reports, files, lines in the quarantine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from strata.trace.models import DataFile, QuarantinedLine, Run

# Where the jobs write (glue_jobs/storage.py); each holds folders of objects.
_FOLDERS = {
    "clean": "clean/{dataset}",
    "quarantine": "quarantine/{dataset}",
    "duplicates": "quarantine/duplicates/{dataset}",
    "refused": "quarantine/objects",
    "report": "reports/{dataset}",
}
# A file of many years has as many partitions as days.
_PARTITIONS = 400
SHOWN_LINES = 50


def reports(s3: Any, bucket: str, dataset: str, object_id: str, run: Run) -> dict[str, dict[str, Any]]:
    """The reports of the jobs by their names, as far as they are of the run's version.

    Args:
        s3: a client.
        bucket: the processed one.
        dataset, object_id: the object's.
        run: whose version.
    """
    found = {}
    prefix = f"{_FOLDERS['report'].format(dataset=dataset)}/object={object_id}/"
    for item in _listed(s3, bucket, prefix):
        report = json.loads(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read())
        if report.get("sequencer") == run.sequencer:
            found[item["Key"].removeprefix(prefix).removesuffix(".json")] = report
    return found


def files(
    s3: Any, bucket: str, dataset: str, object_id: str, reported: Mapping[str, Mapping[str, Any]]
) -> list[DataFile]:
    """The files that are there for the object now.

    Args:
        s3: a client.
        bucket: the processed one.
        dataset, object_id: the object's.
        reported: the reports of its jobs, which name its partitions.
    """
    partitions = reported.get("curate", {}).get("partitions", [])[:_PARTITIONS]
    places = [("curated", f"curated/{dataset}/{partition}") for partition in partitions]
    places += [(kind, folder.format(dataset=dataset)) for kind, folder in _FOLDERS.items()]
    return [
        DataFile(kind=kind, bucket=bucket, key=item["Key"], size=item["Size"], modified=item["LastModified"])
        for kind, folder in places
        for item in _listed(s3, bucket, f"{folder}/object={object_id}/")
    ]


def quarantined(
    s3: Any, bucket: str, found: list[DataFile], limit: int = SHOWN_LINES
) -> list[QuarantinedLine]:
    """The first lines that the jobs did not take, by their number in the object.

    Args:
        s3: a client.
        bucket: the processed one.
        found: the object's files.
        limit: how many lines at most.
    """
    lines = [
        QuarantinedLine(
            line=document["source_line"],
            reason=document.get("reason", kind),
            detail=document.get("detail") or "",
            row=document.get("row") or "",
        )
        for kind, document in documents(s3, bucket, found)
    ]
    return sorted(lines, key=lambda one: one.line)[:limit]


def documents(s3: Any, bucket: str, found: list[DataFile]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is in the quarantine's files, each line with its kind: quarantine or duplicate."""
    for file in found:
        if file.kind in ("quarantine", "duplicates") and file.key.endswith(".json"):
            body = s3.get_object(Bucket=bucket, Key=file.key)["Body"].read().decode()
            for line in body.splitlines():
                if line.strip():
                    yield file.kind.removesuffix("s"), json.loads(line)


def _listed(s3: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from (item for item in page.get("Contents", []) if item["Size"])
