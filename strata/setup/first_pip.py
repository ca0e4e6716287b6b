"""The first pip: fetched from the user's own index where Python, as Debian's, comes without `ensurepip`."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from strata.checkout.child_environment import pip_environment
from strata.checkout.files import replacing
from strata.errors import StrataError
from strata.setup.package_index import PackageIndex
from strata.setup.requirements import TOOLS, read_requirements

_REMEDY = "install Python's venv package, on Debian python3-venv, or name your package index in PIP_INDEX_URL"


def install(root: Path, interpreter: Path, environ: Mapping[str, str]) -> None:
    """Install the pinned pip into a virtual environment that has none.

    Args:
        root: the checkout's folder.
        interpreter: the environment's Python.
        environ: the caller's environment, whose settings name the package index.

    Raises:
        StrataError: no setting names an index, or the index does not have this pip.
    """
    index = PackageIndex.find(environ)
    if index is None:
        raise StrataError("this Python comes without pip and without ensurepip", remedy=_REMEDY)
    try:
        wheel = _fetch(root, index)
    except StrataError as error:
        raise StrataError(error.message, remedy=error.remedy or _REMEDY) from error
    # pip runs from its own wheel.
    result = subprocess.run(
        [str(interpreter), str(wheel / "pip"), "install", "--no-index", "--no-deps", str(wheel)],
        env=pip_environment(root, environ),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        lines = (result.stdout + result.stderr).strip().splitlines() or ["no output"]
        raise StrataError(f"pip cannot be installed: {lines[-1]}", remedy=_REMEDY)


def _fetch(root: Path, index: PackageIndex) -> Path:
    """Return the pinned wheel, fetched once."""
    pinned = read_requirements(root / TOOLS)["pip"]
    version = pinned.split("==")[1].split()[0]
    hashes = set(re.findall(r"sha256:([0-9a-f]{64})", pinned))
    name = f"pip-{version}-py3-none-any.whl"
    wheel = root / ".strata" / "cache" / name
    if wheel.is_file() and hashlib.sha256(wheel.read_bytes()).hexdigest() in hashes:
        return wheel
    files = index.files("pip")
    if name not in files:
        raise StrataError(f"the package index has no {name}")
    content = index.read(files[name])
    if hashlib.sha256(content).hexdigest() not in hashes:
        raise StrataError(
            f"{name} from the package index has another SHA-256 than the pinned one",
            remedy="check which proxy or mirror answers for the index",
        )
    with replacing(wheel) as draft:
        draft.write_bytes(content)
    return wheel
