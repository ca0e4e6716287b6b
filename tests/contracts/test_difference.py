"""What a change of a contract asks of readers: `differences.toml`, one change a case."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from strata.cli.app import run
from strata.contracts.difference import compare
from strata.contracts.document import ContractDocument
from strata.errors import StrataError

CASES: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "differences.toml").read_text())["case"]
FILES = {"trips": "docs/examples/trips.odcs.yaml", "flights": "glue_jobs/contracts/flights.odcs.yaml"}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_change_calls_for_its_version(case: dict[str, Any], root: Path, tmp_path: Path) -> None:
    old = ContractDocument.read(root / FILES[case.get("of", "trips")])
    text = old.text
    for before, after in case["edit"]:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    found = compare(old, ContractDocument(tmp_path / "new.odcs.yaml", text))
    assert [f"{change.level.name} {change.subject}: {change.text}" for change in found.changes] == case[
        "says"
    ]
    assert str(found.next) == case["needs"]
    assert found.says_enough is (case["needs"] == "1.0.0")
    # A change back asks something, too, and a version that is high enough says so.
    raised = ContractDocument(tmp_path / "new.odcs.yaml", text.replace("version: 1.0.0", "version: 3.0.0"))
    assert compare(old, raised).says_enough
    assert bool(compare(raised, old).changes) is bool(case["says"])


def test_the_command_says_whether_readers_break(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = root / FILES["trips"], tmp_path / "trips.odcs.yaml"
    new.write_text(old.read_text().replace("decimal(10,2)", "double"))
    assert run(["contract", "diff", str(old), str(new)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "major column fare: decimal(10,2) has become double",
        "readers break: 1.0.0 -> 2.0.0 at least (major)",
        "its version 1.0.0 is too low",
    ]
    new.write_text(new.read_text().replace("version: 1.0.0", "version: 2.0.0"))
    assert run(["contract", "diff", str(old), str(new), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["readers_break"], found["needs"], found["says_enough"]) == (True, "2.0.0", True)
    assert run(["contract", "diff", str(old), str(old)]) == 0
    assert capsys.readouterr().out == "the contract is unchanged since 1.0.0\n"


def test_a_contract_with_a_fault_is_not_compared(root: Path, tmp_path: Path) -> None:
    old = root / FILES["trips"]
    new = tmp_path / "trips.odcs.yaml"
    new.write_text(old.read_text().replace("logicalType: boolean", "logicalType: flag"))
    with pytest.raises(
        StrataError, match=r"trips\.odcs\.yaml:35: the column shared has the unknown type 'flag'"
    ):
        compare(ContractDocument.read(old), ContractDocument.read(new))
