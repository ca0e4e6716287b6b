"""Whoever waits for the end of a Glue run is told of it."""

from __future__ import annotations

import threading
import time

from strata.cloud.aws.run_ends import RunEnds


def waited(ends: RunEnds, count: int, seconds: float, still: threading.Event) -> threading.Thread:
    thread = threading.Thread(target=ends.wait, args=(count, seconds, still.is_set))
    thread.start()
    return thread


def test_an_end_ends_every_wait() -> None:
    ends, still = RunEnds(), threading.Event()
    still.set()
    waits = [waited(ends, ends.count, 60, still) for _ in range(3)]
    ends.add()
    for wait in waits:
        wait.join(10)
    assert [wait.is_alive() for wait in waits] == [False] * 3


def test_an_end_before_the_wait_counts() -> None:
    ends, still = RunEnds(), threading.Event()
    still.set()
    before = ends.count
    ends.add()
    wait = waited(ends, before, 60, still)
    wait.join(10)
    assert not wait.is_alive()


def test_who_does_not_wait_any_more_is_let_go() -> None:
    ends, still = RunEnds(), threading.Event()
    still.set()
    wait = waited(ends, ends.count, 60, still)
    still.clear()
    wait.join(10)
    assert not wait.is_alive()


def test_without_an_end_the_time_is_up() -> None:
    begun = time.monotonic()
    RunEnds().wait(0, 0.3, lambda: True)
    assert time.monotonic() - begun >= 0.3
