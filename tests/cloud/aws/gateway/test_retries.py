"""Attempts of one call: the first is carried out, and the later ones get its answer."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from strata.cloud.aws.gateway import retries
from strata.cloud.aws.gateway.retries import FAULT_HEADER, AnswerOnce

FIRST = {
    "REQUEST_METHOD": "POST",
    "PATH_INFO": "/a",
    "HTTP_X_AMZ_TARGET": "T",
    "HTTP_AMZ_SDK_INVOCATION_ID": "1",
}


class Body(list[bytes]):
    closed = False

    def close(self) -> None:
        self.closed = True


class Application:
    """Answers each request with its number; `status` and `size` are those of every answer."""

    def __init__(self, status: str = "200 OK", size: int = 0, written: bytes = b"") -> None:
        self.status, self.size, self.written = status, size, written
        self.calls = 0
        self.bodies: list[Body] = []
        self.inside: Callable[[], Any] = lambda: None

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        self.calls += 1
        number = self.calls
        self.inside()
        write = start(self.status, [("Number", str(number))])
        if self.written:
            write(self.written)
        self.bodies.append(Body([b"%d" % number, b"x" * self.size]))
        return self.bodies[-1]


def ask(once: AnswerOnce, **environ: str) -> tuple[str, list[tuple[str, str]], bytes]:
    started: list[Any] = []
    body = once({**FIRST, **environ}, lambda status, headers, fault=None: started.append((status, headers)))
    ((status, headers),) = started
    return status, headers, b"".join(body)


@pytest.mark.parametrize("status", ["200 OK", "204 NO CONTENT", "400 BAD REQUEST", "409 CONFLICT", "450 X"])
def test_a_later_attempt_gets_the_first_answer(status: str) -> None:
    application = Application(status, written=b"head:")
    once = AnswerOnce(application)
    first = ask(once)
    assert first == (status, [("Number", "1")], b"head:1")
    assert ask(once) == first
    assert (application.calls, application.bodies[0].closed) == (1, True)


@pytest.mark.parametrize(
    "environ",
    [
        {"HTTP_AMZ_SDK_INVOCATION_ID": "2"},
        {"REQUEST_METHOD": "PUT"},
        {"PATH_INFO": "/b"},
        {"HTTP_X_AMZ_TARGET": "U"},
    ],
)
def test_another_call_is_carried_out(environ: dict[str, str]) -> None:
    application = Application()
    once = AnswerOnce(application)
    ask(once)
    assert ask(once, **environ)[2] == b"2"
    # Each of them has its answer.
    assert (ask(once)[2], ask(once, **environ)[2], application.calls) == (b"1", b"2", 2)


@pytest.mark.parametrize(
    "environ",
    [
        {"REQUEST_METHOD": "GET"},
        {"REQUEST_METHOD": "HEAD"},
        {"REQUEST_METHOD": "OPTIONS"},
        {"HTTP_AMZ_SDK_INVOCATION_ID": ""},
    ],
)
def test_reads_and_calls_without_a_number_are_carried_out_each_time(environ: dict[str, str]) -> None:
    application = Application()
    once = AnswerOnce(application)
    assert (ask(once, **environ)[2], ask(once, **environ)[2]) == (b"1", b"2")


@pytest.mark.parametrize(
    ("status", "size", "calls"),
    [("500 FAULT", 0, 2), ("503 BUSY", 0, 2), ("200 OK", 16384, 2), ("200 OK", 16383, 1)],
)
def test_a_fault_or_a_large_answer_is_not_kept(status: str, size: int, calls: int) -> None:
    application = Application(status, size)
    once = AnswerOnce(application)
    ask(once)
    ask(once)
    assert application.calls == calls


def test_a_failing_application_is_asked_again() -> None:
    application = Application()

    def fail() -> None:
        raise OSError("broken")

    application.inside = fail
    once = AnswerOnce(application)
    with pytest.raises(OSError, match="broken"):
        ask(once)
    application.inside = lambda: None
    assert ask(once)[2] == b"2"


def test_the_oldest_answer_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "_REMEMBERED", 2)
    application = Application()
    once = AnswerOnce(application)
    for number in ("1", "2", "3"):
        ask(once, HTTP_AMZ_SDK_INVOCATION_ID=number)
    assert ask(once, HTTP_AMZ_SDK_INVOCATION_ID="2")[2] == b"2"
    assert ask(once, HTTP_AMZ_SDK_INVOCATION_ID="1")[2] == b"4"


@pytest.mark.parametrize(("status", "answers"), [("200 OK", [b"1", b"1"]), ("500 FAULT", [b"1", b"2"])])
def test_an_attempt_waits_for_the_one_before(status: str, answers: list[bytes]) -> None:
    application = Application(status)
    entered, go = threading.Event(), threading.Event()

    def wait() -> None:
        entered.set()
        assert go.wait(10)

    application.inside = wait
    once = AnswerOnce(application)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask, once)
        assert entered.wait(10)
        second = pool.submit(ask, once)
        assert not second.done()
        go.set()
        assert sorted([first.result(10)[2], second.result(10)[2]]) == answers


def test_answers_are_shared_under_a_lock() -> None:
    once = AnswerOnce(Application())

    class Held(type(once._answers)):
        def __setitem__(self, key: Any, value: Any) -> None:
            assert once._lock.locked()
            super().__setitem__(key, value)

        def pop(self, *arguments: Any) -> Any:
            assert once._lock.locked()
            return super().pop(*arguments)

    once._answers = Held()
    ask(once)
    once._application = Application("500 FAULT")
    ask(once, HTTP_AMZ_SDK_INVOCATION_ID="2")
    assert len(once._answers) == 1


@pytest.mark.parametrize(
    ("status", "headers"), [("429 TOO MANY REQUESTS", []), ("400 BAD REQUEST", [FAULT_HEADER])]
)
def test_what_is_to_be_sent_again_is_carried_out_again(status: str, headers: list[str]) -> None:
    """A throttled call, and one that a fault on demand has struck."""
    calls = itertools.count(1)

    def application(environ: dict[str, Any], start: Any) -> list[bytes]:
        number = next(calls)
        start(status if number == 1 else "200 OK", [(name, "f") for name in headers if number == 1])
        return [b"%d" % number]

    once = AnswerOnce(application)
    answers = [b"".join(once(dict(FIRST), lambda *_: None)) for _ in range(3)]
    assert answers == [b"1", b"2", b"2"]
