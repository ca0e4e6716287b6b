"""The clock of a cloud: it goes forward only, from one due moment to the next."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from strata.cloud.clock import Clock, Timed
from strata.errors import StrataError

HOUR = timedelta(hours=1)


class Hourly(Timed):
    """What is due each hour, and the times at which it was done."""

    def __init__(self, clock: Clock) -> None:
        self.begun = clock.now()
        self.done: list[datetime] = []
        self.settled = 0

    def next_due(self, now: datetime) -> datetime | None:
        return self.begun + (len(self.done) + 1) * HOUR

    def run_due(self, now: datetime) -> None:
        if now >= self.begun + (len(self.done) + 1) * HOUR:
            self.done.append(now)

    def settle(self) -> None:
        self.settled += 1


def hours(clock: Clock, times: list[datetime]) -> list[int]:
    return [round((clock.now() - at) / HOUR) for at in times]


def test_it_is_ahead_by_what_was_asked_for() -> None:
    clock = Clock()
    assert abs(clock.now() - datetime.now(UTC)) < HOUR
    before, seconds = clock.now(), clock.monotonic()
    assert clock.advance(2 * HOUR) - before >= 2 * HOUR
    assert clock.monotonic() - seconds >= 7200
    assert clock.ahead == 2 * HOUR


def test_it_does_not_go_back() -> None:
    clock = Clock()
    with pytest.raises(StrataError, match="does not go back"):
        clock.advance(timedelta(seconds=-1))
    clock.advance(HOUR)
    clock.catch_up(timedelta(0))
    assert clock.ahead == HOUR
    clock.catch_up(3 * HOUR)
    assert clock.ahead == 3 * HOUR


def test_each_thing_is_done_at_its_own_time() -> None:
    clock = Clock()
    hourly = Hourly(clock)
    clock.follow(hourly)
    clock.advance(3 * HOUR + timedelta(minutes=1))
    assert hours(clock, hourly.done) == [2, 1, 0]
    assert hourly.settled == 4
    clock.leave(hourly)
    clock.advance(3 * HOUR)
    assert len(hourly.done) == 3


class Broken(Timed):
    """What is due at once, whenever it is asked, and fails."""

    def next_due(self, now: datetime) -> datetime | None:
        return now

    def run_due(self, now: datetime) -> None:
        raise RuntimeError("broken")


def test_what_fails_does_not_stop_the_clock(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    hourly = Hourly(clock)
    for follower in (Broken(), hourly):
        clock.follow(follower)
    hourly.begun -= HOUR
    clock.advance(timedelta(milliseconds=3))
    assert len(hourly.done) == 1
    assert "what was due could not be done" in caplog.messages


class Waiter:
    """A thread that waits by the clock."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.event, self.goes_on, self.waits = threading.Event(), True, threading.Event()
        self.thread = threading.Thread(target=clock.wait, args=(seconds, self.event, self.look), daemon=True)
        self.thread.start()
        assert self.waits.wait(20)

    def look(self) -> bool:
        self.waits.set()
        return self.goes_on

    def ended(self) -> bool:
        self.thread.join(20)
        return not self.thread.is_alive()


def test_what_waits_goes_on_when_its_time_has_come() -> None:
    clock = Clock()
    short, long = Waiter(clock, 3600), Waiter(clock, 7200)
    clock.advance(HOUR)
    assert short.ended()
    assert long.thread.is_alive()
    clock.advance(HOUR)
    assert long.ended()


def test_what_no_longer_goes_on_does_not_wait() -> None:
    waiter = Waiter(Clock(), 3600)
    waiter.goes_on = False
    waiter.event.set()
    assert waiter.ended()


def test_its_thread_does_what_is_due_meanwhile() -> None:
    clock = Clock()
    done = threading.Event()

    class Now(Timed):
        def next_due(self, now: datetime) -> datetime | None:
            return None

        def run_due(self, now: datetime) -> None:
            done.set()

    clock.follow(Now())
    clock.start()
    assert done.wait(20)
    clock.stop()
    clock.stop()
