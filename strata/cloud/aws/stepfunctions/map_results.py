"""ResultWriter: the results of a Map Run as files in S3.

Names and content: Step Functions Developer Guide, "ResultWriter (Map)", and files that AWS was recorded to
write. AWS begins another file at 5 GB; here each status has one.
"""

from __future__ import annotations

import json
from typing import Any

from strata.cloud.aws.stepfunctions.map_children import PENDING, UNSUCCESSFUL, Child
from strata.cloud.aws.stepfunctions.redrives import redrives_of

_STATUSES = {"SUCCEEDED": ("SUCCEEDED",), "FAILED": UNSUCCESSFUL, "PENDING": (PENDING,)}


def results(children: list[Child], transformation: str) -> list[Any]:
    """Return the results of children, as the writer's Transformation says."""
    return [result for child in children for result in child.result(transformation)]


def write(s3: Any, destination: dict[str, Any], run: Any, config: dict[str, Any]) -> dict[str, Any]:
    """Write a file of results for each status, and the manifest that names them.

    The files of a redrive have a folder of their own; its manifest names the successes of earlier ones, too.

    Args:
        s3: a client with the keys of the machine's role.
        destination: the writer's parameters.
        run: moto's record of the Map Run.
        config: the writer's `WriterConfig`.

    Returns:
        The output of the Map state.

    Raises:
        ClientError: S3 refused an object.
    """
    where = dict(destination)
    bucket, prefix = where["Bucket"], where.pop("Prefix", None)
    number = redrives_of(run).count
    folder = f"{prefix.removesuffix('/')}/" if prefix else ""
    folder += f"{run.map_run_arn.rpartition(':')[2]}/" + (f"Redrive-{number}/" if number else "")
    kept = vars(run).setdefault("result_files", [])
    told = vars(run).setdefault("told_children", set())
    files: dict[str, list[Any]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": list(kept)}
    for status in _STATUSES:
        children = [it for it in run.children if it.status in _STATUSES[status] and it.exec_arn not in told]
        if not children:
            continue
        found = results(children, config.get("Transformation", "NONE"))
        body = _encoded(found, config.get("OutputType", "JSON"))
        key = f"{folder}{status}_0.json"
        s3.put_object(**where, Key=key, Body=body, ContentType="binary/octet-stream")
        files[status].append({"Key": key, "Size": len(body)})
        if status == "SUCCEEDED":
            kept.append(files[status][-1])
            told.update(child.exec_arn for child in children)
    manifest = {"DestinationBucket": bucket, "MapRunArn": run.map_run_arn, "ResultFiles": files}
    key = f"{folder}manifest.json"
    s3.put_object(**where, Key=key, Body=_encoded(manifest, "JSON"), ContentType="application/octet-stream")
    return {"MapRunArn": run.map_run_arn, "ResultWriterDetails": {"Bucket": bucket, "Key": key}}


def _encoded(value: Any, kind: str) -> bytes:
    lines = value if kind == "JSONL" else [value]
    texts = [json.dumps(line, separators=(",", ":"), ensure_ascii=False) for line in lines]
    return ("".join(f"{text}\n" for text in texts) if kind == "JSONL" else texts[0]).encode()
