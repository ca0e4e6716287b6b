"""The pinned packages of the virtual environment, installed by pip with their hashes checked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from strata.setup import pip
from strata.setup.installed import forget_incomplete
from strata.setup.requirements import BENCH, PACKAGES, read_requirements

# The build backend of source packages; pip would otherwise fetch one that is not pinned.
_BUILD = ("setuptools",)
# Half of the installation by size, and built from source: it is installed beside all others.
_LARGE = ("pyspark",)


def install(root: Path, interpreter: Path, note: Callable[[str], None]) -> None:
    """Install `requirements.txt` and, editable, the checkout itself.

    Args:
        root: the checkout's folder.
        interpreter: the virtual environment's Python.
        note: called with the progress.

    Raises:
        StrataError: pip failed; its output is kept in `.strata`.
    """
    for site_packages in interpreter.parent.parent.glob("lib/python3.*/site-packages"):
        forget_incomplete(site_packages)
    blocks = read_requirements(root / PACKAGES)
    installation = _Installation(root, interpreter, len(blocks), note)
    rest = [name for name in blocks if name not in _BUILD and name not in _LARGE]
    installation.add(blocks, _BUILD, "setuptools")
    # A pool's threads run both; a failure of one is raised after the other has ended.
    with ThreadPoolExecutor(2) as pool:
        parts = ((_LARGE, "pyspark"), (rest, "packages"))
        for future in [pool.submit(installation.add, blocks, *part) for part in parts]:
            future.result()
    pip.install(root, interpreter, ["--no-index", "--no-build-isolation", "--editable", str(root)], "strata")


def install_bench(root: Path, interpreter: Path) -> None:
    """Install what the measurements need besides.

    Raises:
        StrataError: pip failed; its output is kept in `.strata`.
    """
    arguments = ["--require-hashes", "--requirement", str(root / BENCH)]
    pip.install(root, interpreter, arguments, "bench")


class _Installation:
    def __init__(self, root: Path, interpreter: Path, count: int, note: Callable[[str], None]) -> None:
        self._root = root
        self._interpreter = interpreter
        self._count = count
        self._seen = 0
        self._lock = threading.Lock()
        self._note = note

    def add(self, blocks: dict[str, str], names: Sequence[str], name: str) -> None:
        requirements = self._root / ".strata" / "pip" / f"{name}.txt"
        requirements.parent.mkdir(parents=True, exist_ok=True)
        requirements.write_text("".join(blocks[name] for name in names))
        arguments = ["--no-build-isolation", "--require-hashes", "--requirement", str(requirements)]
        pip.install(self._root, self._interpreter, arguments, name, self._count_line)

    def _count_line(self, line: str) -> None:
        if line.startswith(("Collecting ", "Requirement already satisfied: ")):
            with self._lock:
                self._seen += 1
                self._note(f"{min(self._seen, self._count)} of {self._count}")
