"""Terragrunt's own functions, answered as Terragrunt 1.1.3 does (`pkg/config/config_helpers.go`)."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from strata.errors import StrataError
from strata.live.language.scope import Scope

Answer = str | bool | list[str]

_COMMANDS = {
    "locking": ["apply", "destroy", "import", "plan", "refresh", "taint", "untaint"],
    "vars": ["apply", "console", "destroy", "import", "plan", "push", "refresh"],
    "input": ["apply", "import", "init", "plan", "refresh"],
    "parallelism": ["apply", "plan", "destroy"],
}
_PLATFORMS = {"win32": "windows"}
_PARENTS_CHECKED = 100


class FunctionError(Exception):
    """A function cannot answer; the message says why. The caller adds file and line."""


def answer(
    name: str, arguments: Sequence[str], scope: Scope, environ: Mapping[str, str], command: str
) -> Answer:
    """What the function `name` gives for `arguments` in `scope`.

    Raises:
        FunctionError: the function itself fails, as Terragrunt's would.
    """
    count = len(arguments)
    match name:
        case "get_env":
            return _get_env(arguments, environ)
        case "find_in_parent_folders":
            return _find_in_parent_folders(arguments, scope)
        case "path_relative_to_include":
            return _path_relative_to_include(arguments, scope)
        case "path_relative_from_include":
            return _path_relative_from_include(arguments, scope)
        case "get_parent_terragrunt_dir":
            relative = _path_relative_from_include(arguments, scope)
            return os.path.normpath(scope.directory / relative)
        case "mark_as_read":
            _count(name, arguments, 1)
            return arguments[0]
        case "constraint_check":
            _count(name, arguments, 2)
            return satisfies(arguments[0], arguments[1])
        case _ if name.startswith("get_terraform_commands_that_need_") and not count:
            return _COMMANDS[name.removeprefix("get_terraform_commands_that_need_")]
    _count(name, arguments, 0)
    match name:
        case "get_terragrunt_dir":
            return str(scope.directory)
        case "get_original_terragrunt_dir":
            return str(scope.original.parent)
        case "get_repo_root":
            return str(repository_root(scope))
        case "get_path_from_repo_root":
            return os.path.relpath(scope.directory, repository_root(scope))
        case "get_path_to_repo_root":
            return os.path.relpath(repository_root(scope), scope.directory)
        case "get_platform":
            return _PLATFORMS.get(sys.platform, sys.platform)
        case "get_terraform_command":
            return command
        case "get_terragrunt_source_cli_flag":
            return ""
    raise FunctionError(f"`{name}` has no answer")  # pragma: no cover


def repository_root(scope: Scope) -> Path:
    """The top of the git work tree that holds the unit; the live tree's own folder outside a Git repository.

    Terragrunt would fail without git; an unpacked archive of the repository means the same folder.
    """
    folder = scope.directory
    for candidate in (folder, *folder.parents):
        if (candidate / ".git").exists():
            return candidate
    return scope.root


def configuration_path(name: str, scope: Scope) -> Path:
    """The file that `read_terragrunt_config(name)` or `config_path = name` means."""
    path = Path(os.path.normpath(scope.directory / name))
    return path / "terragrunt.hcl" if path.is_dir() else path


def satisfies(version: str, constraint: str, *, of_provider: bool = False) -> bool:
    """Whether `version` meets `constraint` (hashicorp/go-version: `>= 1.0, < 2.0`, `~> 1.2`).

    Args:
        version: the version there is.
        constraint: what is asked for.
        of_provider: whether Terraform asks for a provider: to it, 3.0 does not meet `~> 1`.

    Raises:
        FunctionError: one of the two is not what it should be, or holds a pre-release, whose rules are not
        done.
    """
    have = _numbers(version)
    for term in constraint.split(","):
        match = re.fullmatch(r"\s*(=|!=|>=|<=|>|<|~>|)\s*v?(\d+(?:\.\d+)*)\s*", term)
        if match is None:
            raise FunctionError(f"`{term.strip()}` is not a version constraint of plain numbers")
        operator, text = match.groups()
        want = _numbers(text)
        if operator == "~>":
            # Terraform reads providers' constraints by another library, apparentlymart/go-versions.
            given = max(text.count(".") + 1, 2 if of_provider else 1)
            met = have >= want and have[: given - 1] == want[: given - 1]
        else:
            met = {
                "": have == want,
                "=": have == want,
                "!=": have != want,
                ">": have > want,
                "<": have < want,
                ">=": have >= want,
                "<=": have <= want,
            }[operator]
        if not met:
            return False
    return True


def _numbers(version: str) -> list[int]:
    if not re.fullmatch(r"v?\d+(\.\d+)*", version.strip()):
        raise FunctionError(f"`{version}` is not a version of plain numbers")
    numbers = [int(part) for part in version.strip().lstrip("v").split(".")]
    return numbers + [0] * (6 - len(numbers))


def _count(name: str, arguments: Sequence[str], *allowed: int) -> None:
    if len(arguments) not in allowed:
        wanted = " or ".join(str(number) for number in allowed)
        raise FunctionError(f"`{name}` takes {wanted} arguments, not {len(arguments)}")


def _get_env(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    _count("get_env", arguments, 1, 2)
    name = arguments[0]
    if not name:
        raise FunctionError("`get_env` needs the name of a variable")
    if name in environ:
        return environ[name]
    if len(arguments) == 2:
        return arguments[1]
    raise FunctionError(f"the environment variable `{name}` is not set and `get_env` has no default")


def _find_in_parent_folders(arguments: Sequence[str], scope: Scope) -> str:
    _count("find_in_parent_folders", arguments, 0, 1, 2)
    name = arguments[0] if arguments and arguments[0] else "terragrunt.hcl"
    folder = scope.directory
    for _ in range(_PARENTS_CHECKED):
        if folder.parent == folder:
            break
        folder = folder.parent
        candidate = os.path.normpath(f"{folder}/{name}")
        if os.path.exists(candidate):
            return candidate
    if len(arguments) == 2:
        return arguments[1]
    raise FunctionError(f"no `{name}` in any folder above {scope.directory}")


def _included(arguments: Sequence[str], scope: Scope) -> Path | None:
    if scope.include_path is not None:
        return scope.include_path
    paths = {include.name: include.scope.file.path for include in scope.includes}
    if len(paths) <= 1:
        return next(iter(paths.values()), None)
    if len(arguments) != 1:
        raise FunctionError(f"with several includes, name the one that is meant: {', '.join(paths)}")
    if arguments[0] not in paths:
        raise FunctionError(f"include `{arguments[0]}` does not exist, only {', '.join(paths)}")
    return paths[arguments[0]]


def _path_relative_to_include(arguments: Sequence[str], scope: Scope) -> str:
    included = _included(arguments, scope)
    return "." if included is None else os.path.relpath(scope.directory, included.parent)


def _path_relative_from_include(arguments: Sequence[str], scope: Scope) -> str:
    included = _included(arguments, scope)
    return "." if included is None else os.path.relpath(included.parent, scope.directory)


def failure(error: FunctionError, path: Path, line: int) -> StrataError:
    """The function's error with its place."""
    return StrataError(str(error), file=path, line=line)
