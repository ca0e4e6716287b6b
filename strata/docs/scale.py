"""The page on scale: what an object a run and a batch a run cost, and which quotas each reaches."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strata.docs.markdown import page, table

_FACTS = Path(__file__).with_name("scale.toml")
_DAY = 86_400
_JOBS = 2
_LOADS = (10, 100, 1_000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True)
class Day:
    """What a day costs and needs: dollars, job runs, runs at once, executions started a second."""

    dollars: float
    runs: int
    at_once: int
    starts: float


class Scale:
    """Costs by the facts of scale.toml.

    Args:
        facts: name of a fact → its value.
    """

    def __init__(self, facts: dict[str, float]) -> None:
        self._facts = facts

    def each_alone(self, objects: int) -> Day:
        """Return a day on which every object has an execution and two runs of its own."""
        f = self._facts
        runs = objects * _JOBS
        dollars = runs * self._run(1) + objects * (
            f["event"]
            + f["states"] * f["transition"]
            + self._functions()
            + f["claim_writes"] * f["dynamodb_write"]
        )
        seconds = f["start_seconds"] + f["first_seconds"]
        return Day(dollars, runs, math.ceil(runs * seconds / _DAY), objects / _DAY)

    def in_batches(self, objects: int) -> Day:
        """Return a day on which a distributed Map takes a window's objects from a queue, in batches."""
        f = self._facts
        windows = min(objects, math.ceil(_DAY / f["window_seconds"]))
        of_window = objects / windows
        batches = math.ceil(of_window / f["batch"])
        runs = windows * batches * _JOBS
        of_run = of_window / batches
        dollars = runs * self._run(of_run) + objects * (
            f["event"]
            + f["sqs_requests"] * f["sqs_request"]
            + f["object_states"] * f["transition"]
            + f["claim_writes"] * f["dynamodb_write"]
        )
        dollars += windows * batches * (f["batch_states"] * f["transition"] + self._functions())
        seconds = f["start_seconds"] + self._seconds(of_run)
        # A window's runs begin together: first the one job's, then the other's.
        at_once = batches * math.ceil(_JOBS * seconds / f["window_seconds"])
        return Day(dollars, runs, at_once, windows * (batches + 1) / _DAY)

    def break_even(self) -> int:
        """Return the fewest objects a day for which batches are cheaper."""
        most = _LOADS[-1]
        return next(n for n in range(1, most) if self.in_batches(n).dollars < self.each_alone(n).dollars)

    def most_alone(self, runs_at_once: int) -> int:
        """Return the most objects a day that have runs of their own with so many runs of each job at once."""
        f = self._facts
        return int(runs_at_once * _DAY / (f["start_seconds"] + f["first_seconds"]))

    def _seconds(self, objects: float) -> float:
        return self._facts["first_seconds"] + self._facts["each_seconds"] * (objects - 1)

    def _run(self, objects: float) -> float:
        f = self._facts
        billed = max(f["glue_least_seconds"], self._seconds(objects))
        return f["workers"] * billed / 3600 * f["glue_dpu_hour"]

    def _functions(self) -> float:
        f = self._facts
        return 2 * f["lambda_request"] + f["lambda_gb_seconds"] * f["lambda_gb_second"]


def read() -> dict[str, dict[str, dict[str, Any]]]:
    """Return the facts by group and name."""
    return tomllib.loads(_FACTS.read_text(encoding="utf-8"))


def scale() -> Scale:
    """Return the costs by the facts of the file."""
    return Scale({name: float(fact["value"]) for group in read().values() for name, fact in group.items()})


def scale_page() -> str:
    """Return docs/scale.md."""
    facts, costs = read(), scale()
    quota = int(facts["quota"]["glue_runs"]["value"])
    loads = []
    for objects in _LOADS:
        alone, batched = costs.each_alone(objects), costs.in_batches(objects)
        loads.append(
            [
                f"{objects:,}",
                f"${alone.dollars:,.2f}",
                f"{alone.at_once:,}{'' if alone.at_once <= quota else ' (more than the quota)'}",
                f"${batched.dollars:,.2f}",
                f"{batched.at_once:,}{'' if batched.at_once <= quota else ' (more than the quota)'}",
            ]
        )
    window = facts["assumed"]["window_seconds"]["value"] // 60
    return page(
        "Scale: an object a run, or a batch a run",
        [
            "The platform gives each object an execution and two Glue runs of its own. So an object that "
            "fails harms no other, and each is visible in minutes. Glue bills at least a minute for a run, "
            "so that small objects are dear.",
            "The batching way collects events in an SQS queue. A schedule starts a distributed Map over "
            "them: it claims each object as today, and a batch shares its two runs. The modules do not "
            "build it; this page says when it pays.",
            f"**Break-even: {costs.break_even():,} objects a day.** There two objects first share a window "
            f"of {window} minutes. Below it both ways make the same runs.",
            "## A day",
            table(["objects a day", "each alone", "runs at once", "in batches", "runs at once"], loads),
            "Runs at once are those of an even day. A storm needs more, or waits: while Glue refuses a run "
            "for its concurrency, the state machine tries again for up to 37 minutes (ten retries with "
            "jitter). With `max_concurrent_runs = 5`, as in `live/dev`, each job takes "
            f"{costs.most_alone(5):,} objects a day, each alone. With half of the account's {quota} runs it "
            f"takes {costs.most_alone(quota // 2):,}. StartExecution is not what limits it: a million "
            f"objects a day are {math.ceil(costs.each_alone(_LOADS[-1]).starts)} a second.",
            "Before one batches, one thing must be built and proven: a batch whose run fails is taken "
            "apart, so that only the object at fault is recorded as failed.",
            "## Prices and quotas",
            table(
                ["fact", "value", "AWS's page"],
                [
                    [fact["what"], f"{fact['value']:.10f}".rstrip("0").rstrip("."), f"<{fact['source']}>"]
                    for group in ("price", "quota")
                    for fact in facts[group].values()
                ],
            ),
            "Prices and quotas change, and differ by region and account: look yours up in Service Quotas.",
            "## What is assumed",
            "`ExecutionTime` of your own runs (`aws glue get-job-runs`) says the seconds; the others "
            "follow from the modules. The numbers are in `strata/docs/scale.toml`.",
            table(
                ["assumption", "value"], [[f["what"], f"{f['value']:,}"] for f in facts["assumed"].values()]
            ),
        ],
    )
