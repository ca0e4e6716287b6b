"""The steps of set-up, in order; each is skipped when its inputs have not changed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from strata.checkout import tools
from strata.checkout.child_environment import terraform_environment
from strata.checkout.file_lock import held
from strata.cloud.aws.glue.spark.java import Java, find_java
from strata.errors import StrataError
from strata.setup import brought, environment, packages, python
from strata.setup.pip import NoWheelError
from strata.setup.progress import Progress
from strata.setup.requirements import BENCH, PACKAGES
from strata.terraform.program import TerraformProgram, find_program
from strata.terraform.toolchain import download_aws_provider, find_toolchain

_TITLES = {brought.JAVA: "Java", brought.TERRAFORM: "Terraform"}


def run(root: Path, *, bench: bool = False) -> None:
    """Bring the checkout to the point where `.venv/bin/strata` and the tests run.

    Args:
        root: the checkout's folder; nothing outside it is written.
        bench: whether to install what the measurements need besides.

    Raises:
        StrataError: a tool is missing and cannot be brought, or a package is not available.
    """
    progress = Progress("set-up")
    with locked(root):
        interpreter = root / ".venv" / "bin" / "python"
        if missing := _missing_tools(root):
            _make_environment(root, progress)
            _bring(root, interpreter, missing, progress)
        # Faults are named before minutes of downloads.
        _find_tools(root / ".strata", progress)
        stamp = root / ".venv" / "strata-ready.json"
        wanted = _fingerprint(root)
        # The interpreter is a link, which breaks when Python is upgraded.
        if _read(stamp) != wanted or not interpreter.exists():
            _make_environment(root, progress)
            # Half-installed packages are not those of any stamp.
            stamp.unlink(missing_ok=True)
            with progress.step("packages") as step:
                packages.install(root, interpreter, step.note)
            stamp.write_text(json.dumps(wanted))
        if bench:
            _install_bench(root, interpreter, progress)
        _run_inside(root, interpreter)
    progress.summary()


def bring_python(root: Path) -> Path:
    """Return a Python that runs the platform, which uv brings.

    Raises:
        StrataError: it cannot be brought.
    """
    with locked(root), Progress("set-up").step("Python") as step:
        # Another set-up may have brought it meanwhile.
        if found := python.find_interpreter(os.environ):
            return found
        # The Python that is here may have no pip: an environment of it has.
        scratch = tools.FOLDER / ".pip"
        if not brought.is_brought(root, brought.UV):
            environment.create(root, scratch)
            brought.bring(root, scratch / "bin" / "python", brought.UV)
        shutil.rmtree(scratch, ignore_errors=True)
        interpreter = python.install(tools.FOLDER / brought.UV / "bin" / "uv", root)
        step.done(f"brought: {interpreter}")
        return interpreter


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the lock of set-up.

    The children of set-up inherit it (`close_fds=False`): what a killed set-up leaves running ends before the
    next one begins.
    """
    state = root / ".strata"
    state.mkdir(exist_ok=True)
    with held(state / "setup.lock", "the set-up of this checkout", math.inf, _print_waiting) as lock:
        os.set_inheritable(lock, True)
        yield


def _missing_tools(root: Path) -> dict[str, StrataError]:
    """The packages that have to be brought, and why; also of a brought one that is outdated or broken."""
    state = root / ".strata"
    missing: dict[str, StrataError] = {}
    finders: dict[str, Callable[[], Java | TerraformProgram]] = {
        brought.JAVA: lambda: find_java(os.environ),
        brought.TERRAFORM: lambda: find_program(os.environ, terraform_environment(state, os.environ)),
    }
    for package, find in finders.items():
        try:
            found = find()
        except StrataError as error:
            missing[package] = error
            continue
        if found.brought and not brought.is_brought(root, package):
            missing[package] = StrataError("what was there is outdated or incomplete")
    return missing


def _bring(root: Path, interpreter: Path, missing: Mapping[str, StrataError], progress: Progress) -> None:
    faults: list[str] = []
    for package, fault in missing.items():
        with progress.step(_TITLES[package]) as step:
            try:
                brought.bring(root, interpreter, package)
            except NoWheelError:
                faults.append(str(brought.no_wheel(fault, package)))
                continue
            step.done(f"{tools.BROUGHT}; {fault.message}")
    if faults:
        raise StrataError("; ".join(faults))
    if brought.TERRAFORM in missing:
        brought.write_launcher(tools.FOLDER / "bin" / "terraform", interpreter)


def _find_tools(state: Path, progress: Progress) -> None:
    with progress.step("Java and Terraform") as step:
        java, toolchain = find_java(os.environ), find_toolchain(state)
        step.done(
            f"Java {java.version}, {toolchain.product} {toolchain.terraform_version}, "
            f"AWS provider {toolchain.aws_provider}"
        )
    if toolchain.provider_cache is not None:
        with progress.step("AWS provider"):
            download_aws_provider(toolchain)


def _fingerprint(root: Path) -> dict[str, str]:
    content = b"".join((root / name).read_bytes() for name in (PACKAGES, "pyproject.toml"))
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


def _make_environment(root: Path, progress: Progress) -> None:
    folder = root / ".venv"
    found, wanted = _read(folder / "strata-ready.json"), _fingerprint(root)
    other = found is not None and any(found.get(name) != wanted[name] for name in ("python", "root"))
    gone = not (folder / "bin" / "python").exists()
    if found is not None and not other and not gone:
        # Only its packages are outdated.
        return
    if environment.is_made(folder) and not other and not gone:
        return
    with progress.step("virtual environment"):
        environment.create(root, folder)


def _install_bench(root: Path, interpreter: Path, progress: Progress) -> None:
    stamp = root / ".venv" / "strata-bench.txt"
    wanted = (root / BENCH).read_text()
    if not stamp.is_file() or stamp.read_text() != wanted:
        with progress.step("packages of the measurements"):
            packages.install_bench(root, interpreter)
        stamp.write_text(wanted)


def _run_inside(root: Path, interpreter: Path) -> None:
    # The jars come through PySpark's own Ivy and the layer through pip: both need the virtual environment.
    command = [str(interpreter), "-m", "strata.setup.downloads"]
    result = subprocess.run(command, cwd=root, check=False, close_fds=False)
    if result.returncode != 0:
        raise SystemExit(result.returncode)


def _print_waiting(holder: str) -> None:
    print("set-up: another set-up of this checkout is running; waiting for it", file=sys.stderr)
