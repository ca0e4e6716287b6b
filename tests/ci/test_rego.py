"""Policies in Rego, with a stand-in for `opa` that answers as it does; the real one where it is on PATH."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from strata.ci.affected import Affected
from strata.ci.gate import check_plans
from strata.ci.plan_rules import PlanFinding
from strata.ci.planning import collect
from strata.ci.reading import Repository
from strata.ci.rego import of_policies
from strata.errors import StrataError
from strata.terraform.terragrunt import UnitOutcome

POLICY = """package strata
import rego.v1

deny contains {"rule": "no-queues", "label": "queues", "address": rc.address} if {
  some rc in input.resource_changes
  rc.type == "aws_sqs_queue"
}
"""
QUEUE = 'aws_sqs_queue.a["x"]'
DENIED = {"rule": "no-queues", "label": "queues", "address": QUEUE}
FOUND = PlanFinding(address=QUEUE, rule="no-queues", label="queues", what="denied by policies/")
OPA = """#!/bin/sh
[ "$1 $2 $3 $4" = "eval --format json --data" ] && [ -f "$5/a.rego" ] && [ "$6" = --input ] && [ -f "$7" ] || exit 9
[ "$8" = data.strata.deny ] && [ -z "$AWS_SECRET_ACCESS_KEY" ] || exit 9
cat "$(dirname "$0")/answer"
exit CODE
"""


def plan(folder: Path) -> Path:
    change = {"actions": ["create"], "before": None, "after": {"name": "secret"}, "after_unknown": {}}
    item = {"address": QUEUE, "type": "aws_sqs_queue", "mode": "managed", "change": change}
    file = folder / "live/dev/a/tfplan.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"format_version": "1.2", "resource_changes": [item]}))
    return file


def repository(folder: Path) -> Path:
    (folder / "policies").mkdir(parents=True)
    (folder / "policies/a.rego").write_text(POLICY)
    return folder


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, answer: Any, code: int = 0) -> None:
    (folder / "answer").write_text(answer if isinstance(answer, str) else json.dumps(answer))
    (folder / "opa").write_text(OPA.replace("CODE", str(code)))
    (folder / "opa").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")


def answer(*denied: Any) -> dict[str, Any]:
    return {"result": [{"expressions": [{"value": list(denied), "text": "data.strata.deny"}]}]}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, []),
        (answer(), []),
        (answer(DENIED), [FOUND]),
        (answer({**DENIED, "message": "secret"}), [FOUND]),
    ],
)
def test_what_is_denied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Any, found: list[PlanFinding]
) -> None:
    stand_in(tmp_path, monkeypatch, said)
    assert of_policies(repository(tmp_path / "r"), plan(tmp_path), {QUEUE}) == found


@pytest.mark.parametrize(
    ("said", "code", "says"),
    [
        ("rego_parse_error", 2, "the policies cannot be evaluated"),
        (answer(DENIED), 1, "the policies cannot be evaluated"),
        ({"result": [{}]}, 0, "the policies cannot be evaluated"),
        (answer("a queue named secret"), 0, "names no rule, label and address"),
        (answer({**DENIED, "address": "secret"}), 0, "names no rule, label and address"),
        (answer({**DENIED, "label": "Queue x"}), 0, "names no rule, label and address"),
    ],
)
def test_what_cannot_be_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Any, code: int, says: str
) -> None:
    stand_in(tmp_path, monkeypatch, said, code)
    with pytest.raises(StrataError, match=says) as caught:
        of_policies(repository(tmp_path / "r"), plan(tmp_path), {QUEUE})
    assert "secret" not in caught.value.message


def test_without_policies_and_without_opa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert of_policies(tmp_path, plan(tmp_path), {QUEUE}) == []
    (found,) = of_policies(repository(tmp_path / "r"), tmp_path / "live/dev/a/tfplan.json", {QUEUE})
    assert (found.label, found.what) == ("policies", "not evaluated, since opa is not on PATH")


def test_the_gate_asks_for_their_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, answer(DENIED))
    plan(tmp_path / "plans")
    root = repository(tmp_path / "r")
    unit = "live/dev/a"
    chosen = Affected("dev", {unit: ("x",)}, (), ((unit,),))
    outcomes = {unit: UnitOutcome(unit, "succeeded")}
    planned = collect(chosen, "c", tmp_path / "plans", outcomes, Repository.at(root))
    (found,) = check_plans(planned.plans)
    # The key is of no word of the configuration, and is not shown.
    assert found.label == "approve:queues"
    assert found.place.startswith('live/dev/a aws_sqs_queue.a["…')
    assert found.what == "no-queues: denied by policies/"


@pytest.mark.needs("opa")
def test_with_opa(tmp_path: Path) -> None:
    found = of_policies(repository(tmp_path / "r"), plan(tmp_path), {QUEUE})
    assert found == [FOUND]
