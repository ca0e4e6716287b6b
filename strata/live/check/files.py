"""Contracts of a unit's own files: small, and with the providers locked."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from strata.live.check import places
from strata.live.check.findings import Finding
from strata.live.check.picture import CheckedUnit, Picture
from strata.live.discovery import CONFIGURATION

EFFECTIVE_LINES = 15
LOCK = ".terraform.lock.hcl"
_HOST = "registry.terraform.io"
_TAGGED = re.compile(r'source = "([^"]+)"')


@dataclass(frozen=True)
class _Locked:
    version: str
    hashes: str
    file: str
    line: int


def check(picture: Picture) -> Iterator[Finding]:
    """All findings of this file's contracts."""
    for environment in picture.environments:
        for path in environment.paths:
            yield from _size(picture, path)
    yield from _locks(picture)


def _size(picture: Picture, path: str) -> Iterator[Finding]:
    lines = (picture.root / path / CONFIGURATION).read_text(encoding="utf-8").splitlines()
    effective = [
        number
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.strip().startswith(("#", "//"))
    ]
    if len(effective) > EFFECTIVE_LINES:
        yield Finding(
            f"{path}/{CONFIGURATION}",
            effective[EFFECTIVE_LINES],
            "unit-size",
            f"the unit has {len(effective)} effective lines, {EFFECTIVE_LINES} are allowed",
            "move what all environments share to live/_components, and what differs to env.hcl",
        )


def _locks(picture: Picture) -> Iterator[Finding]:
    first: dict[str, _Locked] = {}
    tracked = _tracked(picture.root)
    for path, unit in picture.units.items():
        file = f"{path}/{LOCK}"
        if not (picture.root / file).is_file():
            yield Finding(
                file,
                1,
                "lock-file",
                f"{path} has no {LOCK}",
                "write it with `strata live lock`, and commit it",
            )
            continue
        if tracked is not None and file not in tracked:
            yield Finding(file, 1, "lock-file", "the lock file is not in git", f"git add {file}")
        locked = _locked(picture.root, file)
        required = _required(unit)
        for provider in sorted(required - locked.keys()):
            yield Finding(
                file, 1, "lock-file", f"{provider} is not locked", "run `strata live lock`, and commit"
            )
        for provider in sorted(locked.keys() - required) if unit.module else ():
            yield Finding(
                file,
                locked[provider].line,
                "lock-file",
                f"{provider} is locked, and the module does not need it",
                "run `strata live lock`, and commit",
            )
        for provider, entry in locked.items():
            other = first.setdefault(provider, entry)
            if (other.version, other.hashes) != (entry.version, entry.hashes):
                what = (
                    f"{entry.version} here and {other.version}"
                    if other.version != entry.version
                    else "locked with other hashes here than"
                )
                yield Finding(
                    file,
                    entry.line,
                    "lock-file",
                    f"{provider} is {what} in {other.file}",
                    "run `strata live lock`, which writes all of them alike, and commit",
                )


def _locked(root: Path, file: str) -> dict[str, _Locked]:
    found: dict[str, _Locked] = {}
    for block in places.body(root, root / file).children("provider"):
        version = block.attributes.get("version")
        hashes = block.attributes.get("hashes")
        found[block.labels[0]] = _Locked(
            (version.string or "") if version else "", hashes.normal if hashes else "", file, block.line
        )
    return found


def _required(unit: CheckedUnit) -> set[str]:
    """The full addresses of the providers that the unit's module requires."""
    if unit.module is None:
        return set()
    found: set[str] = set()
    for _, block in unit.module.blocks("terraform"):
        for inner in block.children("required_providers"):
            for expression in inner.attributes.values():
                source = _TAGGED.search(expression.normal)
                if source:
                    found.add(f"{_HOST}/{source[1].lower()}")
    return found


def _tracked(root: Path) -> set[str] | None:
    """The lock files that git knows; None where there is no git."""
    try:
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z", "--", f":(glob)live/**/{LOCK}"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    return set(filter(None, listed.stdout.split("\0"))) if listed.returncode == 0 else None
