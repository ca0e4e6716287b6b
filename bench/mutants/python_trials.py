"""Mutants of a Python package, each against the tests that run its line."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import coverage
import pytest
from mutant import Mutant
from scratch import TIMED_OUT, Scratch, is_own

# In the order of the suite's own options: one process, one order, nothing written.
_OPTIONS = ["-q", "-x", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider", "--no-header"]
# Seconds of a test that a fault is tried with whatever the others take.
_QUICK = 0.2
_SOUND = 0
_FAILED = 1


class BaselineError(Exception):
    """The tests fail without any fault."""


@dataclass(frozen=True)
class Baseline:
    """What the tests do without a fault.

    Attributes:
        seconds: the time of each test.
        reached: file → line → what ran it: tests, and `fixture:` names of those that last longer than a test.
        users: fixture → the tests that use it.
        most: how many seconds of tests a fault is tried with beside the quick ones, some of each file; all if
            None. A survivor may then be one that the others notice.
    """

    seconds: dict[str, float]
    reached: dict[str, dict[int, list[str]]]
    users: dict[str, list[str]]
    most: float | None = None

    def tests(self, mutant: Mutant) -> list[str]:
        """Return the tests that run a fault's line, those of another process left out; fast ones first."""
        lines = self.reached.get(mutant.file, {})
        there = {c for line in range(mutant.line, mutant.end_line + 1) for c in lines.get(line, ())}
        # The empty name is the import's: a table that it makes is read by the functions of the file.
        imported = mutant.everywhere or "" in there
        contexts = {c for found in lines.values() for c in found} if imported else there
        tests = {test for context in contexts for test in self.users.get(context, [context]) if test}
        if imported and not tests:
            tests = set(self.seconds)
        return self._fast_first(tests)

    def below(self, paths: Sequence[str]) -> list[str]:
        """Return the tests of files and folders, fast ones first."""
        return self._fast_first(test for test in self.seconds if test.startswith(tuple(paths)))

    def _fast_first(self, tests: Iterable[str]) -> list[str]:
        ordered = sorted(tests, key=lambda test: (self.seconds.get(test, 0), test))
        if self.most is None:
            return ordered
        files: dict[str, list[str]] = {}
        taken = set()
        for test in ordered:
            if self.seconds.get(test, 0) < _QUICK:
                taken.add(test)
            else:
                files.setdefault(test.partition("::")[0], []).append(test)
        left = self.most
        for test in filter(None, chain.from_iterable(zip_longest(*files.values()))):
            left -= self.seconds.get(test, 0)
            if left < 0:
                break
            taken.add(test)
        return [test for test in ordered if test in taken] or ordered[:1]


@dataclass(eq=False)
class _Watch:
    """A pytest plugin: the time of each test, who uses which fixture, and which of them runs a line."""

    measured: coverage.Coverage
    seconds: dict[str, float] = field(default_factory=dict)
    users: dict[str, list[str]] = field(default_factory=dict)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            for name in getattr(item, "fixturenames", ()):
                self.users.setdefault(f"fixture:{name}", []).append(item.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.measured.switch_context(item.nodeid)
        begun = time.monotonic()
        result = yield
        self.seconds[item.nodeid] = time.monotonic() - begun
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any], request: Any) -> Iterator[None]:
        if fixturedef.scope == "function":
            return (yield)
        self.measured.switch_context(f"fixture:{fixturedef.argname}")
        result = yield
        self.measured.switch_context(request._pyfuncitem.nodeid)
        return result


class _Only:
    """A pytest plugin: these tests alone, in the order given, each ended when it takes far longer than usual.

    Args:
        tests: the tests.
        seconds: the usual time of each.
    """

    def __init__(self, tests: Sequence[str], seconds: Mapping[str, float]) -> None:
        self._place = {test: place for place, test in enumerate(tests)}
        self._seconds = seconds

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        # A lock that is never released would else take the time of all tests.
        signal.signal(signal.SIGALRM, lambda *_: os._exit(_FAILED))
        signal.alarm(60 + round(10 * self._seconds[item.nodeid]))
        result = yield
        signal.alarm(0)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Iterator[None]:
        result = yield
        items[:] = sorted(
            (item for item in items if item.nodeid in self._place), key=lambda item: self._place[item.nodeid]
        )
        return result


def measure(
    scratch: Scratch,
    sources: Sequence[str],
    tests: Sequence[str],
    seconds: float,
    plugins: Sequence[Any] = (),
) -> Baseline:
    """Run the tests without a fault, and load what they import into this process.

    Raises:
        BaselineError: one of them fails.
    """
    data, notes = scratch.folder / ".coverage", scratch.folder / ".baseline.json"

    def work() -> int:
        measured = coverage.Coverage(
            str(data), source=[str(scratch.folder / source) for source in sources], config_file=False
        )
        watch = _Watch(measured)
        measured.start()
        code = int(pytest.main([*_OPTIONS, *tests], plugins=[watch, *plugins]))
        measured.stop()
        measured.save()
        loaded = [name for name in sys.modules if not is_own(name)]
        notes.write_text(
            json.dumps({"seconds": watch.seconds, "users": watch.users, "loaded": loaded}), encoding="utf-8"
        )
        return code

    code = scratch.child(work, seconds)
    if code != _SOUND:
        raise BaselineError(
            "the tests took too long" if code == TIMED_OUT else f"the tests ended with {code}"
        )
    noted = json.loads(notes.read_text(encoding="utf-8"))
    for name in noted["loaded"]:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    found = coverage.CoverageData(str(data))
    found.read()
    reached = {
        Path(file).relative_to(scratch.folder.resolve()).as_posix(): found.contexts_by_lineno(file)
        for file in found.measured_files()
    }
    return Baseline(noted["seconds"], reached, noted["users"])


def survives(
    scratch: Scratch,
    mutant: Mutant,
    baseline: Baseline,
    elsewhere: Sequence[str] = (),
    plugins: Sequence[Any] = (),
) -> bool | None:
    """Run the tests that run a mutant's line, the fast ones first.

    Args:
        scratch: the copy of the repository.
        mutant: the fault.
        baseline: what the tests do without it.
        elsewhere: files and folders of tests that run the file in processes of their own: what no test is
            seen to run is tried with them.
        plugins: pytest's, as for the baseline.

    Returns:
        Whether all of them pass; None if the tests could not be collected, as the file cannot be imported.
    """
    tests = baseline.tests(mutant) or baseline.below(elsewhere)
    if not tests:
        return True
    files = sorted({test.partition("::")[0] for test in tests})
    usual = sum(baseline.seconds[test] for test in tests)

    def work() -> int:
        return int(pytest.main([*_OPTIONS, *files], plugins=[_Only(tests, baseline.seconds), *plugins]))

    with scratch.written(mutant.file, mutant.text):
        code = scratch.child(work, 30 + 5 * usual)
    return code == _SOUND if code in (_SOUND, _FAILED, TIMED_OUT) else None
