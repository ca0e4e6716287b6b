"""Measures the jobs: CPU seconds and peak memory of `clean` and `curate` against the same without checks.

    .venv/bin/python bench/jobs.py                    all inputs, all engines
    .venv/bin/python bench/jobs.py --input flights-1  one input

Each engine runs in a process of its own, which ends when the curated Parquet is written. CPU seconds are
those of its process tree, start included. `bare` is Spark with the jobs' own session: it reads the file with
its schema, joins the references and writes the same partitions, and checks nothing. DuckDB and Polars apply
the contract's rules to every line, and write clean rows and broken ones apart. Prints a table, or JSON with
--json; writes docs/examples/jobs.png with --plot; exits 1 if a figure misses its target.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
ENGINES = ("jobs", "bare", "duckdb", "polars")
INPUTS = ("flights-0.1", "flights-1", "flights-4", "lineitem-1")
# Of the jobs against bare Spark.
CPU, MEMORY = 1.6, 1.2
# A line costs at most this much more in four times as many.
GROWTH = 1.15


@dataclass(frozen=True)
class Figure:
    """What an engine took for an input."""

    input: str
    engine: str
    rows: int
    cpu_s: float
    wall_s: float
    peak_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--input", action="append", choices=INPUTS, help="default: all")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="default: all")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--plot", action="store_true", help="write docs/examples/jobs.png")
    arguments = parser.parse_args()
    figures = []
    with tempfile.TemporaryDirectory(prefix="strata-bench-") as folder:
        inputs = importlib.import_module("bench.jobs_inputs")
        for name in arguments.input or INPUTS:
            source = inputs.make(Path(folder), name)
            for engine in arguments.engine or ENGINES:
                figures.append(measure(Path(folder), source, name, engine))
                print(f"{name} {engine}: {figures[-1].cpu_s:.1f} s CPU", file=sys.stderr)
    if arguments.json:
        print(json.dumps([asdict(figure) for figure in figures], indent=1))
    else:
        show(figures)
    if arguments.plot:
        plot(figures, ROOT / "docs" / "examples" / "jobs.png")
    missed = list(misses(figures))
    for line in missed:
        print(line, file=sys.stderr)
    sys.exit(1 if missed else 0)


def measure(folder: Path, source: Path, name: str, engine: str) -> Figure:
    """Run an engine in a process of its own."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="run-") as run:
        command = [sys.executable, "-m", "bench.jobs_engines", engine, str(source), run]
        begun = time.monotonic()
        with (Path(run) / "log").open("w+") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
            tree, peak = psutil.Process(process.pid), 0
            while (resident := memory(tree)) is not None:
                peak = max(peak, resident)
                time.sleep(0.05)
            out, _ = process.communicate()
            if process.returncode:
                log.seek(0)
                raise SystemExit(f"{name} {engine} failed:\n{log.read()[-4000:]}")
        # The engine's last line: it counts its own tree before the JVM is gone.
        told = json.loads(out.splitlines()[-1])
    wall = time.monotonic() - begun
    return Figure(name, engine, told["rows"], round(told["cpu_s"], 2), round(wall, 2), round(peak / 2**20))


def memory(tree: psutil.Process) -> int | None:
    """Bytes that a process and its JVM hold; None when it has ended."""
    try:
        if tree.status() == psutil.STATUS_ZOMBIE:
            return None
        # The JVM's own children are not counted: for a moment, each is a copy that shares its memory.
        parts = [tree, *tree.children()]
    except psutil.NoSuchProcess:
        return None
    total = 0
    for part in parts:
        try:
            total += part.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def misses(figures: list[Figure]) -> list[str]:
    """The targets that the figures miss."""
    found: dict[tuple[str, str], Figure] = {(each.input, each.engine): each for each in figures}
    missed = []
    for name in ("flights-1", "flights-4"):
        jobs, bare = found.get((name, "jobs")), found.get((name, "bare"))
        if jobs is None or bare is None:
            continue
        for what, ratio, most in (
            ("CPU", jobs.cpu_s / bare.cpu_s, CPU),
            ("memory", jobs.peak_mb / bare.peak_mb, MEMORY),
        ):
            if ratio > most:
                missed.append(f"{name}: {ratio:.2f} × bare Spark's {what}, not {most}")
    runs = [found.get((name, "jobs")) for name in ("flights-0.1", "flights-1", "flights-4")]
    if all(runs):
        least, middle, most_rows = (run for run in runs if run is not None)
        first = (middle.cpu_s - least.cpu_s) / (middle.rows - least.rows)
        second = (most_rows.cpu_s - middle.cpu_s) / (most_rows.rows - middle.rows)
        if second > GROWTH * first:
            missed.append(f"a row of four times as many costs {second / first:.2f} times as much")
    return missed


def show(figures: list[Figure]) -> None:
    bare = {each.input: each for each in figures if each.engine == "bare"}
    print("| input | rows | engine | CPU s | × bare | s | peak MB | × bare |")
    print("|---|---|---|---|---|---|---|---|")
    for each in figures:
        base: Any = bare.get(each.input)
        cpu = f"{each.cpu_s / base.cpu_s:.2f}" if base else ""
        peak = f"{each.peak_mb / base.peak_mb:.2f}" if base else ""
        print(
            f"| {each.input} | {each.rows:,} | {each.engine} | {each.cpu_s} | {cpu} | {each.wall_s} |"
            f" {each.peak_mb} | {peak} |"
        )


def plot(figures: list[Figure], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4))
    for engine in ENGINES:
        points = sorted(
            (each.rows, each.cpu_s, each.peak_mb)
            for each in figures
            if each.engine == engine and each.input.startswith("flights")
        )
        if points:
            rows, cpu, peak = zip(*points, strict=True)
            axes[0].plot(rows, cpu, marker="o", label=engine)
            axes[1].plot(rows, peak, marker="o", label=engine)
    for axis, title in zip(axes, ("CPU seconds", "peak MB"), strict=True):
        axis.set(title=title, xlabel="rows of flights", ylim=0)
    axes[0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=100, metadata={"Software": None})


if __name__ == "__main__":
    main()
