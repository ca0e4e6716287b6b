"""The pinned packages of the virtual environment, installed by pip with their hashes checked."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from strata.checkout.child_environment import pip_environment
from strata.errors import StrataError
from strata.setup.installed import forget_incomplete

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
    blocks = read_requirements(root / "requirements.txt")
    pip = _Pip(root, interpreter, len(blocks), note)
    rest = [name for name in blocks if name not in _BUILD and name not in _LARGE]
    pip.install(blocks, _BUILD)
    # A pool's threads run both; a failure of one is raised after the other has ended.
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(pip.install, blocks, names) for names in (_LARGE, rest)]:
            future.result()
    pip.run(["--no-index", "--no-build-isolation", "--editable", str(root)], "strata")


def read_requirements(path: Path) -> dict[str, str]:
    """Read a requirements file with hashes.

    Returns:
        package name → its lines, hashes included.
    """
    blocks: dict[str, str] = {}
    name = ""
    for line in path.read_text().splitlines():
        start = re.match(r"([A-Za-z0-9._-]+)==", line)
        if start:
            name = start.group(1)
            blocks[name] = ""
        if name and not line.lstrip().startswith("#"):
            blocks[name] += f"{line}\n"
    return blocks


class _Pip:
    def __init__(self, root: Path, interpreter: Path, count: int, note: Callable[[str], None]) -> None:
        self._root = root
        self._folder = root / ".strata" / "pip"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._command = [str(interpreter), "-m", "pip", "install", "--no-input", "--no-deps"]
        self._count = count
        self._seen = 0
        self._lock = threading.Lock()
        self._note = note

    def install(self, blocks: dict[str, str], names: Sequence[str]) -> None:
        requirements = self._folder / f"{names[0]}.txt"
        requirements.write_text("".join(blocks[name] for name in names))
        arguments = ["--no-build-isolation", "--require-hashes", "--requirement", str(requirements)]
        self.run(arguments, names[0])

    def run(self, arguments: list[str], name: str) -> None:
        log = self._folder / f"{name}.log"
        lines: list[str] = []
        with (
            log.open("w") as file,
            subprocess.Popen(
                [*self._command, *arguments],
                env=pip_environment(self._root),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=self._root,
            ) as process,
        ):
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line.rstrip())
                file.write(line)
                if line.startswith(("Collecting ", "Requirement already satisfied: ")):
                    with self._lock:
                        self._seen += 1
                        self._note(f"{min(self._seen, self._count)} of {self._count}")
        if process.returncode != 0:
            errors = [line for line in lines if line.startswith("ERROR")] or lines[-1:] or ["no output"]
            raise StrataError(
                f"pip could not install the packages: {errors[-1]}",
                remedy=f"see {log.relative_to(self._root)}; run it again when the package registry answers",
            )
