"""Measures the main job: seconds per phase, and the pipeline's latency against the two jobs run bare.

    .venv/bin/python bench/main_job.py          set-up, cloud start, apply, latency, bare Spark, make demo
    .venv/bin/python bench/main_job.py --cold   make demo in a fresh clone with an empty HOME, and again

The latency of a file is PutObject to rows visible, that is to the end of the state Refresh. The bare time is
that of the same two scripts with the same arguments in processes as warm as the platform's own, on the same
S3A against the same embedded S3, one after the other. Prints a table, or JSON with --json, and exits 1 if a
figure misses its target.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from strata.cli.durations import Durations
from strata.cli.views.apply_view import UnitTable
from strata.cli.views.console import err, out, print_json, table
from strata.cloud.aws.glue.spark import job_arguments
from strata.cloud.aws.glue.spark.jars import default_folder, ensure_jars
from strata.cloud.aws.glue.spark.java import find_java
from strata.cloud.aws.glue.spark.process import SparkProcess, run_script
from strata.cloud.aws.glue.spark.settings import SparkSettings
from strata.cloud.client import embedded_client
from strata.demo import data
from strata.platform import pipeline
from strata.platform.session import PlatformSession, interruptible
from strata.platform.workspace import Workspace, find_account

ROOT = Path(__file__).resolve().parents[1]
STRATA = str(ROOT / ".venv" / "bin" / "strata")
TARGETS = {
    "set-up, warm": 3.0,
    "cloud start": 5.0,
    "apply of all units": 150.0,
    "latency / bare": 1.3,
    "up, from a snapshot": 6.0,
    "whole demo, warm": 100.0,
    "whole demo, from a snapshot": 40.0,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cold", action="store_true", help="make demo in a fresh clone, too")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--rounds", type=int, default=3, help="files to drop and bare runs (default 3)")
    arguments = parser.parse_args()
    figures: dict[str, float] = {}
    figures["set-up, warm"], _ = run([sys.executable, "-m", "strata.setup"], ROOT)
    with interruptible():
        figures |= platform(arguments.rounds)
        if arguments.cold:
            figures |= demo_in_clone()
        else:
            figures["whole demo, warm"], _ = run([STRATA, "demo", "--fresh"], ROOT)
            figures["whole demo, from a snapshot"], _ = run(["make", "demo"], ROOT)
        figures["up, from a snapshot"] = up_from_snapshot()
    report(figures, arguments.json)
    missed = [name for name, value in figures.items() if name in TARGETS and value >= TARGETS[name]]
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


def report(figures: dict[str, float], as_json: bool) -> None:
    """Print the figures."""
    if as_json:
        print_json(figures)
        return
    rows: list[list[Any]] = [
        [name, round(value, 2), f"< {TARGETS[name]}" if name in TARGETS else ""]
        for name, value in figures.items()
    ]
    out.print(table(f"main job on {os.cpu_count()} cores", ["what", "seconds or ratio", "target"], rows))


def run(command: list[str], folder: Path, home: Path | None = None) -> tuple[float, str]:
    """Run a command that must succeed; return its seconds and what it printed."""
    environ = os.environ if home is None else {**os.environ, "HOME": str(home)}
    started = time.monotonic()
    result = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{result.stdout}{result.stderr}")
    return time.monotonic() - started, result.stdout


def demo_in_clone() -> dict[str, float]:
    """Seconds of the main job in a fresh clone with an empty HOME: cold, applied again, from a snapshot."""
    with tempfile.TemporaryDirectory(dir=ROOT / ".strata") as folder:
        clone, home = Path(folder) / "clone", Path(folder) / "home"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        # A version manager's shim may need the real HOME.
        command = ["make", "demo", f"PYTHON={Path(sys.base_prefix) / 'bin' / 'python3'}"]
        cold, said = run(command, clone, home)
        warm, _ = run([str(clone / ".venv" / "bin" / "strata"), "demo", "--fresh"], clone, home)
        kept, _ = run(command, clone, home)
    ready = re.search(r"^set-up: ready in ([\d.]+) s$", said, re.MULTILINE)
    assert ready is not None, said
    return {
        "set-up, cold": float(ready[1]),
        "whole demo, cold": cold,
        "whole demo, warm": warm,
        "whole demo, from a snapshot": kept,
    }


def up_from_snapshot() -> float:
    """Seconds until `strata up` is up with the platform that the demo has kept; median of three."""
    found = []
    for _ in range(3):
        started = time.monotonic()
        with subprocess.Popen([STRATA, "up"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            if not any(line.startswith("up; stop it") for line in process.stdout):
                sys.exit("strata up ended")
            found.append(time.monotonic() - started)
            process.terminate()
    return statistics.median(found)


def platform(rounds: int) -> dict[str, float]:
    """Start, apply, drop files, and run the same jobs bare."""
    account = find_account(ROOT, "dev")
    started = time.monotonic()
    with PlatformSession(ROOT, "dev", account_id=account.account_id, region=account.region) as session:
        figures = {"cloud start": time.monotonic() - started}
        workspace = Workspace(ROOT, "dev", session.endpoints)
        started = time.monotonic()
        paths = workspace.unit_paths()
        with UnitTable(err, paths, Durations(ROOT, "bench")) as view:
            runner = workspace.runner(view.on_event)
            runner.bootstrap("dev")
            results = runner.apply("dev", paths)
        failed = [str(result.error) for result in results if not result.ok]
        if failed:
            sys.exit("\n".join(failed))
        figures["apply of all units"] = time.monotonic() - started
        figures |= latencies(workspace, rounds)
        return figures


def latencies(workspace: Workspace, rounds: int) -> dict[str, float]:
    """Drop January and run its two jobs bare, in turn; medians."""
    names, endpoints = workspace.platform(), workspace.endpoints
    visible, bare, whole = [], [], []
    with tempfile.TemporaryDirectory(dir=ROOT / ".strata") as folder:
        for path in data.reference(Path(folder)):
            pipeline.put(endpoints, names.raw_bucket, f"reference/{path.name}", path.read_bytes())
        content = data.january(Path(folder)).path.read_bytes()
        for number in range(rounds):
            # Warm processes for this round: the platform's own stock fills up while nothing runs.
            processes = bare_processes(endpoints.aws_url, endpoints.region, Path(folder) / f"spark{number}")
            time.sleep(60)
            key = f"flights/bench-{number}.csv"
            dropped = pipeline.put(endpoints, names.raw_bucket, key, content)
            execution = pipeline.follow(endpoints, names.state_machine_arn, dropped)
            if execution.status != "SUCCEEDED":
                sys.exit(execution.reason)
            seconds = {step.name: step.seconds or 0.0 for step in execution.steps}
            visible.append(execution.seconds - seconds["Reconcile"] - seconds["RecordSuccess"])
            whole.append(execution.seconds)
            time.sleep(1)
            bare.append(run_bare(workspace, processes, key))
    ratios = [through / alone for through, alone in zip(visible, bare, strict=True)]
    return {
        "PutObject to rows visible": statistics.median(visible),
        "PutObject to execution's end": statistics.median(whole),
        "the two jobs bare": statistics.median(bare),
        "latency / bare": statistics.median(ratios),
    }


def bare_processes(url: str, region: str, folder: Path) -> list[SparkProcess]:
    """Two processes, warmed one after the other as the platform warms its own."""
    java = find_java(os.environ)
    jars = ensure_jars(default_folder(), lambda line: None, java=java)
    settings = SparkSettings(java=java, jars=jars, endpoint=url, region=region)
    processes = []
    for name in ("clean", "curate"):
        process = SparkProcess(settings, folder / name, warm_up=1, background=False)
        if not process.wait_ready(120):
            sys.exit("a Spark process did not become ready")
        processes.append(process)
    return processes


def run_bare(workspace: Workspace, processes: list[SparkProcess], key: str) -> float:
    """Run both jobs on an object that the platform has processed; return their seconds together."""
    endpoints, credentials = workspace.endpoints, glue_role(workspace)
    glue = pipeline.client(endpoints, "glue")
    s3 = embedded_client("s3", endpoints.aws_url, endpoints.region, credentials)
    total = 0.0
    for job, process in zip(("clean", "curate"), processes, strict=True):
        definition = glue.get_job(JobName=f"strata-{job}-dev")["Job"]
        runs = glue.get_job_runs(JobName=f"strata-{job}-dev")["JobRuns"]
        (run,) = (run for run in runs if run["Arguments"]["--key"] == key)
        libraries = job_arguments.py_file_locations(definition["DefaultArguments"])
        seconds, error = run_script(
            read(s3, definition["Command"]["ScriptLocation"]),
            tuple(itertools.chain.from_iterable((definition["DefaultArguments"] | run["Arguments"]).items())),
            process,
            py_files={Path(library).name: read(s3, library) for library in libraries},
            credentials=credentials,
        )
        process.stop()
        if error:
            sys.exit(f"{job} failed bare: {error}")
        total += seconds
    return total


def glue_role(workspace: Workspace) -> dict[str, str]:
    """Keys of the jobs' role, whose trust is widened here: the buckets let nobody else in."""
    endpoints = workspace.endpoints
    account = f"arn:aws:iam::{endpoints.account_id}"
    principals = ({"AWS": f"{account}:root"}, {"Service": "glue.amazonaws.com"})
    statements = [
        {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"} for principal in principals
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam = pipeline.client(endpoints, "iam")
    iam.update_assume_role_policy(RoleName="strata-glue-dev", PolicyDocument=document)
    keys = pipeline.client(endpoints, "sts").assume_role(
        RoleArn=f"{account}:role/strata-glue-dev", RoleSessionName="bench"
    )["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }


def read(s3: Any, uri: str) -> bytes:
    """An object's bytes by its s3:// URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


if __name__ == "__main__":
    main()
