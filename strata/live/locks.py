"""The units' `.terraform.lock.hcl` files: one content for each provider, the same wherever it is used."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from strata.errors import StrataError
from strata.hcl.syntax import parse
from strata.live.discovery import LOCK_FILE
from strata.modules.interface import Module

HOST = "registry.terraform.io"
# Where people and CI runners work.
PLATFORMS = ("linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64")
_HEADER = (
    '# This file is maintained automatically by "terraform init".\n'
    "# Manual edits may be lost in future updates.\n"
)


@dataclass(frozen=True)
class Locked:
    """One provider's entry: version, hashes and constraints as written, whole text, and its line."""

    version: str
    hashes: str
    constraints: str
    text: str
    line: int


def required_providers(module: Module) -> dict[str, str]:
    """The full addresses of the providers that a module requires, with their version constraints."""
    return {f"{HOST}/{provider.source.lower()}": provider.version for provider in module.providers}


def read(root: Path, file: str) -> dict[str, Locked]:
    """The entries of a lock file by provider address; none where the file is missing.

    Raises:
        StrataError: it has a syntax error.
    """
    try:
        raw = (root / file).read_bytes()
    except FileNotFoundError:
        return {}
    try:
        return _entries(raw)
    except StrataError as error:
        raise StrataError(error.message, file=file, line=error.line, remedy=error.remedy) from None


@cache
def _entries(raw: bytes) -> dict[str, Locked]:
    parsed = parse(LOCK_FILE, raw)
    lines = parsed.text.splitlines()
    found: dict[str, Locked] = {}
    for block in parsed.body.children("provider"):
        texts = {name: expression.normal for name, expression in block.attributes.items()}
        found[block.labels[0]] = Locked(
            texts.get("version", "").strip('"'),
            texts.get("hashes", ""),
            texts.get("constraints", "").strip('"'),
            "\n".join(lines[block.line - 1 : block.end_line]) + "\n",
            block.line,
        )
    return found


def write(root: Path, units: Mapping[str, Module], entries: Mapping[str, Locked]) -> list[str]:
    """Write each unit's lock file; returns the paths of those that changed.

    Raises:
        StrataError: a provider that a unit needs has no entry; nothing is written then.
    """
    texts: dict[str, str] = {}
    for unit, module in units.items():
        needed = sorted(required_providers(module))
        missing = [provider for provider in needed if provider not in entries]
        if missing:
            raise StrataError(
                f"{missing[0]} is not locked yet, and {unit} needs it", remedy="lock all providers at once"
            )
        file = f"{unit}/{LOCK_FILE}"
        texts[file] = _HEADER + "".join(f"\n{entries[provider].text}" for provider in needed)
    changed = [
        file
        for file, text in texts.items()
        if not (root / file).is_file() or (root / file).read_text(encoding="utf-8") != text
    ]
    for file in changed:
        (root / file).write_text(texts[file], encoding="utf-8")
    return changed


def resolve(
    constraints: Mapping[str, str], terraform: str, *, platforms: Sequence[str], mirror: Path | None
) -> dict[str, Locked]:
    """Ask Terraform for the newest versions that meet the constraints, and their hashes.

    Args:
        constraints: by provider address.
        terraform: the program.
        platforms: such as `linux_amd64`.
        mirror: a folder of providers to take instead of the registry.

    Raises:
        StrataError: Terraform's `providers lock` fails; its words are the message.
    """
    lines = ["terraform {", "  required_providers {"]
    for number, (address, constraint) in enumerate(sorted(constraints.items())):
        lines += [
            f"    p{number} = {{",
            f'      source = "{address}"',
            f'      version = "{constraint}"',
            "    }",
        ]
    command = [terraform, "providers", "lock", "-no-color", *(f"-platform={name}" for name in platforms)]
    if mirror is not None:
        command.append(f"-fs-mirror={mirror.resolve()}")
    with tempfile.TemporaryDirectory(prefix="strata-lock-") as folder:
        Path(folder, "main.tf").write_text("\n".join([*lines, "  }", "}"]) + "\n", encoding="utf-8")
        Path(folder, "terraform.rc").write_text("", encoding="utf-8")
        environ = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
        environ["TF_CLI_CONFIG_FILE"] = str(Path(folder, "terraform.rc"))
        done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
        if done.returncode:
            message = " ".join(done.stderr.replace("╷", "").replace("│", "").replace("╵", "").split())
            raise StrataError(
                f"`terraform providers lock` failed: {message.removeprefix('Error: ')[:400]}",
                remedy="name the providers that are available here, or a --mirror that holds them",
            )
        return read(Path(folder), LOCK_FILE)
