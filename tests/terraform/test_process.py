"""Children of a group that is stopped at an awkward moment. The children are stood in for."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from strata.errors import StrataError
from strata.terraform import process
from strata.terraform.process import CancelledError, ProcessGroup


class Child:
    """Runs until it is asked to stop, by a byte on its standard input or the input's end."""

    def __init__(self, command: list[str], **options: Any) -> None:
        self.command = command
        self.options = options
        self.asked = threading.Event()
        self.said: list[str] = []
        self.lines: list[str] = []
        self.on_asked: Callable[[], None] = lambda: None
        self.waited = 0
        self.stdin, self.stdout = self, Output(self)

    def write(self, text: str) -> None:
        self.said.append(text)
        self.on_asked()
        self.asked.set()

    def close(self) -> None:
        self.said.append("the end")
        self.asked.set()

    def wait(self) -> int:
        self.waited += 1
        return 7


class Output:
    """The lines of a child, and then nothing until it has stopped."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self.closed = False

    def __iter__(self) -> Iterator[str]:
        while self._child.lines:
            yield self._child.lines.pop(0)
        assert self._child.asked.wait(10), "the child was not asked to stop"
        yield "bye\n"

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[Child]:
    made: list[Child] = []

    def start(command: list[str], **options: Any) -> Child:
        made.append(Child(command, **options))
        return made[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    return made


def run(group: ProcessGroup, on_line: Callable[[str], None] = print) -> int:
    return group.run(["terraform", "plan"], cwd=Path("/x"), env={"A": "1"}, on_line=on_line)


def test_a_child_is_started_apart_from_the_terminal_and_this_environment(
    children: list[Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    start = process.subprocess.Popen

    def ended(*given: Any, **options: Any) -> Any:
        child = start(*given, **options)
        children[-1].lines = ["one\n", "\ttwo \n", "\n"]
        children[-1].asked.set()
        return child

    monkeypatch.setattr(subprocess, "Popen", ended)
    lines: list[str] = []
    assert run(ProcessGroup(grace=1.5), lines.append) == 7
    assert lines == ["one", "\ttwo ", "", "bye"]
    (child,) = children
    # What follows the guard's file: seconds, and the command.
    assert child.command[-3:] == ["1.5", "terraform", "plan"]
    assert (child.options["cwd"], child.options["env"]) == (Path("/x"), {"A": "1"})
    assert child.options["start_new_session"] is True
    assert child.stdout.closed


def test_a_stop_reaches_a_child_that_is_being_started(
    children: list[Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    group, start = ProcessGroup(), process.subprocess.Popen
    stopping = threading.Thread(target=group.stop)

    def slowly(*given: Any, **options: Any) -> Any:
        stopping.start()
        # In vain where the stop waits for the start.
        stopping.join(0.1)
        return start(*given, **options)

    monkeypatch.setattr(subprocess, "Popen", slowly)
    with pytest.raises(CancelledError):
        run(group)
    stopping.join()
    assert group.stopped
    assert children[0].waited
    # And no other is started.
    with pytest.raises(CancelledError):
        run(group)
    assert len(children) == 1


def test_a_stop_reaches_every_child_though_some_end_meanwhile(children: list[Child]) -> None:
    group = ProcessGroup()
    threads: list[threading.Thread] = []
    ends: list[BaseException] = []

    def work() -> None:
        try:
            run(group)
        except CancelledError as error:
            ends.append(error)

    for number in range(3):
        threads.append(threading.Thread(target=work))
        threads[-1].start()
        wait_for(lambda count=number: len(children) > count)
    for child, thread in zip(children, threads, strict=True):
        # The child ends, and whoever runs it goes on while the others are still to be asked.
        child.on_asked = partial(end, child, thread)
    group.stop()
    for thread in threads:
        thread.join(10)
    assert len(ends) == 3
    assert [child.said[0] for child in children] == ["\n"] * 3


def end(child: Child, thread: threading.Thread) -> None:
    child.on_asked = lambda: None
    child.asked.set()
    # In vain where the thread waits for the stop.
    thread.join(0.05)


def wait_for(condition: Callable[[], bool]) -> None:
    event = threading.Event()
    while not condition():
        event.wait(0.001)


def test_an_error_in_a_listener_ends_the_child_first(children: list[Child], monkeypatch: Any) -> None:
    start = process.subprocess.Popen

    def started(*given: Any, **options: Any) -> Any:
        child = start(*given, **options)
        children[-1].lines = ["one\n"]
        return child

    monkeypatch.setattr(subprocess, "Popen", started)

    def fail(line: str) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(ProcessGroup(), fail)
    (child,) = children
    assert child.said[:2] == ["\n", "the end"]
    assert (child.waited, child.stdout.closed) == (1, True)


@pytest.mark.parametrize("error", [BrokenPipeError(), ValueError("write to closed file")])
def test_a_child_that_has_gone_needs_no_asking(children: list[Child], error: Exception) -> None:
    group = ProcessGroup()

    def gone(text: str) -> None:
        children[0].asked.set()
        raise error

    ends: list[BaseException] = []

    def work() -> None:
        try:
            run(group)
        except BaseException as found:
            ends.append(found)

    thread = threading.Thread(target=work)
    thread.start()
    wait_for(lambda: bool(children))
    children[0].write = gone  # type: ignore[method-assign]
    group.stop()
    thread.join(10)
    assert [type(found) for found in ends] == [CancelledError]


def test_a_command_that_cannot_be_started_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: Any, **options: Any) -> Any:
        raise OSError(7, "Argument list too long")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(StrataError, match="terraform cannot be started: Argument list too long"):
        run(ProcessGroup())
