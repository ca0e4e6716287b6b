"""Find the executions of an object."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError, did_you_mean
from strata.platform import pipeline
from strata.platform.names import Platform
from strata.trace.models import Run

_PAGE = 1000
_SCHEME = "s3://"


def key_of(text: str, raw_bucket: str) -> str:
    """The key that a command's argument means: a key, or the URI of an object of the raw bucket.

    Raises:
        StrataError: the URI is of another bucket, or has no key.
    """
    key = text
    if text.startswith(_SCHEME):
        bucket, _, key = text.removeprefix(_SCHEME).partition("/")
        if bucket != raw_bucket:
            raise StrataError(
                f"the bucket {bucket} is not the raw bucket",
                remedy=f"name an object of {_SCHEME}{raw_bucket}/",
            )
    if not key:
        raise StrataError(f"{text!r} is not an object", remedy="give its key, such as orders/a.csv")
    return key


def require_watched(endpoints: Endpoints, platform: Platform, key: str) -> None:
    """Refuse a key that no rule looks at.

    Raises:
        StrataError: it lies below no prefix that starts an execution.
    """
    prefixes = pipeline.key_prefixes(endpoints, platform.state_machine_arn, platform.raw_bucket)
    if not any(key.startswith(prefix) for prefix in prefixes):
        raise StrataError(
            f"the key {key!r} is under no data set's prefix, so that no rule starts an execution for it",
            remedy=f"the prefixes are {', '.join(prefixes) or 'none'}",
        )


def listed(states: Any, machine_arn: str, at_once: int = _PAGE) -> Iterator[Run]:
    """All executions of a machine, the newest first, without what their objects are.

    Args:
        states: a client of Step Functions.
        machine_arn: the machine.
        at_once: how many a request asks for.
    """
    pages = states.get_paginator("list_executions").paginate(
        stateMachineArn=machine_arn, PaginationConfig={"PageSize": at_once}
    )
    for page in pages:
        for one in page["executions"]:
            yield Run(
                arn=one["executionArn"],
                name=one["name"],
                status=one["status"],
                started=one["startDate"],
                stopped=one.get("stopDate"),
            )


def described(states: Any, run: Run) -> Run:
    """An execution with what its input says about the object, and how it stands now."""
    found = states.describe_execution(executionArn=run.arn)
    return run.model_copy(
        update={"status": found["status"], "stopped": found.get("stopDate")} | object_of(found.get("input"))
    )


def object_of(text: str | None) -> dict[str, str]:
    """The facts of the object in an execution's input; none if it is not an object's event."""
    given: Any = None
    with contextlib.suppress(ValueError):
        given = json.loads(text or "")
    if not isinstance(given, Mapping):
        return {}
    names = ("bucket", "key", "version_id", "etag", "sequencer")
    return {name: str(given[name]) for name in names if given.get(name) is not None}


def runs_of(states: Any, platform: Platform, key: str) -> Iterator[Run]:
    """The executions of a key, the newest first."""
    for run in listed(states, platform.state_machine_arn):
        found = described(states, run)
        if (found.bucket, found.key) == (platform.raw_bucket, key):
            yield found


def choose(runs: list[Run], wanted: str | None, key: str) -> Run:
    """The run that a command asks for: by the beginning of its name, or the newest.

    Raises:
        StrataError: none of them, or several.
    """
    if wanted is None:
        return runs[0]
    found = [run for run in runs if run.name.startswith(wanted)]
    if len(found) != 1:
        raise StrataError(
            f"{len(found)} runs of {key} begin with {wanted!r}",
            remedy=f"`strata trace {key} --list` shows them",
        )
    return found[0]


def without_run(endpoints: Endpoints, platform: Platform, claims: Any, key: str) -> StrataError:
    """The error for a key that has no execution: what is known of the object.

    Args:
        endpoints: the embedded cloud.
        platform: the environment's names.
        claims: a client of DynamoDB, to look for similar keys.
        key: the object's.
    """
    uri = f"{_SCHEME}{platform.raw_bucket}/{key}"
    try:
        head = pipeline.client(endpoints, "s3").head_object(Bucket=platform.raw_bucket, Key=key)
    except ClientError:
        known = claimed_keys(claims, platform.claims_table)
        return StrataError(f"no object {uri}, and no execution for it", remedy=did_you_mean(key, known))
    put = pipeline.PutObject(
        platform.raw_bucket,
        key,
        str(head["ETag"]).strip('"'),
        head.get("VersionId", ""),
        head["LastModified"],
        head["ContentLength"],
    )
    if reason := pipeline.undelivered(endpoints, platform.state_machine_arn, put):
        return StrataError(
            f"no execution for {uri}: {reason}", remedy="the event is in the rule's dead-letter queue"
        )
    return StrataError(
        f"no execution for {uri}: its event has started none yet",
        remedy="was it put before the rule was made? Then put it again: strata put FILE --key KEY",
    )


def claimed_keys(dynamodb: Any, table: str | None) -> list[str]:
    """The keys of all objects that were ever claimed."""
    if table is None:
        return []
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table, ProjectionExpression="#key", ExpressionAttributeNames={"#key": "key"}
    )
    return [item["key"]["S"] for page in pages for item in page["Items"] if "key" in item]
