"""What is done with a platform to see which permissions it uses, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from strata.contracts.document import ContractDocument
from strata.contracts.sample import sample
from strata.errors import StrataError
from strata.platform import pipeline, reprocess
from strata.platform.warehouse import ask, connect
from strata.platform.workspace import Workspace

_POLL_SECONDS = 0.5
_ROWS = 20
# What follows an execution without being waited for: notifications, dead letters, logs.
_SETTLE_SECONDS = 2.0


@dataclass(frozen=True)
class Outcome:
    """How a scenario ended: its last status, the last state that was entered, the error, or a count."""

    status: str
    last_state: str = ""
    error: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.status, self.last_state, self.error) if part)


@dataclass(frozen=True)
class Scenario:
    """One thing that a platform is used for; `fails` where the platform has to refuse it."""

    name: str
    run: Callable[[], Outcome]
    fails: bool = False

    def outcome(self) -> Outcome:
        """Run it; a refusal of the platform is an outcome, too."""
        try:
            found = self.run()
        except StrataError as error:
            found = Outcome("REFUSED", error=str(error)[:200])
        time.sleep(_SETTLE_SECONDS)
        return found


def scenarios(
    workspace: Workspace, dataset: str, contract: ContractDocument, label: str
) -> Iterator[Scenario]:
    """Yield the scenarios of a data set, in the order in which they build on each other.

    Args:
        workspace: the applied and running platform.
        dataset: the name of a data set that is applied.
        contract: the data set's.
        label: part of every key, so that another round finds no object of this one.
    """
    platform, endpoints = workspace.platform(), workspace.endpoints
    made = sample(contract, _ROWS, dirty=True)
    key = f"{dataset}/{label}/{made.name}"

    def put(name: str, content: bytes) -> Outcome:
        uploaded = pipeline.put(endpoints, platform.raw_bucket, name, content)
        ended = pipeline.follow(endpoints, platform.state_machine_arn, uploaded)
        return Outcome(ended.status, ended.outcome, ended.error)

    def references() -> Outcome:
        for table, text in made.references.items():
            pipeline.put(endpoints, platform.raw_bucket, f"reference/{table}.csv", text)
        return Outcome("PUT")

    def delete() -> Outcome:
        states = pipeline.client(endpoints, "stepfunctions")
        before = {one["executionArn"] for one in _executions(states, platform.state_machine_arn)}
        pipeline.client(endpoints, "s3").delete_object(Bucket=platform.raw_bucket, Key=key)
        until = time.monotonic() + 60
        while True:
            new = [
                one
                for one in _executions(states, platform.state_machine_arn)
                if one["executionArn"] not in before
            ]
            if new and all(one["status"] != "RUNNING" for one in new):
                return Outcome(str(new[0]["status"]))
            if not new and time.monotonic() > until:
                raise StrataError(f"no execution started within 60 s after {key} was deleted")
            time.sleep(_POLL_SECONDS)

    def again() -> Outcome:
        if platform.reprocess_arn is None:
            return Outcome("NONE")
        arn, _ = reprocess.start(endpoints, platform.reprocess_arn, {"prefix": f"{dataset}/{label}/"})
        ended = reprocess.follow(endpoints, arn)
        return Outcome(ended.status, error=ended.error)

    def query() -> Outcome:
        with connect(endpoints, role=platform.reader_role, warehouse=platform.warehouse) as connection:
            for table in platform.external_tables:
                ask(connection, f"SELECT count(*) FROM {table.sql}")
        return Outcome("ANSWERED")

    yield Scenario("references are put", references)
    yield Scenario("a file with faults is processed", lambda: put(key, made.content))
    yield Scenario("the same file is put again", lambda: put(key, made.content))
    yield Scenario(
        "a file that is not of the contract", lambda: put(f"{key}.broken.csv", b"\x00not a file"), fails=True
    )
    yield Scenario("an empty file", lambda: put(f"{key}.empty.csv", b""), fails=True)
    yield Scenario("the tables are queried", query)
    yield Scenario("the file is processed again", again)
    yield Scenario("the file is deleted", delete)


def _executions(states: Any, machine_arn: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = states.list_executions(stateMachineArn=machine_arn)["executions"]
    return found
