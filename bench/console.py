"""Measures the console over a platform that runs, with 10,000 executions of its state machine.

    .venv/bin/strata up                          in another terminal, with an object put into it
    .venv/bin/python bench/console.py            starts the executions that lack, then opens the pages

Each execution has the input of the last one that succeeded, as a replayed event has: the claims find that the
object has been processed, and no job runs. Two busy cores carry out about ten a second. Seconds are the
browser's: until a page's first content is painted, until the list of executions is there, and until a new
execution is in a page that is open. Prints a table, or JSON with --json; exits 1 if a figure is not below a
second. Needs Debian's chromium.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from strata.cli.console_server import record
from strata.cli.views.console import err, out, print_json, table
from strata.console.server import recorded_url
from strata.platform import pipeline
from strata.platform.session import find_running
from tests.console.browser import PAINT, TOOL, launch_options, within

ROOT = Path(__file__).resolve().parents[1]
TARGET = 1.0
AT_ONCE = 500


class Machine:
    """The state machine of a platform.

    Args:
        states: a boto3 client of Step Functions.
    """

    def __init__(self, states: Any) -> None:
        self.states = states
        machines = states.list_state_machines()["stateMachines"]
        self.arn = next(each["stateMachineArn"] for each in machines if "-pipeline-" in each["name"])
        done = states.list_executions(stateMachineArn=self.arn, statusFilter="SUCCEEDED", maxResults=1)
        if not done["executions"]:
            sys.exit("no execution has succeeded: put an object first, with `strata put`")
        self.input = states.describe_execution(executionArn=done["executions"][0]["executionArn"])["input"]

    def count(self, status: str | None = None) -> int:
        pages = self.states.get_paginator("list_executions").paginate(
            stateMachineArn=self.arn, **({"statusFilter": status} if status else {})
        )
        return sum(len(page["executions"]) for page in pages)

    def start(self) -> None:
        self.states.start_execution(stateMachineArn=self.arn, name=str(uuid.uuid4()), input=self.input)

    def settle(self) -> None:
        """Wait until no execution runs."""
        while self.count("RUNNING"):
            time.sleep(0.2)

    def fill(self, wanted: int) -> None:
        """Start executions until there are as many as wanted, and wait for all."""
        with ThreadPoolExecutor(8) as pool:
            while (lacking := wanted - self.count()) > 0:
                list(pool.map(lambda _: self.start(), range(min(lacking, AT_ONCE))))
                self.settle()
                err.print(f"{wanted - max(0, lacking - AT_ONCE):,} of {wanted:,} executions")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--executions", type=int, default=10_000, help="how many there are (default 10000)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each page is opened (default 5)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    running, url = find_running(ROOT), recorded_url(record(ROOT))
    if running is None or url is None:
        sys.exit("no platform runs in this checkout: start one with `strata up`")
    if shutil.which(TOOL) is None:
        sys.exit(f"{TOOL} is not on PATH")
    machine = Machine(pipeline.client(running.endpoints, "stepfunctions"))
    begun = time.monotonic()
    machine.fill(arguments.executions)
    err.print(f"they took {time.monotonic() - begun:.0f} s")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())  # type: ignore[arg-type]
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(url)
        figures = measure(page, url.partition("?")[0], machine, arguments.rounds)
        browser.close()
    if arguments.json:
        print_json(figures)
    else:
        rows = [[name, f"{seconds:.2f}"] for name, seconds in figures.items()]
        out.print(table(None, ["with all executions", "seconds"], rows))
    if missed := [name for name, seconds in figures.items() if seconds >= TARGET]:
        sys.exit(f"missed: {', '.join(missed)}")


def measure(page: Page, origin: str, machine: Machine, rounds: int) -> dict[str, float]:
    """Return the median seconds of each figure."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name in ("flow", "trace", "data", "units"):
            page.goto("about:blank")
            page.goto(f"{origin}#/{name}")
            page.locator("main .panel:visible, main table:visible").first.wait_for()
            found.setdefault(f"first paint of {name}", []).append(page.evaluate(PAINT))
        page.goto("about:blank")
        begun = time.perf_counter()
        page.goto(f"{origin}#/trace")
        every = page.get_by_role("button", name=re.compile("^all [0-9]"))
        every.wait_for()
        found.setdefault("the list of executions", []).append(time.perf_counter() - begun)
        found.setdefault("a new execution in the list", []).append(until_it_shows(every, machine))
    return {name: statistics.median(seconds) for name, seconds in found.items()}


def until_it_shows(counted: Locator, machine: Machine) -> float:
    """Start an execution; return the seconds until the count of them is another."""
    before, begun = counted.text_content(), time.perf_counter()
    machine.start()
    within(30, lambda: counted.text_content() != before)
    seconds = time.perf_counter() - begun
    machine.settle()
    return seconds


if __name__ == "__main__":
    main()
