"""The libraries of functions and jobs: pinned wheels, fetched once by pip for the service's platform."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from strata.artifacts.archive import zip_folder
from strata.checkout.child_environment import pip_environment
from strata.checkout.files import replacing
from strata.errors import StrataError

PYTHON = "3.11"  # of the functions and of Glue 5
# The runtime python3.11 is Amazon Linux 2 with glibc 2.26: a wheel for 2.28 installs and then fails to load.
_MANYLINUX = ("manylinux_2_26", "manylinux_2_17", "manylinux2014")
_REVISION = "2"  # changes when this module packs the same wheels another way
_WHEELS = ["--implementation", "cp", "--only-binary", ":all:", "--python-version"]
_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}


def build_layer(root: Path, architecture: str, target: Path) -> None:
    """Write the layer's zip.

    Args:
        root: the checkout's folder; the downloaded wheels are kept in its `.strata/cache`.
        architecture: x86_64 or arm64, Lambda's names.
        target: the zip.

    Raises:
        StrataError: pip is missing or cannot fetch the wheels.
    """
    requirements = root / "lambda_functions" / "snowflake_external_table" / "requirements.txt"
    options = _platform_options(architecture)

    def pack(folder: Path, zipped: Path) -> None:
        zip_folder(folder, "python/", zipped)

    _build(root, "the Lambda layer", requirements, options, pack, target)


def build_glue_libraries(root: Path, target: Path) -> None:
    """Write the zip of what the Glue jobs import and Glue does not have: PyYAML's modules of Python.

    Its compiled module is left out: Glue imports from a zip, and a zip cannot hold one.

    Args:
        root: the checkout's folder; the downloaded wheel is kept in its `.strata/cache`.
        target: the zip.

    Raises:
        StrataError: pip is missing or cannot fetch the wheel.
    """
    # The same wheel on every machine, and so the same bytes.
    options = _released_options("x86_64")
    requirements = root / "glue_jobs" / "requirements.txt"

    def pack(folder: Path, zipped: Path) -> None:
        zip_folder(folder / "yaml", "yaml/", zipped, (".py",))

    _build(root, "the Glue libraries", requirements, options, pack, target)


def _build(
    root: Path,
    what: str,
    requirements: Path,
    options: list[str],
    pack: Callable[[Path, Path], None],
    target: Path,
) -> None:
    """Write a zip of packages, from the cache if it was built before."""
    host = "" if "--platform" in options else f"{sys.platform} {platform.machine()}"
    identity = requirements.read_bytes() + " ".join([what, *options, host, _REVISION]).encode()
    key = hashlib.sha256(identity).hexdigest()[:16]
    cached = root / ".strata" / "cache" / "libraries" / f"{key}.zip"
    if not cached.is_file():
        with tempfile.TemporaryDirectory() as folder:
            _install(root, what, requirements, options, Path(folder))
            pack(Path(folder), cached)
    with replacing(target) as draft:
        shutil.copyfile(str(cached), str(draft))


def _platform_options(architecture: str) -> list[str]:
    machine = _MACHINES[architecture]
    mine = "{}.{}".format(*sys.version_info)
    here = (sys.platform, platform.machine(), mine)
    # The embedded cloud runs the function on this machine, whatever it is; production never does.
    if os.environ.get("STRATA_LOCAL") and here != ("linux", machine, PYTHON):
        return [*_WHEELS, mine if sys.version_info >= (3, 11) else PYTHON]
    return _released_options(architecture)


def _released_options(architecture: str) -> list[str]:
    options = [*_WHEELS, PYTHON]
    for name in _MANYLINUX:
        options += ["--platform", f"{name}_{_MACHINES[architecture]}"]
    return options


def _install(root: Path, what: str, requirements: Path, options: list[str], folder: Path) -> None:
    # Isolated: pip must not look for modules in the folder where the hook runs.
    command = [sys.executable, "-I", "-m", "pip", "install", "--quiet", "--no-input", "--no-deps"]
    command += ["--no-compile", "--require-hashes", "--requirement", str(requirements)]
    command += ["--target", str(folder), *options]
    # pip compares what a wheel requires with the Python that runs pip, not with the one it installs for.
    command.append("--ignore-requires-python")
    result = subprocess.run(command, env=pip_environment(root), capture_output=True, text=True, check=False)
    if "No module named pip" in result.stderr:
        raise StrataError(
            f"{sys.executable} has no pip, which fetches {what}",
            remedy=f"run {sys.executable} -m ensurepip, or put a Python with pip first on PATH",
        )
    if result.returncode != 0:
        lines = [line for line in (result.stderr or result.stdout).splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")] or lines[-1:] or ["no output"]
        raise StrataError(
            f"pip could not fetch {what}: {errors[-1]}",
            remedy="run it again when the package registry answers",
        )
    # What pip writes about the installation differs from run to run, and is not needed.
    for record in folder.glob("*.dist-info/*"):
        if record.name in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json"):
            record.unlink()
    shutil.rmtree(str(folder / "bin"), ignore_errors=True)
