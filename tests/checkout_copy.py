"""A copy of the checkout, and the command run in it: sessions of tests and of the developer stay apart."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests import warm

_KEPT = ("PATH", "JAVA_HOME", "STRATA_PLUGIN_MIRROR")


@dataclass(frozen=True)
class Checkout:
    """A copy of the repository's files."""

    folder: Path

    @classmethod
    def copy(cls, root: Path, folder: Path) -> Checkout:
        """Copy what git tracks, or would."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            source, target = root / name, folder / name
            if source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
                _copy_bytecode(source, target)
        # get_repo_root() asks git.
        subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
        # Downloads and applied platforms are shared; nothing else of the developer's .strata is.
        (folder / ".strata").mkdir()
        (root / ".strata" / "platforms").mkdir(parents=True, exist_ok=True)
        for name in ("cache", "jars", "platforms"):
            if (root / ".strata" / name).is_dir():
                (folder / ".strata" / name).symlink_to(root / ".strata" / name)
        return cls(folder)

    def command(self, *arguments: str) -> list[str]:
        """The command line of `strata` in this environment."""
        return [str(Path(sys.executable).parent / "strata"), *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command in a process group of its own, its output in one stream."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run the command to its end, in a fork of a process that has imported what it needs."""
        return subprocess.run(
            warm.command("strata", *arguments),
            cwd=self.folder,
            env=self.environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def environ(self) -> dict[str, str]:
        """A shell without anybody's variables, but for where tools and the provider are."""
        home = self.folder.parent / f"{self.folder.name}-home"
        home.mkdir(exist_ok=True)
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {**kept, "HOME": str(home), "COLUMNS": "160"}

    def processes(self) -> list[str]:
        """Command lines of the processes that run in this copy or have their home in it."""
        found = []
        needle = f"{self.folder}/.strata".encode()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes()
                text = (
                    command + (process / "environ").read_bytes() + os.fsencode(os.readlink(process / "cwd"))
                )
            except OSError:
                continue
            if needle in text and int(process.name) != os.getpid():
                found.append(f"{process.name} {command.replace(bytes(1), b' ').decode()}")
        return found


def _copy_bytecode(source: Path, target: Path) -> None:
    """Copy what Python has compiled of a module; the copy's time of change is that of its source."""
    if source.suffix == ".py":
        compiled, copied = (Path(importlib.util.cache_from_source(str(path))) for path in (source, target))
        if compiled.is_file():
            copied.parent.mkdir(exist_ok=True)
            shutil.copyfile(compiled, copied)
