"""Every contract of the live tree is found broken where it is: `contracts/violations.toml`, one fault a case."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from strata.cli.app import run
from strata.live import LiveTree
from strata.live.check import RULES, check

HERE = Path(__file__).parent / "contracts"
CASES: list[dict[str, Any]] = tomllib.loads((HERE / "violations.toml").read_text(encoding="utf-8"))["case"]
ROOT = Path(__file__).resolve().parents[2]


def _git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree as a repository whose modules are released as 1.0.0, 1.1.0 and 1.2.0."""
    folder = tmp_path_factory.mktemp("contracts") / "tree"
    shutil.copytree(HERE / "tree", folder)
    _git(folder, "init", "-q")
    _git(folder, "add", ".")
    _git(folder, "commit", "-q", "-m", "all")
    for module in ("reader", "store"):
        for version in ("1.0.0", "1.1.0", "1.2.0"):
            _git(folder, "tag", f"{module}/v{version}")
    return folder


def _load(folder: Path) -> LiveTree:
    return LiveTree.load(folder, environ={"PATH": os.environ["PATH"], "HOME": str(folder)})


def test_the_good_tree_breaks_nothing(good: Path) -> None:
    assert check(_load(good)) == []


def test_this_repository_breaks_nothing() -> None:
    assert [str(finding) for finding in check(_load(ROOT))] == []


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_violation(case: dict[str, Any], good: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    shutil.copytree(good, folder)
    for name, (old, new) in case.get("edit", {}).items():
        text = (folder / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    for name, text in case.get("write", {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    if "delete" in case:
        (folder / case["delete"]).unlink()
    if "untrack" in case:
        _git(folder, "rm", "-q", "--cached", case["untrack"])

    findings = check(_load(folder))

    file, marked = case["at"]
    lines = (folder / file).read_text(encoding="utf-8").splitlines() if (folder / file).is_file() else []
    line = next((number for number, text in enumerate(lines, 1) if marked and marked in text), 1)
    found = [f for f in findings if (f.rule, f.file, f.line) == (case["rule"], file, line)]
    assert any(case["says"] in f.message for f in found), "\n".join(map(str, findings))
    assert {f.rule for f in findings} == {case["rule"], *case.get("also", [])}
    assert all(f.remedy and f.line > 0 and str(folder) not in str(f) for f in findings)
    assert not case.get("only") or {f.file for f in findings} == {file}, "\n".join(map(str, findings))


def test_every_rule_has_a_case() -> None:
    assert {case["rule"] for case in CASES} | {r for case in CASES for r in case.get("also", [])} == set(
        RULES
    )


INCLUDE = 'include "root" {\n  path = "${get_repo_root()}/root.hcl"\n}\n'
TREE = {
    "root.hcl": "",
    "live/dev/a/terragrunt.hcl": INCLUDE,
    "live/dev/b/terragrunt.hcl": INCLUDE + 'dependencies {\n  paths = ["../a"]\n}\n',
    "live/prod/a/terragrunt.hcl": INCLUDE,
}
# What is added to the tree, and the finding.
GRAPHS = {
    "a cycle": (
        {"live/dev/a/terragrunt.hcl": INCLUDE + '\ndependencies {\n  paths = ["../b"]\n}\n'},
        "live/dev/a/terragrunt.hcl:6: dependency cycle: live/dev/a -> live/dev/b -> live/dev/a "
        "(remove one of these dependencies) [dependency-cycle]",
    ),
    "a unit that waits for itself": (
        {"live/dev/a/terragrunt.hcl": 'dependency "own" {\n  config_path = "../a"\n  mock_outputs = { x = 1 }\n'
        '  mock_outputs_allowed_terraform_commands = ["plan"]\n}\n'},
        "live/dev/a/terragrunt.hcl:2: dependency cycle: live/dev/a -> live/dev/a "
        "(remove one of these dependencies) [dependency-cycle]",
    ),
    "another environment": (
        {"live/prod/a/terragrunt.hcl": INCLUDE + 'dependencies {\n  paths = ["../../dev/a"]\n}\n'},
        "live/prod/a/terragrunt.hcl:5: live/prod/a depends on live/dev/a, which is of another environment "
        "(depend on the unit of its own environment, or give the value in env.hcl) [foreign-environment]",
    ),
    "a missing unit": (
        {"live/prod/a/terragrunt.hcl": INCLUDE + 'dependencies {\n  paths = ["../nope"]\n}\n'},
        "live/prod/a/terragrunt.hcl:5: the dependency `../nope` names live/prod/nope, which holds no unit "
        "(create live/prod/nope/terragrunt.hcl, or correct the path) [read]",
    ),
    "a dependency of an included file": (
        {"root.hcl": '\ndependencies {\n  paths = ["../a"]\n}\n'},
        "root.hcl:3: dependency cycle: live/dev/a -> live/dev/a "
        "(remove one of these dependencies) [dependency-cycle]",
    ),
    "a hidden folder": (
        {"live/.x/a/terragrunt.hcl": ""},
        "live/.x/a/terragrunt.hcl:1: `live/.x/a` is a unit of no environment: Terragrunt runs it, and `strata "
        "plan` does not (move it below live/ENVIRONMENT, or leave it out in .terragrunt-filters) [read]",
    ),
    "a folder of components": (
        {"live/_x/a/terragrunt.hcl": ""},
        "live/_x/a/terragrunt.hcl:1: `live/_x/a` is a unit of no environment: Terragrunt runs it, and `strata "
        "plan` does not (move it below live/ENVIRONMENT, or leave it out in .terragrunt-filters) [read]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("folder", [".", "live/dev/a"])
def test_the_graph_from_any_folder(
    name: str,
    folder: str,
    write: Callable[[Mapping[str, str]], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    added, finding = GRAPHS[name]
    root = write({**TREE, **added})
    monkeypatch.chdir(root / folder)
    assert run(["live", "check"]) == 1
    assert finding in capsys.readouterr().out.replace("\n", " ")


def test_units_left_out_are_of_no_environment_either(write: Callable[[Mapping[str, str]], Path]) -> None:
    root = write({**TREE, "live/_x/a/terragrunt.hcl": "", ".terragrunt-filters": "!./live/_x/**\n"})
    assert check(LiveTree.load(root)) == []


def test_rendering_a_unit_of_a_cycle_says_where(
    write: Callable[[Mapping[str, str]], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = write({**TREE, **GRAPHS["a cycle"][0]})
    monkeypatch.chdir(root)
    assert run(["live", "render", "live/dev/b"]) == 1
    said = capsys.readouterr().err.replace("\n", " ")
    assert "terragrunt.hcl:" in said
    assert "dependency cycle: live/dev/" in said
    assert run(["live", "render", "live/prod/a"]) == 0


def test_a_unit_is_rendered_though_another_cannot_be_read(
    write: Callable[[Mapping[str, str]], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {"live/dev/c/terragrunt.hcl": "locals {\n  x = nope()\n}\n"}
    after = {"live/dev/d/terragrunt.hcl": 'dependencies {\n  paths = ["../c", "../b"]\n}\n'}
    root = write({**TREE, **broken, **after})
    monkeypatch.chdir(root)
    assert run(["live", "render", "live/dev/d"]) == 0
    tree = LiveTree.load(root)
    assert [unit.path for unit in tree.with_dependencies(["live/dev/d"])] == [
        "live/dev/a",
        "live/dev/b",
        "live/dev/d",
    ]
