"""Finds the units of a live tree: the folders that hold a `terragrunt.hcl`.

In a repository without a folder `live`, all units are one environment, called ".".
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from strata.errors import StrataError

CONFIGURATION = "terragrunt.hcl"
LOCK_FILE = ".terraform.lock.hcl"
LIVE = "live"
WHOLE = "."
FILTERS = ".terragrunt-filters"
# Terragrunt looks into every other folder, hidden ones too; the last two are this project's own.
SKIPPED = frozenset({".git", ".terraform", ".terragrunt-cache", ".strata", ".venv"})
# What Terragrunt would read and Strata does not: why, and what to do.
_NotRead = tuple[tuple[re.Pattern[str], str, str], ...]
_NO_CONFIGURATION: _NotRead = (
    (re.compile(r"terragrunt\.stack\.hcl"), "stacks are not read", "write its units as folders"),
    (re.compile(r"terragrunt\.values\.hcl"), "values of a stack are not read", "write them as inputs"),
    (re.compile(r"terragrunt\.hcl\.json"), "units in JSON are not read", f"write it as {CONFIGURATION}"),
)
# What Terraform would read, too: where there are environments, units are planned as one.
_NOT_READ: _NotRead = (
    *_NO_CONFIGURATION,
    (
        re.compile(r"terraform\.tfvars(\.json)?|.*\.auto\.tfvars(\.json)?"),
        "Terraform would load these variables, and a plan of the environment would not",
        f"write them as `inputs` of {CONFIGURATION}",
    ),
)


def find_units(root: Path) -> list[str]:
    """The paths of all units below `root` ("." is `root` itself) that pass `.terragrunt-filters`, sorted.

    Raises:
        StrataError: a filter is of a kind that is not supported.
    """
    found: list[str] = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        if CONFIGURATION in files:
            found.append(Path(folder).relative_to(root).as_posix())
    passing = _filters(root / FILTERS)
    return sorted(path for path in found if _passes(path, passing))


def all_units(root: Path) -> list[str]:
    """The paths of all units of a repository, as `terragrunt find` lists them, sorted.

    Without a folder `live`, a file at the top that others include is not a unit.

    Raises:
        StrataError: as `units_of`.
    """
    if not (root / LIVE).is_dir():
        return units_of(root, WHOLE)
    _refuse_not_read(root / LIVE, _NO_CONFIGURATION)
    return find_units(root)


def environments(root: Path) -> list[str]:
    """The names of the environments: the folders of `live/`, except those that begin with `_` or `.`.

    Raises:
        StrataError: no unit exists.
    """
    live = root / LIVE
    if not live.is_dir():
        _units_of_all(root)
        return [WHOLE]
    return sorted(entry.name for entry in live.iterdir() if _is_environment(entry))


def folder_of(root: Path, environment: str) -> Path:
    """The folder of an environment."""
    return root if environment == WHOLE else root / LIVE / environment


def _is_environment(entry: Path) -> bool:
    return entry.is_dir() and entry.name[0] not in "._"


def units_of(root: Path, environment: str) -> list[str]:
    """The paths of the environment's units, sorted.

    Raises:
        StrataError: the environment does not exist (the known ones are named), it has no unit, or a file that
            Terragrunt or Terraform would read is not read here.
    """
    if environment == WHOLE and not (root / LIVE).is_dir():
        _refuse_not_read(root, _NO_CONFIGURATION)
        # A file at the top is what the units include.
        everything = _units_of_all(root)
        return [path for path in everything if path != "." or everything == ["."]]
    folder = root / LIVE / environment
    if folder.name != environment or not _is_environment(folder):
        known = environments(root)
        raise StrataError(
            f"environment `{environment}` does not exist",
            remedy=f"use one of: {', '.join(known) or 'none exist'}",
        )
    _refuse_not_read(folder, _NOT_READ)
    found = find_units(folder)
    if not found:
        raise StrataError(f"the environment `{environment}` has no unit", file=folder)
    prefix = f"{LIVE}/{environment}/"
    passing = _filters(root / FILTERS)
    paths = [prefix + path for path in found if path != "."]
    return [path for path in paths if _passes(path, passing)]


def _units_of_all(root: Path) -> list[str]:
    found = find_units(root)
    if not found:
        raise StrataError(
            f"no folder below {root} holds a {CONFIGURATION}", remedy="run it in a Terragrunt repository"
        )
    return found


def _refuse_not_read(folder: Path, files_not_read: _NotRead) -> None:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in sorted(files):
            for pattern, fault, remedy in files_not_read:
                if pattern.fullmatch(name):
                    raise StrataError(fault, file=Path(place) / name, line=1, remedy=remedy)


def _filters(file: Path) -> list[tuple[bool, re.Pattern[str]]]:
    """The filters as (wanted, pattern); Terragrunt's path filters only."""
    if not file.is_file():
        return []
    filters: list[tuple[bool, re.Pattern[str]]] = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        wanted = not text.startswith("!")
        glob = text.lstrip("!").strip()
        if not glob.startswith("./") or any(sign in glob for sign in "|{}[]=") or "..." in glob:
            raise StrataError(
                f"the filter `{text}` is not supported",
                file=file,
                line=number,
                remedy="filter by path: ./live/**",
            )
        filters.append((wanted, _pattern(glob.removeprefix("./").rstrip("/"))))
    return filters


def _pattern(glob: str) -> re.Pattern[str]:
    pieces = re.split(r"(\*\*|\*|\?)", glob)
    wild = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(wild.get(piece, re.escape(piece)) for piece in pieces))


def _passes(path: str, filters: list[tuple[bool, re.Pattern[str]]]) -> bool:
    wanted = [pattern for keep, pattern in filters if keep]
    unwanted = [pattern for keep, pattern in filters if not keep]
    if any(pattern.fullmatch(path) for pattern in unwanted):
        return False
    return not wanted or any(pattern.fullmatch(path) for pattern in wanted)
