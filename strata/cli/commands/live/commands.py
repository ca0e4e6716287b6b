"""What the commands of `strata live` do."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path
from typing import Any

import typer

from strata.checkout.root import find_root
from strata.cli.views.console import err, out, print_json, table
from strata.errors import StrataError
from strata.live import LiveTree, discovery


def open_tree(allow_run_cmd: bool = False) -> LiveTree:
    """The live tree of the repository that this folder is in, as production sees it."""
    environ = {name: value for name, value in os.environ.items() if name != "STRATA_LOCAL"}
    program = "terraform" if shutil.which("terraform") or not shutil.which("tofu") else "tofu"
    return LiveTree.load(
        find_root(Path.cwd()), environ=environ, terraform=program, allow_run_cmd=allow_run_cmd
    )


def run_render(unit: str | None, command: str, allow_run_cmd: bool, as_json: bool) -> None:
    """One unit's configuration, or all of them by path."""
    tree = open_tree(allow_run_cmd)
    paths = [_path(tree, unit)] if unit else tree.find()
    documents = tree.configs(paths, command=command)
    # What `terragrunt render` passes over and a plan reports: a missing source, a wrong generate block.
    tree.rendered(documents, command)
    if as_json:
        print_json(documents[paths[0]] if unit else documents)
        return
    for path in paths:
        _print_unit(path, documents[path])


def run_graph(environment: str | None, as_json: bool) -> None:
    """The units in their order."""
    tree = open_tree()
    rows = tree.dag(environment)
    if as_json:
        print_json(
            [
                {"type": "unit", "path": unit.path}
                | ({"dependencies": sorted(unit.after)} if unit.after else {})
                for unit in rows
            ]
        )
        return
    out.print(table(None, ["unit", "after"], [[unit.path, ", ".join(sorted(unit.after))] for unit in rows]))


def run_check(rules: bool, allow_run_cmd: bool, as_json: bool) -> None:
    """All contracts in one report."""
    from strata.live.check import RULES, check

    if rules:
        if as_json:
            print_json(RULES)
        else:
            out.print(table(None, ["rule", "asks that"], [[name, text] for name, text in RULES.items()]))
        return
    tree = open_tree(allow_run_cmd)
    findings = check(tree)
    if as_json:
        print_json([dataclasses.asdict(finding) for finding in findings])
    else:
        for finding in findings:
            out.print(str(finding), markup=False, soft_wrap=True)
        units = len(tree.find())
        err.print(f"{len(RULES)} rules, {units} units, {len(findings)} findings")
    if findings:
        raise typer.Exit(1)


def run_lock(providers: list[str] | None, platforms: list[str] | None, mirror: Path | None) -> None:
    """Write the lock files; what is not looked up again keeps the entry it has."""
    from strata.live import locks
    from strata.live.check.picture import take

    tree = open_tree()
    modules = {path: unit.module for path, unit in take(tree).units.items() if unit.module is not None}
    constraints = {
        address: constraint
        for module in modules.values()
        for address, constraint in locks.required_providers(module).items()
    }
    wanted = {f"{locks.HOST}/{name.removeprefix(f'{locks.HOST}/')}" for name in providers or constraints}
    unknown = sorted(wanted - constraints.keys())
    if unknown:
        raise StrataError(f"no module needs {unknown[0]}", remedy=f"choose among {', '.join(constraints)}")
    entries = {
        address: entry
        for path in modules
        for address, entry in locks.read(tree.root, f"{path}/{discovery.LOCK_FILE}").items()
    }
    found = locks.resolve(
        {address: constraints[address] for address in wanted},
        tree.terraform,
        platforms=platforms or locks.PLATFORMS,
        mirror=mirror,
    )
    for file in locks.write(tree.root, modules, entries | found):
        out.print(file)


def _path(tree: LiveTree, unit: str) -> str:
    """The unit's path from the repository's folder; it may be given from the current one."""
    if unit in tree.find():
        return unit
    path = (Path.cwd() / unit).resolve()
    if not path.is_relative_to(tree.root):
        raise StrataError(f"{path} is not in this repository")
    return path.relative_to(tree.root).as_posix()


def _print_unit(path: str, document: dict[str, Any]) -> None:
    out.print(path, style="bold")
    source = (document.get("terraform") or {}).get("source")
    state = (document.get("remote_state") or {}).get("config") or {}
    generated = [block["path"] for block in document["generate"].values() if not block["disable"]]
    facts = [
        ["source", source],
        ["state", f"s3://{state.get('bucket')}/{state.get('key')}" if state else None],
        ["after", ", ".join(document.get("dependency") or {}) or None],
        ["generates", ", ".join(generated) or None],
    ]
    facts += [[f"input {name}", _short(value)] for name, value in sorted((document["inputs"] or {}).items())]
    for name, value in facts:
        if value is not None:
            out.print(f"  {name:<24} {value}", markup=False, soft_wrap=True)


def _short(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= 100 else f"{text[:97]}..."
