"""A whole tree at the real Terragrunt and at Strata: graph, renders and plans, and where they differ."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strata.errors import StrataError
from strata.live import LiveTree
from tests.live.terragrunt import child_environ, significant

_RENDERED = "terragrunt.rendered.json"


@dataclass(frozen=True)
class MadeTree:
    """A repository on disk, with the variables that both programs see."""

    root: Path
    environ: dict[str, str]

    def load(self) -> LiveTree:
        """Read it afresh."""
        return LiveTree.load(self.root, environ=self.environ)

    def terragrunt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Terragrunt at its top."""
        return subprocess.run(
            ["terragrunt", *arguments],
            cwd=self.root,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )


def write_tree(folder: Path, files: Mapping[str, str]) -> MadeTree:
    """Write a repository below a folder."""
    root = folder.resolve() / "repository"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    environ = child_environ(root.parent)
    subprocess.run(["git", "init", "-q", str(root)], check=True, env=environ)
    return MadeTree(root, environ)


def compare_graph(made: MadeTree) -> list[str]:
    """How the units, their order and what they wait for differ from `terragrunt find --dag`."""
    done = made.terragrunt("find", "--json", "--dag", "--dependencies")
    if done.returncode:
        return [f"terragrunt find: {done.stderr[-500:]}"]
    theirs = [(one["path"], sorted(one.get("dependencies", []))) for one in json.loads(done.stdout)]
    ours = [(unit.path, sorted(unit.after)) for unit in made.load().dag()]
    return [] if ours == theirs else [f"graph: {ours} here, {theirs} there"]


def compare_renders(made: MadeTree) -> list[str]:
    """How units differ from `terragrunt render --all`, all in one process."""
    done = made.terragrunt(
        "render", "--all", "--json", "--write", "--tf-path", "terraform", "--out", _RENDERED
    )
    tree = made.load()
    found: list[str] = []
    for path in tree.find():
        file = made.root / path / _RENDERED
        try:
            ours = significant(tree.config(path), made.root)
        except StrataError as error:
            if file.is_file():
                found.append(f"{path}: refused here: {error}")
            continue
        if not file.is_file():
            found.append(f"{path}: refused there: {done.stderr[-500:]}")
            continue
        theirs = significant(json.loads(file.read_text(encoding="utf-8")), made.root)
        names = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
        found += [f"{path}: {name}: {ours.get(name)} here, {theirs.get(name)} there" for name in names]
    return found


def own_plans(made: MadeTree, folder: Path) -> dict[str, Mapping[str, Any]]:
    """The plan of each unit of dev by `terragrunt run --all plan`, as Terraform's JSON, by the unit's path.

    Raises:
        StrataError: a plan failed.
    """
    run = ("run", "--all", "--tf-path", "terraform", "--json-out-dir", str(folder), "--no-color", "plan")
    done = made.terragrunt(*run, "--working-dir", str(made.root / "live/dev"))
    if done.returncode:
        raise StrataError(f"terragrunt run --all plan: {done.stderr[-800:]}")
    files = sorted(folder.rglob("tfplan.json"))
    return {
        f"live/dev/{file.parent.relative_to(folder).as_posix()}": json.loads(file.read_text(encoding="utf-8"))
        for file in files
    }


def compare_plans(whole: Mapping[str, Any], own: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """How a plan of an environment differs from the sum of its units' own.

    Args:
        whole: the environment's plan as Terraform's JSON.
        own: the units' own by path.
    """
    ours = {one["address"]: one["change"] for one in whole.get("resource_changes", [])}
    theirs = {
        f"module.{path.removeprefix('live/dev/').replace('/', '-')}.{one['address']}": one["change"]
        for path, plan in own.items()
        for one in plan.get("resource_changes", [])
    }
    found = [f"{address}: only here" for address in sorted(ours.keys() - theirs.keys())]
    found += [f"{address}: only there" for address in sorted(theirs.keys() - ours.keys())]
    for address in sorted(ours.keys() & theirs.keys()):
        here, there = ours[address], theirs[address]
        if here["actions"] != there["actions"]:
            found.append(f"{address}: {here['actions']} here, {there['actions']} there")
        elif not _agrees(here["after"], there["after"], here["after_unknown"]):
            found.append(f"{address}: {here['after']} here, {there['after']} there")
    return found


def _agrees(here: Any, there: Any, unknown: Any) -> bool:
    """Whether a planned value is the other, where it is known: a mock stands for what is not."""
    if unknown is True:
        return True
    if isinstance(here, dict) and isinstance(there, dict):
        marks = unknown if isinstance(unknown, dict) else {}
        return all(_agrees(here.get(n), there.get(n), marks.get(n)) for n in here.keys() | there.keys())
    if isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        marks = unknown if isinstance(unknown, list) else [None] * len(here)
        return all(_agrees(*item) for item in zip(here, there, marks, strict=True))
    return bool(here == there)
