"""What the guard does with its command, with the end of its owner, and with what outlives both."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import strata.terraform.guard as guard_module
from strata.terraform.process import ProcessGroup

# A command, what it prints, and the guard's exit code.
ENDS: dict[str, tuple[str, str, int]] = {
    "with a code": ("echo out; echo err >&2; exit 3", "out\nerr\n", 3),
    "without a word": ("exit 0", "", 0),
    "by a signal": ("kill -TERM $$", "", 128 + signal.SIGTERM),
    "much printed at its end": ("head -c 300000 /dev/zero | tr '\\0' x; exit 4", "x" * 300_000, 4),
    "its input is empty": ("cat; exit 5", "", 5),
    "its signals are the usual ones": (
        "sh -c 'kill -INT $$'; echo $?; exit 6",
        f"{128 + signal.SIGINT}\n",
        6,
    ),
}
# The command says when it is up; it ends itself after a time that no test waits for.
POLITE = "trap 'echo bye; exit 9' INT; echo up; while :; do sleep 0.05; done"
STUBBORN = "trap 'echo no' INT; echo up; while :; do sleep 0.05; done"


class Guard:
    """A guard that runs."""

    def __init__(self, command: str, grace: float = 5) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(guard_module.__file__)), str(grace), "sh", "-c", command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def up(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "up\n"

    def rest(self) -> tuple[str, int]:
        assert self.process.stdout is not None
        said = self.process.stdout.read()
        return said, self.process.wait(20)


@pytest.fixture
def guards() -> Iterator[list[Guard]]:
    made: list[Guard] = []
    yield made
    for one in made:
        one.process.kill()
        one.process.wait()
        for stream in (one.process.stdin, one.process.stdout):
            if stream is not None:
                stream.close()


@pytest.mark.parametrize("name", ENDS)
def test_it_ends_as_its_command_does(guards: list[Guard], name: str) -> None:
    command, said, code = ENDS[name]
    guards.append(Guard(f"exec 2>&1; {command}"))
    assert guards[0].rest() == (said, code)


@pytest.mark.parametrize("way", ["its input ends", "its owner says anything", "it is asked to end"])
def test_the_command_is_interrupted_once_and_may_say_so(guards: list[Guard], way: str) -> None:
    guards.append(guard := Guard(POLITE))
    guard.up()
    assert guard.process.stdin is not None
    if way == "its input ends":
        guard.process.stdin.close()
    elif way == "its owner says anything":
        guard.process.stdin.write("\n")
        guard.process.stdin.flush()
    else:
        guard.process.terminate()
    assert guard.rest() == ("bye\n", 9)


def test_an_interrupt_from_the_terminal_is_not_the_guards(guards: list[Guard]) -> None:
    guards.append(guard := Guard(POLITE))
    guard.up()
    guard.process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    assert guard.process.poll() is None
    guard.process.terminate()
    assert guard.rest() == ("bye\n", 9)


def test_what_does_not_listen_is_killed_after_the_grace(guards: list[Guard]) -> None:
    guards.append(guard := Guard(STUBBORN, grace=0.5))
    guard.up()
    begun = time.monotonic()
    guard.process.terminate()
    # Interrupted once only: a second interrupt makes Terraform give up its state.
    assert guard.rest() == ("no\n", 128 + signal.SIGKILL)
    assert 0.5 <= time.monotonic() - begun < 5


def test_it_does_not_wait_for_what_has_left_the_group(guards: list[Guard]) -> None:
    begun = time.monotonic()
    guards.append(
        guard := Guard(
            f"{sys.executable} -S -c 'import os, time; os.setsid(); time.sleep(8)' & sleep 0.3; exit 7"
        )
    )
    assert guard.process.wait(7) == 7
    assert time.monotonic() - begun < 7


def test_a_missing_program_is_named() -> None:
    command = [
        sys.executable,
        "-I",
        "-S",
        str(Path(guard_module.__file__)),
        "1",
        "/missing/program",
        "argument",
    ]
    done = subprocess.run(command, stdin=subprocess.PIPE, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (127, "/missing/program: No such file or directory\n")


def test_each_line_comes_without_its_end(tmp_path: Path) -> None:
    lines: list[str] = []
    command = ["printf", "\\n a \\n\\nb\\r\\nend"]
    assert ProcessGroup().run(command, cwd=tmp_path, env=os.environ, on_line=lines.append) == 0
    assert lines == ["", " a ", "", "b", "end"]
