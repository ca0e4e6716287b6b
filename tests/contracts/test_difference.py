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
from tests.glue_jobs.documents import column, document, table

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


PRODUCERS = ": producers have to follow"
# A column's rule before and after, and what the change says.
RULES: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = [
    ("int", {"minimum": 1}, {"minimum": 2}, [f"minor has the minimum 2 now{PRODUCERS}"]),
    ("int", {"minimum": 2}, {"minimum": 1}, ["minor has the minimum 1 now"]),
    ("int", {"minimum": 2}, {"exclusiveMinimum": 2}, [f"minor has the exclusive minimum 2 now{PRODUCERS}"]),
    ("int", {"exclusiveMinimum": 2}, {"minimum": 2}, ["minor has the minimum 2 now"]),
    ("int", {"minimum": 2}, {}, ["minor has no minimum any more"]),
    ("int", {"maximum": 9}, {"maximum": 8}, [f"minor has the maximum 8 now{PRODUCERS}"]),
    ("int", {"maximum": 8}, {"maximum": 9}, ["minor has the maximum 9 now"]),
    ("double", {"maximum": 8}, {"maximum": 8.0}, []),
    (
        "date",
        {"maximum": "2026-01-02"},
        {"maximum": "2026-01-01"},
        [f"minor has the maximum 2026-01-01 now{PRODUCERS}"],
    ),
    (
        "timestamp",
        {"minimum": "2026-01-01T00:00:00Z"},
        {"minimum": "2026-01-01T00:00:00+01:00"},
        ["minor has the minimum 2025-12-31T23:00:00Z now"],
    ),
    ("string", {"maxLength": 5}, {"maxLength": 4}, [f"minor has 0 to 4 characters now{PRODUCERS}"]),
    ("string", {"maxLength": 4}, {"maxLength": 5}, ["minor has 0 to 5 characters now"]),
    ("string", {"minLength": 1}, {"minLength": 2}, [f"minor has 2 or more characters now{PRODUCERS}"]),
    ("string", {"minLength": 1, "maxLength": 4}, {}, ["minor has 0 or more characters now"]),
    ("string", {"enum": "ab"}, {"enum": "a"}, [f"minor allows a now{PRODUCERS}"]),
    ("string", {"enum": "a"}, {"enum": "ab"}, ["minor allows a, b now"]),
    ("string", {"enum": "ab"}, {"enum": "ba"}, []),
    ("string", {"enum": "ab"}, {"enum": "bc"}, [f"minor allows b, c now{PRODUCERS}"]),
    ("string", {"enum": "a"}, {}, ["minor allows any value now"]),
    ("string", {"unique": True}, {"unique": False}, ["major may repeat now"]),
]


@pytest.mark.parametrize(("kind", "old", "new", "says"), RULES, ids=map(repr, range(len(RULES))))
def test_a_rule_that_is_narrower_asks_producers(
    kind: str, old: dict[str, Any], new: dict[str, Any], says: list[str]
) -> None:
    def made(rules: dict[str, Any]) -> ContractDocument:
        rest = dict(rules)
        more = {"unique": rest.pop("unique")} if "unique" in rest else {}
        if "enum" in rest:
            more["enum"] = [{"value": value} for value in rest.pop("enum")]
        columns = [
            column("day", "date", required=True, primaryKey=True, partitioned=True),
            column("c", kind, logicalTypeOptions=rest, **more),
        ]
        return ContractDocument(Path("a.odcs.yaml"), json.dumps(document(table("a", columns))))

    found = compare(made(old), made(new))
    # What only the document writes otherwise is a change of its description.
    assert [
        f"{change.level.name} {change.text}" for change in found.changes if change.subject != "description"
    ] == says


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
