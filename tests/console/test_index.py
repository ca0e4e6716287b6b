"""The index of executions: each is described once, the newest first, and again only while it runs."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from strata.console.index import RunIndex
from strata.errors import StrataError
from tests.console.recorded import MACHINE, States


class Growing(States):
    """Executions that come one after the other; those in `running` have not ended."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.running: set[int] = set()

    def _listed(self, number: int) -> dict[str, Any]:
        found = super()._listed(number)
        if number in self.running:
            del found["stopDate"]
            found["status"] = "RUNNING"
        return found


def test_the_newest_are_read_first_and_each_once() -> None:
    states = States(1000)
    index = RunIndex(states, MACHINE)
    index.look()
    assert (states.described, index.loading) == (200, True)
    page = index.page("", "", 0, 1)
    assert (page.total, page.matched, page.loading) == (1000, 200, True)
    assert page.runs[0].name == "run-01000"
    while index.loading:
        index.look()
    assert states.described == 1000
    before = index.look()
    assert index.look() == before
    assert states.described == 1000


def test_a_new_execution_and_its_end_are_news() -> None:
    states = Growing(5)
    index = RunIndex(states, MACHINE)
    first = index.look()
    states.count, states.running = 6, {6}
    begun = index.look()
    assert begun != first
    assert index.counts()["RUNNING"] == 1
    assert index.look() == begun
    states.running = set()
    assert index.look() != begun
    assert index.counts()["RUNNING"] == 0
    described = states.described
    index.look()
    assert states.described == described


def test_the_executions_of_one_key() -> None:
    states = States(20)
    index = RunIndex(states, MACHINE)
    index.look()
    run, runs = index.find("run-00007")
    assert run.key == "flights/00007.csv"
    assert runs == [run]
    with pytest.raises(StrataError, match="no execution is called nothing"):
        index.find("nothing")


def test_one_that_is_listed_late_is_not_lost() -> None:
    class Late(Growing):
        """The execution before the newest is not listed at first."""

        hidden = 9

        def paginate(self, **given: Any) -> Any:
            for page in super().paginate(**given):
                shown = [one for one in page["executions"] if one["name"] != f"run-{self.hidden:05}"]
                yield {"executions": shown}

    states = Late(10)
    index = RunIndex(states, MACHINE)
    index.look()
    assert index.page("", "", 0, 20).total == 9
    states.hidden = 0
    index.look()
    assert index.page("", "", 0, 20).total == 10


def test_a_list_that_broke_off_is_read_again() -> None:
    class Breaking(Growing):
        """The list breaks off after its first page, once."""

        broken = False

        def paginate(self, **given: Any) -> Any:
            for number, page in enumerate(super().paginate(**given)):
                if number == 1 and not self.broken:
                    self.broken = True
                    raise ConnectionError("gone")
                yield page

    states = Breaking(2000)
    index = RunIndex(states, MACHINE)
    with pytest.raises(ConnectionError):
        index.look()
    index.look()
    assert index.page("", "", 0, 1).total == 2000


def test_a_page_does_not_wait_for_a_look() -> None:
    states = Growing(3)
    index = RunIndex(states, MACHINE)
    index.look()
    going, go_on = threading.Event(), threading.Event()

    def slow(executionArn: str) -> dict[str, Any]:
        going.set()
        assert go_on.wait(10)
        return Growing.describe_execution(states, executionArn)

    states.describe_execution, states.count = slow, 4  # type: ignore[method-assign]
    looking = threading.Thread(target=index.look)
    looking.start()
    assert going.wait(10)
    index.look()
    assert (index.page("", "", 0, 10).matched, index.loading) == (3, True)
    go_on.set()
    looking.join(10)
    assert (index.page("", "", 0, 10).matched, index.loading) == (4, False)
