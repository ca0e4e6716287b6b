"""Every function that Terragrunt knows: the same value, or refused by name.

`functions.toml` holds a use of each, `functions.json` what Terragrunt 1.1.3 answered. To record it again:
`python -m tests.live.test_functions` with Terragrunt on PATH.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from strata.errors import StrataError
from strata.live import LiveTree
from strata.live.evaluation.commands import Commands
from strata.live.language.names import HCL_FUNCTIONS, TERRAGRUNT_FUNCTIONS

HERE = Path(__file__).parent
FUNCTIONS: dict[str, dict[str, str]] = tomllib.loads((HERE / "functions.toml").read_text(encoding="utf-8"))
ANSWERED = {name: case for name, case in FUNCTIONS.items() if "refused" not in case}
RECORD = HERE / "functions.json"
FILES = {
    "root.hcl": "locals {\n  a = 1\n}\n",
    "env.hcl": 'locals {\n  name = "parent"\n}\n',
    "u/env.hcl": 'locals {\n  name = "own"\n  list = [1]\n}\n',
    "u/data.txt": "héllo\n",
    "u/data.tpl": "Hello ${name}%{ for n in all } ${n}%{ endfor }!\n",
    "u/data.tfvars": 'a = 1\nb = ["x"]\n',
}


def write(root: Path, uses: dict[str, str]) -> Path:
    """A unit whose inputs use the functions; returns its folder."""
    lines = [f"  {name} = {use}" for name, use in uses.items()]
    include = 'include "root" {\n  path = "../root.hcl"\n}\n'
    for name, text in {
        **FILES,
        "u/terragrunt.hcl": include + "inputs = {\n" + "\n".join(lines) + "\n}\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root / "u"


def environ(home: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PLANET": "earth"}


def ask_terragrunt(root: Path) -> dict[str, Any]:
    """What the real program answers."""
    root.mkdir(exist_ok=True)
    (root / "rc").write_text("", encoding="utf-8")
    variables = {**environ(root), "TF_CLI_CONFIG_FILE": str(root / "rc")}
    subprocess.run(["git", "init", "-q", str(root)], check=True, env=variables)
    folder = write(root, {name: case["use"] for name, case in ANSWERED.items()})
    command = ["terragrunt", "render", "--json", "--tf-path", "terraform", "--working-dir", str(folder)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.replace(str(root), "${ROOT}"))["inputs"]
    return found


def ask_strata(root: Path) -> dict[str, Any]:
    (root / ".git").mkdir(parents=True)
    write(root, {name: case["use"] for name, case in ANSWERED.items()})
    inputs = LiveTree.load(root, environ=environ(root)).config("u")["inputs"]
    found: dict[str, Any] = json.loads(json.dumps(inputs).replace(str(root), "${ROOT}"))
    return found


def compare(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for name, case in ANSWERED.items():
        if "kind" in case:
            assert re.fullmatch(case["kind"], found[name]), (name, found[name])
            assert re.fullmatch(case["kind"], expected[name]), (name, expected[name])
    differing = {
        name for name, case in ANSWERED.items() if "kind" not in case and found[name] != expected[name]
    }
    assert {name: (found[name], expected[name]) for name in differing} == {}


def test_all_functions_are_here() -> None:
    # `defaults`, `list` and `map` are Terraform 0.15's, which later versions do not have.
    assert set(FUNCTIONS) == HCL_FUNCTIONS | TERRAGRUNT_FUNCTIONS | {"defaults", "list", "map"}


def test_answers_are_those_recorded(tmp_path: Path) -> None:
    compare(ask_strata(tmp_path), json.loads(RECORD.read_text(encoding="utf-8")))


@pytest.mark.needs("terragrunt")
def test_answers_are_terragrunts(tmp_path: Path) -> None:
    compare(ask_strata(tmp_path / "strata"), ask_terragrunt(tmp_path / "terragrunt"))


@pytest.mark.parametrize("name", [name for name, case in FUNCTIONS.items() if "refused" in case])
def test_refused_by_name(name: str, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    folder = write(tmp_path, {"a": FUNCTIONS[name]["use"]})
    with pytest.raises(StrataError) as caught:
        LiveTree.load(tmp_path, environ=environ(tmp_path)).config("u")
    assert FUNCTIONS[name]["refused"] in caught.value.message
    assert (caught.value.file, caught.value.line) == (str(folder / "terragrunt.hcl"), 5)


def test_run_cmd_where_it_is_allowed(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    uses = {
        "a": 'run_cmd("pwd")',
        "b": 'run_cmd("--terragrunt-quiet", "sh", "-c", "printf \'%s\\n\\n\' $PLANET >> log; cat log")',
        "c": 'run_cmd("--terragrunt-quiet", "sh", "-c", "printf \'%s\\n\\n\' $PLANET >> log; cat log")',
        "d": 'try(run_cmd("false"), "failed")',
        "e": 'run_cmd("echo", upper("x"))',
    }
    folder = write(tmp_path, uses)
    tree = LiveTree.load(tmp_path, environ=environ(tmp_path), allow_run_cmd=True)
    # The same command runs once.
    expected = {"a": str(folder), "b": "earth\n", "c": "earth\n", "d": "failed", "e": "X"}
    assert tree.config("u")["inputs"] == expected


def test_a_command_asked_for_twice_at_once_runs_once(tmp_path: Path) -> None:
    commands = Commands({"PATH": os.environ["PATH"]})
    slow = ["sh", "-c", "echo run >> log; sleep 0.2; cat log"]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: commands.run(slow, tmp_path), range(2))) == ["run", "run"]


# What runs, in which folders, and what each run answers: the command appends a line and counts them.
RUNS = {
    "the same folder": ([], "aa", ["1", "1"]),
    "two folders": ([], "ab", ["1", "1"]),
    "two folders, one answer": (["--terragrunt-global-cache"], "ab", ["1", "1"]),
    "never kept": (["--terragrunt-no-cache"], "aa", ["1", "2"]),
    "quiet and never kept": (["--terragrunt-quiet", "--terragrunt-no-cache"], "aa", ["1", "2"]),
    "an option after the program": (["echo", "--terragrunt-quiet"], "a", ["--terragrunt-quiet sh -c"]),
}


@pytest.mark.parametrize("name", RUNS)
def test_which_answers_of_commands_are_kept(name: str, tmp_path: Path) -> None:
    options, folders, expected = RUNS[name]
    commands = Commands({"PATH": os.environ["PATH"]})
    said = []
    for folder in folders:
        (tmp_path / folder).mkdir(exist_ok=True)
        counted = "echo >> log; wc -l < log | tr -d ' '"
        said.append(
            commands.run([*options, "sh", "-c", counted], tmp_path / folder).removesuffix(f" {counted}")
        )
    assert said == expected
    if name == "two folders, one answer":
        assert not (tmp_path / "b/log").exists()


@pytest.mark.parametrize(
    ("use", "says"),
    [
        ('run_cmd("false")', "false ended with 1"),
        ('run_cmd("no-such-program")', "cannot run no-such-program"),
        ('run_cmd("sh", "-c", "echo a >&2; echo b >&2; exit 3")', "sh ended with 3: b$"),
        ('run_cmd("false")', "ended with 1: it printed nothing$"),
        ("run_cmd()", "needs a command"),
        ('run_cmd("")', "needs a command"),
        ('run_cmd("--terragrunt-quiet")', "needs a command"),
        ('run_cmd("--terragrunt-no-cache", "--terragrunt-global-cache", "date")', "takes either"),
    ],
)
def test_run_cmd_that_fails(use: str, says: str, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path, {"a": use})
    with pytest.raises(StrataError, match=says) as caught:
        LiveTree.load(tmp_path, environ=environ(tmp_path), allow_run_cmd=True).config("u")
    assert caught.value.line == 5


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        answers = ask_terragrunt(Path(place))
    RECORD.write_text(json.dumps(answers, indent=1, sort_keys=True) + "\n", encoding="utf-8")
