"""What is wrong with a contract is found where it is: `faults.toml`, one thing wrong a case."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from strata.cli.app import run
from strata.contracts.check import check, contract_files, dataset_of
from strata.errors import StrataError

CASES: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "faults.toml").read_text())["case"]


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Path:
    """A checkout with the contracts flights and trips."""
    folder = tmp_path / "glue_jobs/contracts"
    shutil.copytree(root / "glue_jobs/contracts", folder)
    shutil.copy(root / "docs/examples/trips.odcs.yaml", folder)
    (tmp_path / ".git").mkdir()
    return tmp_path


def test_sound_contracts_have_no_findings(checkout: Path) -> None:
    assert [path.name for path in contract_files(checkout)] == ["flights.odcs.yaml", "trips.odcs.yaml"]
    assert check(checkout) == []


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_fault_has_its_line_and_remedy(case: dict[str, Any], checkout: Path) -> None:
    file = checkout / "glue_jobs/contracts/trips.odcs.yaml"
    text, (old, new) = file.read_text(), case["edit"]
    assert text.count(old) == 1
    text = text.replace(old, new) + case.get("append", "")
    file.write_text(text)
    lines = [number for number, line in enumerate(text.splitlines(), 1) if case["at"] in line]
    findings = check(checkout, [file])
    found = [finding for finding in findings if finding.message == case["says"]]
    assert found, "\n".join(map(str, findings))
    assert (found[0].file, found[0].remedy) == ("glue_jobs/contracts/trips.odcs.yaml", case["remedy"])
    assert found[0].line == case.get("line", lines[-1])
    others = {finding.message for finding in findings} - {case["says"]}
    assert others == set(case.get("also", []))


def test_two_contracts_of_one_name(checkout: Path) -> None:
    folder = checkout / "glue_jobs/contracts"
    shutil.copy(folder / "trips.odcs.yaml", folder / "rides.odcs.yaml")
    assert [str(finding) for finding in check(checkout)] == [
        "glue_jobs/contracts/rides.odcs.yaml:5: two contracts are called trips: rides.odcs.yaml and "
        "trips.odcs.yaml (name it rides, as its file)"
    ]


def test_what_is_not_a_contract_does_not_lie_beside_them(checkout: Path) -> None:
    (checkout / "glue_jobs/contracts/trips.yml").write_text("a: 1\n")
    assert [str(finding) for finding in check(checkout)] == [
        "glue_jobs/contracts/trips.yml:1: the file is not a contract (call it NAME.odcs.yaml, or move it away)"
    ]


def test_a_key_belongs_to_the_data_set_of_its_folder(checkout: Path) -> None:
    assert dataset_of(checkout, "trips/2026/a.csv") == "trips"


@pytest.mark.parametrize(
    ("key", "file"), [("rides/a.csv", "rides"), ("trips", "trips"), ("/trips/a.csv", "NAME")]
)
def test_a_key_under_no_data_sets_prefix_is_refused(checkout: Path, key: str, file: str) -> None:
    with pytest.raises(StrataError) as caught:
        dataset_of(checkout, key)
    assert str(caught.value) == (
        f"the key {key!r} is under no data set's prefix (use one of flights/, trips/, or write "
        f"glue_jobs/contracts/{file}.odcs.yaml)"
    )


def test_the_command_says_it_and_exits(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(checkout)
    assert run(["contract", "check"]) == 0
    assert capsys.readouterr().err == "2 contracts, 0 findings\n"
    assert run(["contract", "check", "--key", "trips/a.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"key": "trips/a.csv", "dataset": "trips"}
    assert run(["contract", "check", "--key", "x/a.csv"]) == 1
    capsys.readouterr()
    other = checkout / "draft.odcs.yaml"
    other.write_text("a: 1\n")
    assert run(["contract", "check", "draft.odcs.yaml", "--json"]) == 1
    findings = json.loads(capsys.readouterr().out)
    assert {
        "file": "draft.odcs.yaml",
        "line": 1,
        "message": "the field `a` is unknown here",
        "remedy": "the standard has customProperties for it",
    } in findings
    assert run(["contract", "check", "glue_jobs/contracts/trips.odcs.yaml"]) == 0
    assert capsys.readouterr().err == "1 contract, 0 findings\n"
    assert run(["contract", "check", "missing.odcs.yaml"]) == 1
    assert "missing.odcs.yaml:1: the file is missing (name a contract)" in capsys.readouterr().out
