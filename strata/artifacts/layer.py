"""The Lambda layer: pinned wheels, fetched once by pip for the function's platform."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from strata.artifacts.archive import replacing, zip_folder
from strata.errors import StrataError

PYTHON = "3.11"  # the functions' runtime
# glibc of Lambda's Amazon Linux 2023 runtimes is 2.34; the oldest wheels that serve it are found first.
_MANYLINUX = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}


def build_layer(root: Path, architecture: str, target: Path) -> None:
    """Write the layer's zip.

    Args:
        root: the checkout's folder; the downloaded wheels are kept in its `.strata/cache`.
        architecture: x86_64 or arm64, as Lambda says it.
        target: the zip.

    Raises:
        StrataError: pip is missing or cannot fetch the wheels.
    """
    requirements = root / "lambda_functions" / "snowflake_external_table" / "requirements.txt"
    options = _platform_options(architecture)
    key = hashlib.sha256(requirements.read_bytes() + " ".join(options).encode()).hexdigest()[:16]
    cached = root / ".strata" / "cache" / "lambda-layer" / f"{key}.zip"
    if not cached.is_file():
        with tempfile.TemporaryDirectory() as folder:
            _install(requirements, options, Path(folder))
            zip_folder(Path(folder), "python/", cached)
    with replacing(target) as draft:
        shutil.copyfile(str(cached), str(draft))


def _platform_options(architecture: str) -> list[str]:
    machine = _MACHINES[architecture]
    here = (sys.platform, platform.machine())
    # The embedded cloud runs the function on this machine, whatever it is; production never does.
    if os.environ.get("STRATA_LOCAL") and here != ("linux", machine):
        return []
    options = ["--python-version", PYTHON, "--implementation", "cp", "--only-binary", ":all:"]
    for name in _MANYLINUX:
        options += ["--platform", f"{name}_{machine}"]
    return options


def _install(requirements: Path, options: list[str], folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--no-deps", "--no-compile"]
    command += ["--require-hashes", "--requirement", str(requirements), "--target", str(folder), *options]
    environ = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_CACHE_DIR": "1"}
    result = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        lines = [line for line in (result.stderr or result.stdout).splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")] or lines[-1:] or ["no output"]
        raise StrataError(
            f"pip could not fetch the Lambda layer: {errors[-1]}",
            remedy="when the package registry answers, run it again",
        )
    # What pip writes about the installation differs from run to run, and Lambda does not need it.
    for record in folder.glob("*.dist-info/*"):
        if record.name in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json"):
            record.unlink()
    shutil.rmtree(str(folder / "bin"), ignore_errors=True)
