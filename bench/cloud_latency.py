"""Measures how long the embedded AWS takes to answer eight clients at once, against plain moto in one run.

    .venv/bin/python bench/cloud_latency.py

Both serve from a process of their own, and both carry out executions. Their turns alternate; in each, eight
clients put small objects and start executions of one Pass state as fast as they are answered. Prints the
median and the 99th percentile of both and their ratios, or JSON with --json; exits 1 if a ratio of the 99th
percentiles misses its target.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from strata.cli.views.console import out, print_json, table
from strata.cloud.client import embedded_client
from strata.testing.cloud import embedded_cloud

ACCOUNT, REGION, BUCKET = "111122223333", "eu-west-1", "strata-bench"
KEYS = {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": ""}
CLIENTS, TARGET = 8, 1.2
BODY = b"x" * 1_000
MACHINE = json.dumps({"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True}}})
Call = Callable[[], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--turns", type=int, default=6, help="turns of each server (default 6)")
    parser.add_argument("--calls", type=int, default=50, help="calls of a client in a turn (default 50)")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as running:
        scratch = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="strata-bench-")))
        embedded = running.enter_context(embedded_cloud(scratch, any_key=True)).aws_url
        servers = {"embedded": calls(embedded), "moto": calls(running.enter_context(plain_moto()))}
        seconds: dict[str, dict[str, list[float]]] = {}
        # The first turn of each loads what a service needs.
        for turn in range(arguments.turns + 1):
            for server, clients in servers.items():
                for name in clients[0]:
                    taken = at_once([client[name] for client in clients], arguments.calls)
                    if turn:
                        seconds.setdefault(name, {}).setdefault(server, []).extend(taken)
    figures = {name: ratios(**taken) for name, taken in seconds.items()}
    if arguments.json:
        print_json(figures)
    else:
        columns = list(next(iter(figures.values())))
        rows = [[name, *(f"{values[column]:.2f}" for column in columns)] for name, values in figures.items()]
        out.print(table(None, ["eight clients", *columns], rows))
    if missed := [name for name, values in figures.items() if values["p99 / moto"] > TARGET]:
        sys.exit(f"missed: {', '.join(missed)}")


@contextlib.contextmanager
def plain_moto() -> Iterator[str]:
    """Run moto's own server, which carries out executions; yield its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        until_it_answers(f"{url}/moto-api/data.json")
        settings = json.dumps({"stepfunctions": {"execute_state_machine": True}}).encode()
        urllib.request.urlopen(
            urllib.request.Request(f"{url}/moto-api/config", settings, method="POST")
        ).close()
        yield url
    finally:
        process.kill()
        process.wait()


@retry(retry=retry_if_exception_type(OSError), stop=stop_after_delay(60), wait=wait_fixed(0.05), reraise=True)
def until_it_answers(url: str) -> None:
    urllib.request.urlopen(url).close()


def calls(url: str) -> list[dict[str, Call]]:
    """Make a bucket and a state machine; return each client's calls."""

    def client(service: str) -> Any:
        return embedded_client(service, url, REGION, KEYS)

    place = {"LocationConstraint": REGION}
    client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "states.amazonaws.com"}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = client("iam").create_role(RoleName="bench", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    machine = client("stepfunctions").create_state_machine(name="bench", definition=MACHINE, roleArn=role)
    arn = machine["stateMachineArn"]
    made: list[dict[str, Call]] = []
    for number in range(CLIENTS):
        s3, states, key = client("s3"), client("stepfunctions"), f"key-{number}"
        made.append(
            {
                "PutObject": lambda s3=s3, key=key: s3.put_object(Bucket=BUCKET, Key=key, Body=BODY),
                "StartExecution": lambda states=states: states.start_execution(
                    stateMachineArn=arn, name=str(uuid.uuid4())
                ),
            }
        )
    return made


def at_once(clients: list[Call], count: int) -> list[float]:
    """Let each client call so often, all side by side; return the seconds of every call."""

    def timed(call: Call) -> list[float]:
        taken = []
        for _ in range(count):
            begun = time.perf_counter()
            call()
            taken.append(time.perf_counter() - begun)
        return taken

    with ThreadPoolExecutor(len(clients)) as pool:
        return [seconds for taken in pool.map(timed, clients) for seconds in taken]


def ratios(embedded: list[float], moto: list[float]) -> dict[str, float]:
    """Return medians and 99th percentiles in milliseconds, and the embedded AWS's to moto's."""
    figures: dict[str, float] = {}
    for name, seconds in (("embedded", embedded), ("moto", moto)):
        figures[f"{name} p50, ms"] = 1_000 * statistics.median(seconds)
        figures[f"{name} p99, ms"] = 1_000 * statistics.quantiles(seconds, n=100)[98]
    for name in ("p50", "p99"):
        figures[f"{name} / moto"] = figures[f"embedded {name}, ms"] / figures[f"moto {name}, ms"]
    return figures


if __name__ == "__main__":
    main()
