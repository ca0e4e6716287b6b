"""Data sets: contracts, freshness, what rows became, what is in the quarantine."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from strata.console.environment import ConsoleEnvironment
from strata.console.models import (
    Column,
    Contract,
    DataSet,
    Outcome,
    Quarantine,
    QuarantinedRow,
    Reprocess,
)
from strata.contracts.check import datasets
from strata.contracts.document import FOLDER, ContractDocument, sound
from strata.errors import StrataError
from strata.platform import freshness, reprocess

# The newest objects of a data set whose outcomes a page shows.
_OUTCOMES = 200
_FAR = 5_000  # lines of the quarantine that are looked through for one page
COUNTS = ("read", "clean", "quarantined", "duplicate", "visible")


def read(environment: ConsoleEnvironment) -> list[DataSet]:
    """The data sets of an environment."""
    claims = environment.claims()
    promised = {one.dataset: one for one in freshness.read(environment.workspace.endpoints)}
    found = []
    for name in datasets(environment.root):
        outcomes = [_outcome(claim) for claim in claims if claim.get("key", "").startswith(f"{name}/")]
        outcomes.sort(key=lambda one: one.finished_at, reverse=True)
        level = promised.get(name)
        table, fault = _table(environment, name)
        found.append(
            DataSet(
                name=name,
                table=table,
                fault=fault,
                contract=_contract(environment, name),
                hours=level.hours if level else None,
                fresh_rows=level.rows if level else None,
                objects=len(outcomes),
                rows={count: sum(getattr(one, count) or 0 for one in outcomes) for count in COUNTS},
                reasons=_reasons(claims, name),
                outcomes=outcomes[:_OUTCOMES],
            )
        )
    return found


def _table(environment: ConsoleEnvironment, name: str) -> tuple[str, str]:
    try:
        return str(environment.platform.table(name)), ""
    except StrataError as error:
        return "", error.message


def _contract(environment: ConsoleEnvironment, name: str) -> Contract:
    file = FOLDER / f"{name}.odcs.yaml"
    document = ContractDocument.read(environment.root / file)
    contract = sound(document)
    described = {
        one.get("name"): one.get("description", "") for one in document.content["schema"][0]["properties"]
    }
    return Contract(
        version=str(document.content["version"]),
        file=file.as_posix(),
        description=(document.content.get("description") or {}).get("purpose", ""),
        columns=[
            Column(
                name=column.name,
                type=column.type,
                required=not column.nullable,
                key=column.name in contract.key,
                description=str(described.get(column.name) or ""),
            )
            for column in contract.columns
        ],
        format=contract.format.type,
    )


def _reconciled(claim: Mapping[str, str]) -> dict[str, Any]:
    try:
        document = json.loads(claim.get("reconciliation", "{}"))
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _outcome(claim: Mapping[str, str]) -> Outcome:
    counted = _reconciled(claim)
    return Outcome(
        key=claim["key"],
        status=claim.get("status", ""),
        finished_at=claim.get("finished_at", ""),
        **{count: counted.get(f"rows_{count}") for count in COUNTS},
    )


def _reasons(claims: list[dict[str, str]], name: str) -> dict[str, int]:
    total: Counter[str] = Counter()
    for claim in claims:
        if claim.get("key", "").startswith(f"{name}/"):
            total.update(_reconciled(claim).get("reasons") or {})
    return dict(total.most_common())


def quarantine(
    environment: ConsoleEnvironment, dataset: str, reason: str, text: str, limit: int
) -> Quarantine:
    """Lines in the quarantine, those of one reason or with a text, up to a limit.

    Raises:
        StrataError: the data set does not exist.
    """
    wanted = text.casefold()
    rows: list[QuarantinedRow] = []
    total = 0
    for row in lines(environment, dataset):
        if (reason and row.reason != reason) or (
            wanted and wanted not in f"{row.key} {row.row} {row.detail}".casefold()
        ):
            continue
        total += 1
        if len(rows) < limit:
            rows.append(row)
        if total >= _FAR:
            break
    return Quarantine(total=total, rows=rows)


def process_again(environment: ConsoleEnvironment, dataset: str, reason: str) -> Reprocess:
    """Start the machine that reprocesses for the objects of a data set, or find it at that work.

    Args:
        environment: where.
        dataset: whose objects.
        reason: only those with lines that this reason quarantined; "" for all.

    Raises:
        StrataError: the data set or the state machine does not exist.
    """
    reprocess.require_known(dataset, datasets(environment.root))
    machine = reprocess.machine_of(environment.platform, environment.name)
    selection = {"prefix": f"{dataset}/"} | ({"reason": reason} if reason else {})
    arn, _ = reprocess.start(environment.workspace.endpoints, machine, selection)
    return processing(environment, arn.rpartition(":")[2])


def processing(environment: ConsoleEnvironment, name: str) -> Reprocess:
    """Return how far an execution of that machine is, by its name.

    Raises:
        StrataError: the state machine does not exist.
    """
    machine = reprocess.machine_of(environment.platform, environment.name)
    arn = f"{machine.replace(':stateMachine:', ':execution:', 1)}:{name}"
    now = reprocess.look(environment.client("stepfunctions"), arn)
    return Reprocess(
        name=name,
        status=now.status,
        found=now.objects.found,
        succeeded=now.objects.succeeded,
        failed=now.objects.failed,
        error=f"{now.error} {now.cause}".strip(),
    )


def lines(environment: ConsoleEnvironment, dataset: str) -> Iterator[QuarantinedRow]:
    """All lines in the quarantine of a data set.

    Raises:
        StrataError: the data set does not exist.
    """
    reprocess.require_known(dataset, datasets(environment.root))
    keys = {claim["object_id"]: claim.get("key", "") for claim in environment.claims()}
    s3, bucket = environment.client("s3"), environment.platform.processed_bucket
    for item in _listed(s3, bucket, f"quarantine/{dataset}/"):
        object_id = item["Key"].partition("object=")[2].partition("/")[0]
        body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode()
        for line in filter(str.strip, body.splitlines()):
            found = json.loads(line)
            yield QuarantinedRow(
                key=keys.get(object_id, object_id),
                line=found.get("source_line", 0),
                reason=found.get("reason", ""),
                detail=found.get("detail") or "",
                row=found.get("row") or "",
            )
    for item in _listed(s3, bucket, "quarantine/objects/"):
        if item["Key"].endswith("/reason.json"):
            found = json.loads(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read())
            if found.get("key", "").startswith(f"{dataset}/"):
                yield QuarantinedRow(
                    key=found["key"], line=0, reason=found["reason"], detail=found["detail"], row=""
                )


def _listed(s3: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from (item for item in page.get("Contents", []) if item["Size"])
