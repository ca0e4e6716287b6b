"""`strata` without its start: one process for each of pytest's workers imports, and forks for each command."""

from __future__ import annotations

import atexit
import functools
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_CLIENT = Path(__file__).with_name("client.py")


@functools.cache
def _socket() -> Path:
    """The socket of this process's warm process, which ends with it."""
    # Not pytest's folder: the path of a socket has 107 characters at most.
    folder = tempfile.TemporaryDirectory(prefix="strata-warm-")
    path = Path(folder.name) / "socket"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.warm.server", str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C is for pytest, whose end is the end of this.
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    atexit.register(folder.cleanup)
    atexit.register(process.wait, 10)
    atexit.register(process.stdin.close)
    return path


def command(program: str, *arguments: str) -> list[str]:
    """The command line that runs `strata`, or a module, in a fork of the warm process."""
    if sys.platform != "linux":
        # macOS's own libraries do not outlive a fork.
        if program == "strata":
            return [str(Path(sys.executable).with_name("strata")), *arguments]
        return [sys.executable, "-m", program, *arguments]
    return [sys.executable, "-IS", str(_CLIENT), str(_socket()), program, *arguments]


def write_program(file: Path, program: str) -> None:
    """Write an executable file that does so."""
    line = " ".join(f'"{part}"' for part in command(program))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'#!/bin/sh\nexec {line} "$@"\n')
    file.chmod(0o755)
