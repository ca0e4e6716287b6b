"""`terraform validate` on modules: each in a copy, without a backend or a credential."""

from __future__ import annotations

import posixpath
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from strata.checkout.child_output import json_document
from strata.errors import StrataError
from strata.terraform.toolchain import Toolchain, ready_toolchain


def validate_modules(root: Path, modules: Sequence[str] = ()) -> dict[str, list[str]]:
    """Validate modules one after the other, so that a shared plugin cache is safe.

    Args:
        root: the checkout's folder.
        modules: names of folders in `modules` (default: all).

    Returns:
        Module -> errors as `file:line: summary`; none if it is valid.

    Raises:
        StrataError: an unknown module, or Terraform is not found.
    """
    known = sorted(path.parent.name for path in (root / "modules").glob("*/main.tf"))
    for module in modules:
        if module not in known:
            raise StrataError(f"module {module} does not exist", remedy=f"it is one of {', '.join(known)}")
    toolchain = ready_toolchain(root / ".strata")
    with tempfile.TemporaryDirectory(prefix="strata-validate-") as folder:
        copy = Path(folder).resolve() / "modules"
        shutil.copytree(root / "modules", copy, ignore=shutil.ignore_patterns(".terraform*"))
        return {module: _validate(copy / module, toolchain) for module in modules or known}


def _validate(module: Path, toolchain: Toolchain) -> list[str]:
    environment = toolchain.environment(network=True)

    def terraform(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(toolchain.terraform), *arguments],
            cwd=module,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    init = terraform("init", "-backend=false", "-input=false", "-no-color")
    if init.returncode:
        lines = (line.strip("│╷╵ ") for line in (init.stdout + init.stderr).splitlines())
        return [f"init: {next((line for line in lines if line.startswith('Error')), 'failed')}"]
    try:
        answer = json_document(terraform("validate", "-json").stdout)
    except ValueError:
        return ["validate: Terraform's answer is not JSON"]
    return [
        _line(module.name, item) for item in answer.get("diagnostics", ()) if item.get("severity") == "error"
    ]


def _line(module: str, item: dict[str, object]) -> str:
    place = item.get("range")
    where = f"modules/{module}"
    if isinstance(place, dict):
        # Of a nested module Terraform says `../other/main.tf`.
        file = posixpath.normpath(f"{where}/{place.get('filename')}")
        where = f"{file}:{place.get('start', {}).get('line')}"
    return f"{where}: {item.get('summary')}"
