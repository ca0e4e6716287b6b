"""Warm Spark processes, kept in stock: a run takes one and gives it back."""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from strata.cloud.aws.glue.spark.process import SparkProcess
from strata.cloud.aws.glue.spark.settings import SparkSettings
from strata.errors import StrataError

_log = logging.getLogger(__name__)
# A process that dies while it warms up is replaced; after this many in a row something is broken for good.
_FAULTS = 3
# A JVM keeps a little of each job; after as many it makes room for a new one.
_JOBS = 25
# Seconds that a process which makes room has to settle.
_SETTLING = 10.0
_READINESS = ("ready", "settling", "new", "starting")


class SparkPool:
    """Keeps a number of processes warm, and replaces those that end.

    One process warms up at a time, and none while a run is going on or has just ended: the next step of a
    pipeline follows within a second, and a machine with two cores has none to spare. From the second filling
    on, warming also gives way to everything else on the machine.

    Args:
        settings: returns Java, jars and S3; called once, in the background; may raise StrataError.
        folder: where the processes have their folders; what an earlier pool left there is removed.
        size: how many processes to keep warm.
        warm_up: rounds of warm-up.
        quiet: seconds without a run before a replacement is started.
        runs: how many runs may go on at a time; further ones wait.
    """

    def __init__(
        self,
        settings: Callable[[], SparkSettings],
        folder: Path,
        *,
        size: int = 4,
        warm_up: int = 1,
        quiet: float = 4.0,
        runs: int = max(2, os.cpu_count() or 1),
    ) -> None:
        self._make_settings = settings
        self._settings: SparkSettings | None = None
        self._settings_lock = threading.Lock()
        self._folder = folder
        self._size = size
        self._warm_up = warm_up
        self._quiet = quiet
        self._runs = runs
        self._changed = threading.Condition()
        self._stock: list[SparkProcess] = []
        self._taken: set[SparkProcess] = set()
        self._last_end = 0.0
        self._faults = 0
        self._filled = False
        self._stopped = False
        self._keeper: threading.Thread | None = None
        self._numbers = itertools.count(1)

    def start(self) -> None:
        """Begin to fill the stock, in the background; a second call does nothing."""
        with self._changed:
            if self._keeper is None and not self._stopped:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._keeper = threading.Thread(target=self._keep, name="spark-pool", daemon=True)
                self._keeper.start()

    def wait_ready(self, count: int = 1, timeout: float | None = None) -> bool:
        """Wait until `count` processes are warm; False if the time is up."""
        with self._changed:
            return self._changed.wait_for(lambda: self._ready() >= count, timeout)

    def take(self) -> SparkProcess:
        """Return a process for one job: the warmest, which may still settle, else a new, cold one.

        Of the warm ones it is the one that was given back last, most of whose code is compiled. Waits while
        too many runs go on. Give it back with `release`. Raises StrataError if Spark cannot be started or the
        pool is stopped.
        """
        self.start()
        self._known_settings()
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or len(self._taken) < self._runs)
            if self._stopped:
                raise StrataError("the embedded cloud is stopping")
            self._stock = [process for process in self._stock if process.state != "ended"]
            self._stock.sort(key=_readiness)
            process = self._stock.pop(0) if self._stock else self._new(warm_up=0, background=False)
            self._taken.add(process)
            return process

    def release(self, process: SparkProcess) -> None:
        """Take back a process that `take` returned; one that is not fit for a further run ends."""
        with self._changed:
            fit = process.reusable and process.jobs < _JOBS and not self._stopped
            if keep := fit and len(self._stock) < max(self._size, self._runs):
                self._stock.insert(0, process)
        if not keep:
            if process.reusable:
                # What is left to tell of its job.
                process.wait_ready(_SETTLING)
            process.stop()
        with self._changed:
            self._taken.discard(process)
            self._last_end = time.monotonic()
            self._changed.notify_all()

    def stop(self) -> None:
        """End every process and wait until none is left; the pool cannot be used afterwards."""
        with self._changed:
            self._stopped = True
            processes = [*self._stock, *self._taken]
            self._stock = []
            self._changed.notify_all()
        for process in processes:
            process.kill("the embedded cloud was stopped")
        for process in processes:
            process.stop()
        if self._keeper is not None:
            self._keeper.join(10)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ready(self) -> int:
        return sum(process.state == "ready" for process in self._stock)

    def _known_settings(self) -> SparkSettings:
        # A lock of its own: making them may fetch the jars, and `stop` must not wait for that.
        with self._settings_lock:
            if self._settings is None:
                self._settings = self._make_settings()
            return self._settings

    def _new(self, *, warm_up: int, background: bool) -> SparkProcess:
        folder = self._folder / str(next(self._numbers))
        return SparkProcess(
            self._known_settings(), folder, warm_up=warm_up, background=background, on_ready=self._on_ready
        )

    def _on_ready(self, process: SparkProcess) -> None:
        with self._changed:
            if process.state == "ended" and process in self._stock:
                self._stock.remove(process)
                if not process.jobs:
                    self._faults += not self._stopped
                    _log.warning("a Spark process ended while it warmed up: %s", process.error)
            elif process.state != "ended":
                self._faults = 0
            self._changed.notify_all()

    def _keep(self) -> None:
        try:
            self._known_settings()
        except StrataError as error:
            _log.warning("no Spark process is kept warm: %s", error)
            return
        with self._changed:
            while not self._stopped and self._faults < _FAULTS:
                self._stock = [process for process in self._stock if process.state != "ended"]
                if len(self._stock) + len(self._taken) >= self._size:
                    self._filled = True
                    self._changed.wait(5)  # an idle process may die
                elif self._taken or any(process.state == "starting" for process in self._stock):
                    self._changed.wait()
                elif (left := self._last_end + self._quiet - time.monotonic()) > 0:
                    self._changed.wait(left)
                else:
                    self._stock.append(
                        self._new(warm_up=self._warm_up, background=self._filled or bool(self._stock))
                    )


def _readiness(process: SparkProcess) -> int:
    """How near a job's start is: what has run some settles sooner than a new process compiles their code."""
    return _READINESS.index("new" if process.state == "ready" and not process.jobs else process.state)
