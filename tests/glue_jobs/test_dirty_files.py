"""Dirty files as data: each is refused as a whole, or every line of it has its outcome."""

from __future__ import annotations

import csv
import gzip
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from glue_jobs import odcs
from glue_jobs.contract import Contract
from glue_jobs.errors import RefusedObject
from strata.testing.fixtures.jobs import Buckets

pytestmark = pytest.mark.spark

CASES = tomllib.loads(Path(__file__).with_name("dirty_files.toml").read_text(encoding="utf-8"))
FILES: dict[str, dict[str, Any]] = CASES["files"]


@pytest.fixture(scope="module")
def contracts(root: Path) -> dict[str, Contract]:
    paths = {name: root / f"docs/examples/{name}.odcs.yaml" for name in ("trips", "lineitem")}
    paths["flights"] = root / "glue_jobs/contracts/flights.odcs.yaml"
    return {name: odcs.from_document(yaml.safe_load(path.read_text())) for name, path in paths.items()}


@pytest.fixture(scope="module")
def shared(new_buckets: Callable[[Path], Buckets], tmp_path_factory: pytest.TempPathFactory) -> Buckets:
    return new_buckets(tmp_path_factory.mktemp("dirty"))


def content_of(case: dict[str, Any], contract: Contract) -> bytes:
    """The file of a case."""
    text = case.get("t")
    if text is None:
        text = "\n".join([contract.format.delimiter.join(contract.header), *lines_of(case, contract)]) + "\n"
    content: bytes = text.encode(case.get("as", "utf-8"))
    return gzip.compress(content) if case.get("pack") else content


def lines_of(case: dict[str, Any], contract: Contract) -> list[str]:
    delimiter, name = contract.format.delimiter, case["c"]
    good = dict(
        zip(contract.header, next(csv.reader([CASES["good"][name]], delimiter=delimiter)), strict=True)
    )
    lines = []
    for number, line in enumerate(case["l"], start=2):
        if isinstance(line, str):
            lines.append(line)
            continue
        values = good | {CASES["numbered"][name]: str(number)} | line
        lines.append(delimiter.join(values.values()).replace("LONG", "x" * 1_000_000))
    return lines


@pytest.mark.parametrize("name", FILES)
def test_a_dirty_file_has_its_outcome(shared: Buckets, contracts: dict[str, Contract], name: str) -> None:
    case = FILES[name]
    contract = contracts[case["c"]]
    content = content_of(case, contract)
    key = f"{case['c']}/{case.get('key', 'x.csv')}"
    shared.contract = contract
    # A folder of the file system has no bytes of its own.
    shared.versions[name] = content
    # A later sequencer for each: nothing of a case before is newer.
    sequencer = f"{list(FILES).index(name) + 1:04X}"
    if "r" in case:
        with pytest.raises(RefusedObject) as caught:
            shared.run("clean", key, sequencer, version_id=name)
        assert caught.value.reason == case["r"], caught.value.detail
        return
    report = shared.run("clean", key, sequencer, version_id=name)
    written = shared.files(f"quarantine/{case['c']}/object={shared.object_id(key)}").values()
    rows = [json.loads(line) for data in written for line in data.splitlines()]
    found = {row["source_line"]: row["reason"] for row in rows}
    assert found == {int(line): reason for line, reason in case.get("q", {}).items()}, rows
    lines = content.splitlines() if not case.get("pack") else gzip.decompress(content).splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    duplicates = case.get("d", [])
    assert report["rows_read"] == max(0, len(lines) - 1)
    assert report["rows_duplicate"] == len(duplicates)
    assert report["rows_clean"] == report["rows_read"] - len(found) - len(duplicates)
    kept = {row["source_line"] for row in shared.clean_rows(key, sequencer)}
    assert kept == {*range(2, len(lines) + 1)} - {*found, *duplicates}


def test_the_list_is_long_enough() -> None:
    assert len(FILES) >= 80
    assert {case["c"] for case in FILES.values()} == {"flights", "trips", "lineitem"}
