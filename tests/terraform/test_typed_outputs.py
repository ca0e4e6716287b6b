"""Outputs reach dependents with the types that the state gives them, empty collections too."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from strata.hcl.literals import typed
from strata.live import LiveTree, UnitOutputs

TYPES: list[tuple[Any, Any, str]] = [
    ("a", "string", "string"),
    (None, "number", "number"),
    ({}, ["map", "string"], "map(string)"),
    ({"a": 1}, ["map", "number"], "map(number)"),
    ([], ["list", ["map", "bool"]], "list(map(bool))"),
    (["b", "a"], ["set", "string"], "set(string)"),
    ([], ["set", "number"], "set(number)"),
    ({"a": [], "b": {}}, ["object", {"a": ["list", "string"], "b": ["map", "number"]}], "object"),
    (["a", 1], ["tuple", ["string", "number"]], "tuple"),
]


def test_a_typed_literal_has_its_type_for_terraform(tmp_path: Path) -> None:
    (tmp_path / "rc").write_text("")
    questions = "".join(f"type({typed(value, kind)})\n" for value, kind, _ in TYPES)
    said = ""
    # The console prints only the answer to its last line.
    for question in questions.splitlines():
        done = subprocess.run(
            ["terraform", "console"],
            cwd=tmp_path,
            input=question,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "TF_CLI_CONFIG_FILE": str(tmp_path / "rc"),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        said += "".join(done.stdout.split()) + "\n"
    answers = said.splitlines()
    assert [
        answer.partition("(")[0] if expected in ("object", "tuple") else answer
        for answer, (_, _, expected) in zip(answers, TYPES, strict=True)
    ] == [expected for _, _, expected in TYPES]
    assert answers[7] == "object({a:list(string),b:map(number),})"
    assert answers[8] == "tuple([string,number,])"


@pytest.mark.parametrize("names", [{}, {"a": "x"}])
def test_a_conditional_between_a_map_output_and_nothing_is_a_map(
    tmp_path: Path, names: dict[str, str]
) -> None:
    (tmp_path / ".git").mkdir()
    for component in ("base", "user"):
        (tmp_path / "live/dev" / component).mkdir(parents=True)
    (tmp_path / "live/dev/base/terragrunt.hcl").write_text("")
    (tmp_path / "live/dev/user/terragrunt.hcl").write_text(
        'dependency "base" {\n  config_path = "../base"\n}\n'
        "inputs = { names = length(dependency.base.outputs.names) > 9 ? {} : dependency.base.outputs.names }\n"
    )
    tree = LiveTree.load(tmp_path, environ={"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    outputs = {"live/dev/base": UnitOutputs({"names": names}, {"names": ["map", "string"]})}
    config = tree.config("live/dev/user", outputs)
    assert json.dumps(config["inputs"]) == json.dumps({"names": names})
