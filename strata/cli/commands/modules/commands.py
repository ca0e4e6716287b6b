"""What the commands of `strata modules` do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from strata.checkout.root import find_root
from strata.cli.views.console import out, print_json, table
from strata.errors import StrataError
from strata.lint.findings import FILE, judge, read_skips
from strata.live.pins import pins
from strata.modules.docs import documented
from strata.modules.interface import Module
from strata.modules.repository import FOLDER, ReleaseDifference, Repository
from strata.modules.rules import RULES, check
from strata.modules.stamps import read_sources, stamped
from strata.modules.versions import Level, Version


def run_list(as_json: bool) -> None:
    """One row a module."""
    repository = _repository()
    pinned = pins(repository.root)
    rows = [
        (name, str(repository.changelog(name)[0].version), repository.difference(name))
        for name in repository.names()
    ]
    if as_json:
        print_json(
            [
                {
                    "module": name,
                    "version": version,
                    "released": None if difference.base is None else str(difference.base),
                    "change": None if difference.base is None else difference.level.name,
                    "environments": {env: versions.get(name) for env, versions in pinned.items()},
                }
                for name, version, difference in rows
            ]
        )
        return
    cells = [
        [name, version, "never" if difference.base is None else str(difference.base)]
        + ["-" if difference.base is None else difference.level.name]
        + [versions.get(name, "-") for versions in pinned.values()]
        for name, version, difference in rows
    ]
    out.print(table(None, ["module", "version", "released", "change since", *pinned], cells))


def run_diff(module: str, base: str | None, as_json: bool) -> None:
    """One line a change, then the version number."""
    difference = _repository().difference(module, None if base is None else Version.read(base))
    if as_json:
        print_json(_facts(difference))
        return
    if difference.base is None:
        out.print(f"{module} was never released: its first version is {difference.next}")
        return
    for change in difference.changes:
        out.print(f"{change.level.name:6}{change.subject}: {change.text}", markup=False, soft_wrap=True)
    if difference.level is Level.none:
        out.print(f"{module} is as {difference.base} has it")
    else:
        out.print(f"{module} {difference.base} -> {difference.next} at least ({difference.level.name})")


def run_tag(module: str, version: str | None) -> None:
    """Tag, and say how the tag is published."""
    name, release = _repository().tag(module, None if version is None else Version.read(version))
    out.print(f"tagged {name} ({release.date}); publish it with: git push origin {name}", soft_wrap=True)


def run_docs(modules: list[str] | None, check_only: bool) -> None:
    """Write the READMEs that are not up to date, or with `check_only` name them and exit 1."""
    _write(modules, _readme, check_only)


def run_stamp(modules: list[str] | None, check_only: bool) -> None:
    """Write the stamped files that are not up to date, or with `check_only` name them and exit 1."""
    root = _repository().root
    sources = read_sources(root / FOLDER, FOLDER)
    _write(modules, lambda module: stamped(module, sources), check_only)


def run_check(modules: list[str] | None, rules: bool, as_json: bool) -> None:
    """Print the findings, or the rules; exit 1 if there are findings."""
    if rules:
        out.print(table(None, ["rule", "what it asks for"], [list(row) for row in RULES.items()]))
        return
    root = _repository().root
    # A skip for another module is not stale because that module was not looked at.
    judged = judge(check(root, modules or None), read_skips(root / FILE), [] if modules else RULES)
    if as_json:
        print_json({"findings": [vars(f) for f in judged.findings], "skipped": len(judged.skipped)})
    else:
        for finding in judged.findings:
            out.print(str(finding), markup=False, soft_wrap=True)
        out.print(f"{len(judged.findings)} findings, {len(judged.skipped)} skipped with a reason in {FILE}")
    if judged.findings:
        raise typer.Exit(1)


def _repository() -> Repository:
    return Repository(find_root(Path.cwd()))


def _facts(difference: ReleaseDifference) -> dict[str, Any]:
    return {
        "module": difference.module,
        "from": None if difference.base is None else str(difference.base),
        "changes": [
            {"level": change.level.name, "subject": change.subject, "text": change.text}
            for change in difference.changes
        ],
        "level": difference.level.name,
        "version": str(difference.next),
    }


def _readme(module: Module) -> dict[str, str]:
    place = f"{FOLDER}/{module.name}/README.md"
    raw = module.others.get("README.md")
    if raw is None:
        raise StrataError("the file does not exist", file=place)
    return {"README.md": documented(raw.decode("utf-8"), module, place)}


def _write(modules: list[str] | None, made: Callable[[Module], dict[str, str]], check_only: bool) -> None:
    """Write the files that differ; every text is made before the first is written."""
    repository = _repository()
    texts = {
        f"{FOLDER}/{name}/{file}": text
        for name in modules or repository.names()
        for file, text in made(repository.module(name)).items()
    }
    stale = [place for place, text in texts.items() if _read(repository.root / place) != text]
    for place in stale:
        if not check_only:
            (repository.root / place).write_text(texts[place], encoding="utf-8")
        out.print(f"{'not up to date' if check_only else 'wrote'}: {place}", soft_wrap=True)
    if not stale:
        out.print(f"{len(texts)} files are up to date")
    if stale and check_only:
        raise typer.Exit(1)


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
