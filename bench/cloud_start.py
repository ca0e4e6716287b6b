"""Measures how long the embedded cloud takes to start, and how much memory it uses while idle.

    .venv/bin/python bench/cloud_start.py            seven starts, without warm Spark processes
    .venv/bin/python bench/cloud_start.py --first    and a first statement of Snowflake after each

CPU seconds are those of the process until it prints its endpoints, memory is what is resident a second later.
Each figure is the median. Prints a table, or JSON with --json; exits 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from strata.checkout.child_environment import cloud_environment
from strata.cli.views.console import out, print_json, table
from strata.cloud.endpoints import Endpoints
from strata.platform import warehouse

ROOT = Path(__file__).resolve().parents[1]
CPU, MEMORY = "CPU seconds", "MiB"
TARGETS = {CPU: 1.5, MEMORY: 200.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="how often it is started (default 7)")
    parser.add_argument("--first", action="store_true", help="ask Snowflake for something, too")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    start(arguments.first)  # the first one compiles and fills the caches of files
    rounds = [start(arguments.first) for _ in range(arguments.rounds)]
    figures = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    if arguments.json:
        print_json(figures)
    else:
        out.print(table(None, ["start of the cloud", ""], [[n, f"{v:.2f}"] for n, v in figures.items()]))
    if missed := [name for name, target in TARGETS.items() if figures[name] > target]:
        sys.exit(f"missed: {', '.join(f'{name} above {TARGETS[name]}' for name in missed)}")


def start(first: bool) -> dict[str, float]:
    """Start one cloud; return its figures."""
    with tempfile.TemporaryDirectory(prefix="strata-start-") as folder:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "strata.cloud", "--directory", f"{folder}/run", "--warm-processes", "0"],
            cwd=ROOT,
            env=cloud_environment(Path(folder)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        endpoints = Endpoints.first(process.stdout)
        found = {"seconds": time.perf_counter() - begun, CPU: cpu(process.pid)}
        if endpoints is None:
            sys.exit("the embedded cloud did not start")
        time.sleep(1)
        found[MEMORY] = memory(process.pid)
        if first:
            before, begun = cpu(process.pid), time.perf_counter()
            ask_snowflake(endpoints)
            found["seconds of a first statement"] = time.perf_counter() - begun
            found["CPU seconds of a first statement"] = cpu(process.pid) - before
            found["MiB after a first statement"] = memory(process.pid)
        process.communicate()
    return found


def cpu(pid: int) -> float:
    """Return the seconds of user and system time of a process."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def memory(pid: int) -> float:
    """Return the MiB of a process that are resident."""
    return psutil.Process(pid).memory_info().rss / 2**20


def ask_snowflake(endpoints: Endpoints) -> None:
    """Log in and run one statement."""
    with warehouse.connect(endpoints) as connection:
        warehouse.ask(connection, "select 1 + 1")


if __name__ == "__main__":
    main()
