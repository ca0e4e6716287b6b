"""The steps of set-up, in order; each is skipped when its inputs have not changed."""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from strata.checkout.file_lock import held
from strata.errors import StrataError
from strata.setup import packages
from strata.setup.progress import Progress

if TYPE_CHECKING:
    from strata.cloud.aws.glue.spark.java import Java
    from strata.terraform.toolchain import Toolchain


def run(root: Path) -> None:
    """Bring the checkout to the point where `.venv/bin/strata` and the tests run.

    Args:
        root: the checkout's folder; nothing outside it is written.

    Raises:
        StrataError: a tool is missing or a package is not available.
    """
    progress = Progress("set-up")
    state = root / ".strata"
    state.mkdir(exist_ok=True)
    with held(state / "setup.lock", "the set-up of this checkout", math.inf, _print_waiting):
        with progress.step("Java and Terraform") as step:
            java, tools = _find_tools(state)
            step.done(
                f"Java {java.version}, Terraform {tools.terraform_version}, AWS provider {tools.aws_provider}"
            )
        if tools.provider_cache is not None:
            with progress.step("AWS provider"):
                _download_provider(tools)
        interpreter = root / ".venv" / "bin" / "python"
        stamp = root / ".venv" / "strata-ready.json"
        wanted = _fingerprint(root)
        # The interpreter is a link, which breaks when Python is upgraded.
        if _read(stamp) != wanted or not interpreter.exists():
            with progress.step("virtual environment"):
                _make_environment(root)
            with progress.step("packages") as step:
                packages.install(root, interpreter, step.note)
            stamp.write_text(json.dumps(wanted))
        _run_inside(root, interpreter)
    progress.summary()


def _find_tools(state: Path) -> tuple[Java, Toolchain]:
    # Both modules import only the standard library: missing tools are named before minutes of downloads.
    from strata.cloud.aws.glue.spark.java import find_java
    from strata.terraform.toolchain import find_toolchain

    java = tools = None
    missing: list[str] = []
    try:
        java = find_java(os.environ)
    except StrataError as error:
        missing.append(str(error))
    try:
        tools = find_toolchain(state)
    except StrataError as error:
        missing.append(str(error))
    if java is None or tools is None:
        raise StrataError("; ".join(missing))
    return java, tools


def _download_provider(tools: Toolchain) -> None:
    from strata.terraform.toolchain import download_aws_provider

    download_aws_provider(tools)


def _fingerprint(root: Path) -> dict[str, str]:
    content = b"".join((root / name).read_bytes() for name in ("requirements.txt", "pyproject.toml"))
    return {
        "content": hashlib.sha256(content).hexdigest(),
        "python": ".".join(str(part) for part in sys.version_info[:2]),
        # A virtual environment holds absolute paths: a moved checkout needs a new one.
        "root": str(root),
    }


def _read(stamp: Path) -> dict[str, str] | None:
    try:
        found = json.loads(stamp.read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _make_environment(root: Path) -> None:
    folder = root / ".venv"
    found, wanted = _read(folder / "strata-ready.json"), _fingerprint(root)
    other = found is not None and any(found.get(name) != wanted[name] for name in ("python", "root"))
    interpreter = folder / "bin" / "python"
    dangling = interpreter.is_symlink() and not interpreter.exists()
    # Otherwise venv keeps the existing interpreter.
    clear = ["--clear"] if other or dangling else []
    result = subprocess.run(
        [sys.executable, "-m", "venv", *clear, str(folder)], capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise StrataError(
            f"the virtual environment could not be created: {_last_line(result.stdout + result.stderr)}",
            remedy="install Python's venv package, on Debian python3-venv",
        )


def _run_inside(root: Path, interpreter: Path) -> None:
    # The jars come through PySpark's own Ivy and the layer through pip: both need the virtual environment.
    result = subprocess.run([str(interpreter), "-m", "strata.setup.downloads"], cwd=root, check=False)
    if result.returncode != 0:
        raise SystemExit(result.returncode)


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no output"


def _print_waiting(holder: str) -> None:
    print("set-up: another set-up of this checkout is running; waiting for it", file=sys.stderr)
