"""The providers that a tree's modules require, as Terraform's own loader sees them.

The rules on text find what names a provider. This asks Terraform, which installs what it finds: whatever a
change requires that the base's lock files do not hold needs an approval, however it is spelled.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from strata.ci.code_rules import GateFinding
from strata.ci.git import ChangeTrees
from strata.errors import StrataError
from strata.hcl.syntax import parse
from strata.live.discovery import LIVE, LOCK_FILE
from strata.modules.interface import read_folder

MODULES = "modules"
_BUILT_IN = "terraform.io/builtin/"
# A line of `terraform providers`: a call of the root, or a provider of it or below.
_LINE = re.compile(r"(?P<bars>[│├└─\s]*)(?:module\.(?P<call>[\w-]+)|provider\[(?P<address>[^\]]+)\].*)")
_TOP = 4
_VARIABLES = ("HOME", "PATH", "TF_CLI_CONFIG_FILE", "TMPDIR")
# Where Terraform says that a fault is.
_FAULT = re.compile(rf"\bon \.\./{MODULES}/(?P<name>[^/\n]+)/")


def check_providers(trees: ChangeTrees, terraform: Path | str = "terraform") -> list[GateFinding]:
    """What the touched modules require that no unit had locked before the change.

    Args:
        trees: of the change, whose text needs no approval as code.
        terraform: the program that loads modules.
    """
    touched = sorted({path.split("/")[1] for path in trees.change.files if path.startswith(f"{MODULES}/")})
    if not touched:
        return []
    environ = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    names = [name for name in touched if any((trees.head / MODULES / name).glob("*.tf*"))]
    if not names:
        return []
    try:
        found = required_providers(trees.head, names, terraform, environ)
    except StrataError as error:
        return [GateFinding("code", MODULES, f"{error.message}, so that what it requires is unknown")]
    known = locked_providers(trees.base)
    if not known:
        before = [place.name for place in (trees.base / MODULES).glob("*") if any(place.glob("*.tf*"))]
        required = required_providers(trees.base, before, terraform, environ)
        known = {one for several in required.values() for one in several}
    return [
        GateFinding("provider", f"{MODULES}/{name}", f"requires {address}, which no unit has locked")
        for name, addresses in found.items()
        for address in sorted(addresses - known)
    ]


def required_providers(
    root: Path, names: list[str], terraform: Path | str, environ: Mapping[str, str]
) -> dict[str, frozenset[str]]:
    """The source addresses that modules require, with those that they call; nothing is downloaded.

    Args:
        root: a tree, in which a folder is made that names its modules.
        names: folders below `modules`, whose calls are of this tree too.
        terraform: the program.
        environ: the program's environment.

    Raises:
        StrataError: Terraform cannot load a module.
    """
    folder = root / ".strata-providers"
    folder.mkdir()
    (folder / "main.tf.json").write_text(json.dumps(_calls(root, names)), encoding="utf-8")
    _run(terraform, folder, environ, "get", "-no-color")
    found: dict[str, set[str]] = {name: set() for name in names}
    for name, address in _required(_run(terraform, folder, environ, "providers", "-no-color")):
        found[name].add(address)
    return {name: frozenset(addresses) for name, addresses in found.items()}


def _calls(root: Path, names: Iterable[str]) -> dict[str, Any]:
    """A root that calls modules, in Terraform's JSON; it hands on what they want to be given."""
    local: dict[str, str] = {}
    calls = {}
    for name in names:
        try:
            wanted = read_folder(root / MODULES / name, f"{MODULES}/{name}").configurations
        except StrataError:
            # Terraform's own loader decides on it.
            wanted = {}
        given = {
            key: local.setdefault(one.source, f"provider-{len(local)}")
            for key, one in wanted.items()
            if key != one.name
        }
        calls[name] = {"source": f"../{MODULES}/{name}"} | ({"providers": given} if given else {})
    required = {name: {"source": source} for source, name in local.items()}
    return {"terraform": {"required_providers": required}, "module": calls}


def locked_providers(root: Path) -> set[str]:
    """The source addresses in the lock files of a tree."""
    return {
        block.labels[0]
        for file in sorted((root / LIVE).rglob(LOCK_FILE))
        for block in parse(str(file), file.read_bytes()).body.children("provider")
        if block.labels
    }


def cli_configuration(root: Path) -> str:
    """Terraform's CLI configuration that installs what the lock files of a tree name, and nothing else.

    Raises:
        StrataError: the tree has no lock file.
    """
    known = sorted(locked_providers(root))
    if not known:
        raise StrataError("no unit has a lock file", remedy="make them with `strata live lock`")
    include = "".join(f'      "{address}",\n' for address in known)
    return f"provider_installation {{\n  direct {{\n    include = [\n{include}    ]\n  }}\n}}\n"


def _required(printed: str) -> Iterator[tuple[str, str]]:
    call = None
    for line in printed.splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        if found["call"] and len(found["bars"]) == _TOP:
            call = found["call"]
        elif call and found["address"] and not found["address"].startswith(_BUILT_IN):
            yield call, found["address"]


def _run(terraform: Path | str, folder: Path, environ: Mapping[str, str], *arguments: str) -> str:
    own = {"CHECKPOINT_DISABLE": "1", "TF_DATA_DIR": os.fspath(folder / ".terraform")}
    try:
        done = subprocess.run(
            [os.fspath(terraform), *arguments],
            cwd=folder,
            env={**environ, **own},
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise StrataError(f"terraform cannot be run: {error.strerror}", remedy="install Terraform") from None
    if done.returncode:
        names = ", ".join(dict.fromkeys(_FAULT.findall(done.stderr))) or "one of them"
        raise StrataError(f"Terraform cannot load the modules: {names}")
    return done.stdout
