"""A job on one local file: a real Spark, buckets that are folders, and nothing else."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from glue_jobs import odcs
from glue_jobs.contract import Contract
from glue_jobs.errors import JobError, RefusedObject
from strata.contracts.document import FOLDER, ContractDocument, sound
from strata.errors import StrataError
from strata.testing.fixtures.jobs import Buckets, local_spark

JOBS = ("clean", "curate")
Outcome = Literal["clean", "quarantined", "refused"]
# Bytes from which it pays that Spark compiles its plans.
_COMPILED_FROM = 1_000_000


@dataclass(frozen=True)
class Trial:
    """What became of a file.

    Attributes:
        dataset: the contract's data set.
        outcome: `refused` if the file was, `quarantined` if some of its lines were.
        counts: how many rows were read, clean, quarantined, duplicate and, after `curate`, curated.
        quarantined: the lines with `source_line`, `reason`, `detail` and `row`.
        refusal: why the whole file was refused.
        partitions: where `curate` wrote rows.
    """

    dataset: str
    outcome: Outcome
    counts: dict[str, int] = field(default_factory=dict)
    quarantined: list[dict[str, Any]] = field(default_factory=list)
    refusal: str | None = None
    partitions: list[str] = field(default_factory=list)


def contract_of(root: Path, file: Path, named: str | None) -> Contract:
    """Read the contract of a file.

    Args:
        root: the checkout.
        file: the file; its name or its folder names the data set.
        named: a data set or a contract's file, which is taken instead.

    Raises:
        StrataError: there is none, or it is not sound.
    """
    names = [named] if named else [file.name.partition(".")[0], file.resolve().parent.name]
    places = [root / FOLDER / f"{name}{odcs.SUFFIX}" for name in names]
    if named and named.endswith((".yaml", ".yml")):
        places = [Path(named)]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        known = sorted(
            path.name.removesuffix(odcs.SUFFIX) for path in (root / FOLDER).glob(f"*{odcs.SUFFIX}")
        )
        raise StrataError(
            f"no contract is called {' or '.join(names)}",
            remedy=f"name one with --contract: a file, or one of {', '.join(known) or 'none'}",
        )
    return sound(ContractDocument.read(found))


def try_job(job: str, file: Path, contract: Contract, references: Path | None = None) -> Trial:
    """Run a job on a file, `curate` after `clean`.

    Args:
        job: one of `JOBS`.
        file: the file.
        contract: what it must hold.
        references: the folder of the reference files; by default the file's own, or `reference` in it.

    Raises:
        StrataError: a reference file is missing, or the job failed.
    """
    tables = {table.name: _reference(file, table.name, references) for table in contract.references}
    compiled = file.stat().st_size > _COMPILED_FROM
    with (
        tempfile.TemporaryDirectory(prefix="strata-try-") as folder,
        local_spark(Path(folder), compiled=compiled) as spark,
    ):
        buckets = Buckets.make(spark, Path(folder) / "buckets")
        buckets.contract = contract
        for name, path in tables.items():
            buckets.put(f"reference/{name}.csv", path.read_bytes())
        key = f"{contract.dataset}/{file.name}"
        buckets.put(key, file.read_bytes())
        # What the jobs print is theirs; standard output belongs to the command.
        with contextlib.redirect_stdout(sys.stderr):
            try:
                report = buckets.run("clean", key)
                curated = buckets.run("curate", key) if job == "curate" else {}
            except RefusedObject as refusal:
                return Trial(contract.dataset, "refused", refusal=str(refusal))
            except JobError as error:
                raise StrataError(f"the job failed: {error}", file=file) from None
        rows = list(_quarantined(buckets, contract))
        counts = {name: int(value) for name, value in (report | curated).items() if name.startswith("rows_")}
        outcome: Outcome = "quarantined" if rows else "clean"
        return Trial(contract.dataset, outcome, counts, rows, partitions=list(curated.get("partitions", [])))


def _reference(file: Path, name: str, folder: Path | None) -> Path:
    folders = [folder] if folder else [file.parent, file.parent / "reference"]
    for place in folders:
        if (place / f"{name}.csv").is_file():
            return place / f"{name}.csv"
    raise StrataError(
        f"the reference file {name}.csv is missing in {' and '.join(map(str, folders))}",
        remedy="name its folder with --references",
    )


def _quarantined(buckets: Buckets, contract: Contract) -> Iterator[dict[str, Any]]:
    rows = [
        json.loads(line)
        for data in buckets.files(f"quarantine/{contract.dataset}").values()
        for line in data.splitlines()
    ]
    yield from sorted(rows, key=lambda row: int(row["source_line"]))
