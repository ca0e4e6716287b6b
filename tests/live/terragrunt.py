"""The real Terragrunt, asked about one unit, and what of an answer counts."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any


def significant(document: dict[str, Any], root: Path) -> dict[str, Any]:
    """The document without null, false and empty values, inputs and locals whole, `root` as `${ROOT}`."""
    portable = json.loads(json.dumps(document).replace(str(root), "${ROOT}"))
    whole = ("inputs", "locals")
    found = {name: value if name in whole else _stripped(value) for name, value in portable.items()}
    return {name: value for name, value in found.items() if value}


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        items = {name: _stripped(item) for name, item in value.items()}
        return {name: item for name, item in items.items() if item not in (None, False, "", {}, [])}
    return [_stripped(item) for item in value] if isinstance(value, list) else value


def child_environ(home: Path, **variables: str) -> dict[str, str]:
    """Variables for a run of Terragrunt: a clean environment, with no settings of Terraform's."""
    rc = home / "terraform.rc"
    rc.write_text("", encoding="utf-8")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TF_CLI_CONFIG_FILE": str(rc),
        "CHECKPOINT_DISABLE": "1",
        **variables,
    }


def render(unit: Path, environ: dict[str, str]) -> tuple[dict[str, Any] | None, str]:
    """The unit in a folder as Terragrunt renders it; None, and the last line of its error, if it refuses."""
    command = ["terragrunt", "render", "--json", "--tf-path", "terraform", "--working-dir", str(unit)]
    done = subprocess.run(
        command,
        # A Terragrunt that crashes leaves a report where it runs.
        cwd=unit,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode == 0:
        # What a command of `run_cmd` prints comes before.
        return json.loads(next(line for line in done.stdout.splitlines() if line.startswith('{"'))), ""
    return None, next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "")
