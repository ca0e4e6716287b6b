"""Asks Terraform's own parser of HCL about thousands of texts at once.

Each text is a file of one folder. `terraform fmt` names the files with a syntax error; `terraform validate -json` names
every argument and block that Terraform does not know, with its line; the console says the values of variables' defaults.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_UNKNOWN = {"Unsupported argument": "attribute", "Unsupported block type": "block"}
_NAMED = re.compile(r'(?:An argument named|Blocks of type) "([^"]*)"')


@dataclass(frozen=True, order=True)
class Item:
    """An attribute or a block of a body."""

    line: int
    kind: str
    name: str


def refused(texts: Sequence[str], folder: Path) -> set[int]:
    """The indices of the texts that have a syntax error."""
    _write(texts, folder)
    said = _terraform(folder, "fmt", "-check", "-write=false", "-list=false", "-no-color").stderr
    return {int(number) for number in re.findall(r"^  on (?:\S*/)?t(\d+)\.tf line", said, re.MULTILINE)}


def unknown_items(texts: Sequence[str], folder: Path) -> dict[int, list[Item] | str]:
    """By index, the arguments and blocks that Terraform does not know; or another error that it has."""
    _write(texts, folder)
    found: dict[int, list[Item] | str] = {}
    for diagnostic in _validate(folder):
        index = int(diagnostic["range"]["filename"][1:-3])
        kind, name = _UNKNOWN.get(diagnostic["summary"]), _NAMED.match(diagnostic["detail"])
        items = found.setdefault(index, [])
        if kind is None or name is None:
            found[index] = f"{diagnostic['summary']}: {diagnostic['detail']}"
        elif isinstance(items, list):
            items.append(Item(diagnostic["range"]["start"]["line"], kind, name[1]))
    return found


def constants(expressions: Sequence[str], folder: Path) -> tuple[dict[int, Any], dict[int, str]]:
    """By index, the values of expressions; and why the others have none, in the summaries of Terraform's errors."""
    _write([_default(index, text) for index, text in enumerate(expressions)], folder)
    refused = {int(one["range"]["filename"][1:-3]): str(one["summary"]) for one in _validate(folder)}
    for index in refused:
        (folder / f"t{index}.tf").unlink()
    listed = "".join(
        f"    v{index} = var.v{index}\n" for index in range(len(expressions)) if index not in refused
    )
    (folder / "all.tf").write_text(f"locals {{\n  all = {{\n{listed}  }}\n}}\n", encoding="utf-8")
    answer = _terraform(folder, "console", stdin="base64encode(jsonencode(local.all))\n")
    assert answer.returncode == 0, answer.stderr
    values: Mapping[str, Any] = json.loads(base64.b64decode(answer.stdout.strip().strip('"')))
    return {int(name[1:]): value for name, value in values.items()}, refused


def _default(index: int, text: str) -> str:
    return f'variable "v{index}" {{\n  default = {text}\n}}\n'


def _validate(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_terraform(folder, "validate", "-json").stdout)["diagnostics"]
    return found


def _write(texts: Sequence[str], folder: Path) -> None:
    folder.mkdir(parents=True)
    for index, text in enumerate(texts):
        (folder / f"t{index}.tf").write_bytes(text.encode("utf-8", "surrogatepass"))


def _terraform(folder: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    rc = folder.parent / "terraform.rc"
    rc.touch()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder.parent),
        "TF_CLI_CONFIG_FILE": str(rc),
        "CHECKPOINT_DISABLE": "1",
    }
    return subprocess.run(
        ["terraform", *arguments],
        cwd=folder,
        env=environ,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
