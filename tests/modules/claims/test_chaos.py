"""Combinations of faults over the whole state machine: one output per object, or a failure that is told.

Each seed puts some objects, lets faults strike calls, jobs, functions, Snowflake and deliveries, and lets every
execution end. Then the faults are over, and the events come again: the table agrees with the bucket.
The suite plays 20 seeds; `--chaos-seeds 300` plays more.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from strata.faults import FaultRegistry
from strata.faults.client import new_fault

from .jobs import content, rows_of
from .world import Engine, Execution, Put, World

pytestmark = pytest.mark.terraform

GROUP = 10
BODIES = [content("01,1", "02,2"), content("01,3"), content("02,4", "03,5", "04,6")]
OBJECTS = 2
MOST_STEPS = 2000
RETRIED = {
    "dynamodb:UpdateItem": ["ProvisionedThroughputExceededException", "InternalServerError"],
    "dynamodb:GetItem": ["ThrottlingException", "InternalServerError"],
    "glue:GetJob": ["ThrottlingException", "InternalServiceException"],
    "glue:StartJobRun": [
        "ConcurrentRunsExceededException",
        "ThrottlingException",
        "InternalServiceException",
    ],
    "lambda:Invoke": ["TooManyRequestsException", "ServiceException"],
    "s3:ListObjectsV2": ["SlowDown"],
    "sns:Publish": ["ThrottledException", "InternalErrorException"],
    "states:DescribeExecution": ["ThrottlingException"],
}
# Of these the embedded cloud has the same ones.
OTHERS = [
    ("glue:JobRun", "kill"), ("glue:JobRun", "stop"), ("lambda:Invocation", "timeout"),
    ("snowflake:Connection", "unreachable"), ("events:Delivery", "drop"), ("events:Delivery", "duplicate"),
    ("events:Delivery", "reorder"),
]  # fmt: skip


def faults_of(rng: random.Random) -> FaultRegistry:
    """Some faults, each at a few calls or by chance."""
    faults = FaultRegistry()
    for _ in range(rng.randint(2, 6)):
        asked: dict[str, Any] = {"call": rng.randint(1, 6), "times": rng.choice([1, 1, 2, 7, 40])}
        if rng.random() < 0.3:
            asked = {"times": None, "probability": rng.choice([0.1, 0.3]), "seed": rng.randrange(1000)}
        if rng.random() < 0.55:
            operation = rng.choice(list(RETRIED))
            asked |= {"effect": "fail", "error": rng.choice(RETRIED[operation])}
            if operation.startswith("dynamodb"):
                asked["resource"] = rng.choice(["before", "after"])
        else:
            operation, asked["effect"] = rng.choice(OTHERS)
            if operation == "glue:JobRun":
                asked["seconds"] = rng.randint(0, 8)
        faults.add(new_fault(operation=operation, **asked))
    return faults


class Chaos:
    """One seed."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self.engine = engine
        self.random = random.Random(seed)
        self.worlds = [World(engine) for _ in range(OBJECTS)]
        self.late: list[tuple[World, Put]] = []

    def run(self) -> None:
        """Let faults strike, check; end the faults, and check what is repaired."""
        self.engine.faults = faults_of(self.random)
        try:
            events = [
                (world, world.put(self.random.choice(BODIES)))
                for world in self.worlds
                for _ in range(self.random.randint(1, 2))
            ]
            for world, put in self.random.sample(events, len(events)):
                self.deliver(world, put)
                self.some_steps()
            for world, put in self.late:
                world.deliver(put)
            self.finish()
            for world in self.worlds:
                self.check(world)
        finally:
            self.engine.faults = FaultRegistry()
        for world, put in self.random.sample(events, len(events)):
            self.engine.world = world
            world.finish(world.deliver(put))
        for world in self.worlds:
            newest = world.puts[-1]
            assert world.rows() == rows_of(newest.body)
            assert (world.claim()["status"], world.claim()["processed_etag"]) == ("SUCCEEDED", newest.etag)

    def deliver(self, world: World, put: Put) -> None:
        """Deliver an event, as the faults want it."""
        fault = self.engine.faults.strike("events:Delivery", world.key)
        effect = fault.effect if fault else ""
        if effect == "reorder":
            self.late.append((world, put))
        elif effect != "drop":
            for _ in range(2 if effect == "duplicate" else 1):
                world.deliver(put)

    def running(self) -> list[tuple[World, Execution]]:
        return [(it, one) for it in self.worlds for one in it.executions.values() if one.status == "RUNNING"]

    def some_steps(self) -> None:
        for _ in range(self.random.randint(0, 12)):
            if running := self.running():
                self.step(*self.random.choice(running))

    def finish(self) -> None:
        for _ in range(MOST_STEPS):
            running = self.running()
            if not running:
                return
            self.step(*self.random.choice(running))
        raise AssertionError(f"they hang: {[one.visited[-6:] for _, one in self.running()]}")

    def step(self, world: World, execution: Execution) -> None:
        self.engine.world = world
        world.step(execution)

    def check(self, world: World) -> None:
        """What every object has while faults go on: a whole output, or a failure that was told."""
        told = {message["execution"] for message in world.notified}
        claim = world.claim()
        for arn, execution in world.executions.items():
            if execution.status == "FAILED":
                assert execution.end == "Failed"
                # Where even the topic fails, the execution itself has failed, for which there is an alarm.
                assert arn in told or "notify_error" in execution.env.states.get_input()
                recorded = claim.get("execution") != arn or claim["status"] == "FAILED"
                assert recorded or "record_error" in execution.env.states.get_input()
            else:
                assert (execution.status, execution.end) in [
                    ("SUCCEEDED", end) for end in ("RecordSuccess", "Duplicate", "Superseded")
                ]
        if claim.get("status") == "SUCCEEDED":
            (shown,) = [put for put in world.puts if put.event["version_id"] == claim["processed_version_id"]]
            assert world.rows() == rows_of(shown.body)
        elif claim:
            assert [one for one in world.executions.values() if one.status == "FAILED"]
        assert world.rows() in [[], *(rows_of(put.body) for put in world.puts)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Play the seeds in groups, which workers share."""
    seeds = range(metafunc.config.getoption("--chaos-seeds"))
    metafunc.parametrize("seeds", [seeds[first : first + GROUP] for first in range(0, len(seeds), GROUP)])


def test_each_object_has_one_output_or_a_failure_that_is_told(engine: Engine, seeds: range) -> None:
    for seed in seeds:
        chaos = Chaos(engine, seed)
        try:
            chaos.run()
        except Exception as error:
            faults = "\n".join(str(one) for one in engine.faults.listed())
            happened = "\n".join(world.describe() for world in chaos.worlds)
            raise AssertionError(f"seed {seed}: {error!r}\n{faults}\n{happened}") from error
