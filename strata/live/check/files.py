"""Contracts of a unit's own files: its folder's component, few lines, and the providers locked."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from strata.live.check import places
from strata.live.check.findings import CheckFinding
from strata.live.check.snapshot import CheckedEnvironment, CheckedUnit, LiveSnapshot
from strata.live.discovery import CONFIGURATION, LOCK_FILE, SKIPPED
from strata.live.evaluation.functions import satisfies
from strata.live.locks import Locked, read, required_providers
from strata.modules.repository import COMPONENTS

EFFECTIVE_LINES = 15
_REMEDY = "run `strata live lock`"


def check(snapshot: LiveSnapshot) -> Iterator[CheckFinding]:
    """All findings of this file's contracts."""
    for environment in snapshot.environments:
        yield from _left(snapshot, environment)
        for path in environment.paths:
            yield from _size(snapshot, path)
        for unit in environment.units:
            yield from _component(snapshot, unit)
    yield from _locks(snapshot)


def _left(snapshot: LiveSnapshot, environment: CheckedEnvironment) -> Iterator[CheckFinding]:
    """A lock file is what stays of a unit whose configuration was deleted by mistake."""
    for folder, folders, names in os.walk(environment.file.parent):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        if LOCK_FILE not in names or CONFIGURATION in names:
            continue
        path = Path(folder).relative_to(snapshot.root).as_posix()
        yield CheckFinding(
            f"{path}/{LOCK_FILE}",
            1,
            "lock-file",
            f"{path} has a lock file and no {CONFIGURATION}",
            f"restore {path}/{CONFIGURATION}, or delete the folder",
        )


def _component(snapshot: LiveSnapshot, unit: CheckedUnit) -> Iterator[CheckFinding]:
    """A component names its resources: in two folders it would create them twice, under the same names."""
    included = [
        (include.name, include.scope.file.path.stem)
        for include in unit.scopes[0].includes
        if include.scope.file.path.parent == snapshot.root / COMPONENTS
    ]
    own = unit.unit.component
    if not included or own in (component for _, component in included):
        return
    name, component = included[0]
    known = (snapshot.root / COMPONENTS / f"{own}.hcl").is_file()
    place = places.of_block(snapshot.root, unit.files[:1], "include", name, "path")
    yield CheckFinding(
        *(place or (f"{unit.unit.path}/{CONFIGURATION}", 1)),
        "component-name",
        f"{unit.unit.path} includes the component {component}, not {own}: its resources would have the "
        f"names of {component}'s",
        f"include {COMPONENTS}/{own}.hcl" if known else f"write {COMPONENTS}/{own}.hcl, and include it",
    )


def _size(snapshot: LiveSnapshot, path: str) -> Iterator[CheckFinding]:
    lines = (snapshot.root / path / CONFIGURATION).read_text(encoding="utf-8").splitlines()
    effective = [
        number
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.strip().startswith(("#", "//"))
    ]
    if len(effective) > EFFECTIVE_LINES:
        yield CheckFinding(
            f"{path}/{CONFIGURATION}",
            effective[EFFECTIVE_LINES],
            "unit-size",
            f"the unit has {len(effective)} effective lines, {EFFECTIVE_LINES} are allowed",
            "move what all environments share to live/_components, and what differs to env.hcl",
        )


def _locks(snapshot: LiveSnapshot) -> Iterator[CheckFinding]:
    first: dict[str, tuple[str, Locked]] = {}
    yield from _untracked(snapshot)
    for path, unit in snapshot.units.items():
        file = f"{path}/{LOCK_FILE}"
        if not (snapshot.root / file).is_file():
            yield CheckFinding(
                file, 1, "lock-file", f"{path} has no {LOCK_FILE}", f"{_REMEDY}, and add it to git"
            )
            continue
        locked = read(snapshot.root, file)
        if unit.module is not None:
            yield from _needed(file, locked, required_providers(unit.module))
        for provider, entry in locked.items():
            where, other = first.setdefault(provider, (file, entry))
            if other.version != entry.version:
                fault = f"{provider} is {entry.version} here and {other.version} in {where}"
            elif other.hashes != entry.hashes:
                fault = f"{provider} has other hashes here than in {where}"
            else:
                continue
            yield CheckFinding(file, entry.line, "lock-file", fault, f"{_REMEDY}: it writes all files alike")


def _untracked(snapshot: LiveSnapshot) -> Iterator[CheckFinding]:
    """Lock files that git does not know; of a whole environment, such as a copied one, one finding."""
    tracked = _tracked(snapshot.root)
    if tracked is None:
        return
    for environment in snapshot.environments:
        files = [f"{unit.unit.path}/{LOCK_FILE}" for unit in environment.units]
        files = [file for file in files if (snapshot.root / file).is_file()]
        unknown = [file for file in files if file not in tracked]
        if len(unknown) > 1 and unknown == files:
            folder = environment.file.parent.relative_to(snapshot.root).as_posix()
            fault = f"none of the {len(files)} lock files of {folder} is in git"
            yield CheckFinding(files[0], 1, "lock-file", fault, f"git add {folder}")
            continue
        for file in unknown:
            yield CheckFinding(file, 1, "lock-file", "the lock file is not in git", f"git add {file}")


def _needed(file: str, locked: Mapping[str, Locked], required: Mapping[str, str]) -> Iterator[CheckFinding]:
    for provider in sorted(required.keys() - locked.keys()):
        yield CheckFinding(file, 1, "lock-file", f"{provider} is not locked", _REMEDY)
    for provider, entry in sorted(locked.items()):
        if provider not in required:
            fault = f"{provider} is locked, and the module does not need it"
            yield CheckFinding(file, entry.line, "lock-file", fault, _REMEDY)
        elif required[provider] and not satisfies(entry.version, required[provider], of_provider=True):
            fault = f"{provider} is locked at {entry.version}, and the module asks for {required[provider]}"
            yield CheckFinding(file, entry.line, "lock-file", fault, _REMEDY)


def _tracked(root: Path) -> set[str] | None:
    """The lock files that git knows; None outside a Git repository."""
    try:
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z", "--", f":(glob)live/**/{LOCK_FILE}"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    return set(filter(None, listed.stdout.split("\0"))) if listed.returncode == 0 else None
