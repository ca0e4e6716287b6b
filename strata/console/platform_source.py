"""The running platform as the console's source."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from strata.cloud.endpoints import Endpoints
from strata.console import datasets, units
from strata.console.environment import ConsoleEnvironment
from strata.console.flow import Flow
from strata.console.models import (
    DataSet,
    Graph,
    GraphNode,
    Quarantine,
    Reprocess,
    Result,
    RunPage,
    TracePage,
    UnitsPage,
)
from strata.errors import StrataError, did_you_mean
from strata.platform.last_plan import plan_file
from strata.trace import picture
from strata.trace.find import described
from strata.trace.models import Trace
from strata.trace.session import Tracer

_ROWS = 200


class PlatformSource:
    """Answers from the cloud of this checkout.

    Args:
        root: the checkout's folder.
        running: the environment that runs.
        cloud: where the cloud listens.
    """

    def __init__(self, root: Path, running: str, cloud: Endpoints) -> None:
        self._root = root
        self._running = running
        self._cloud = cloud
        # A connection at a time: the connector's sessions are not for several threads.
        self._warehouse = threading.Lock()
        self._counted: dict[str, tuple[str, dict[str, int | None]]] = {}
        self._environment = functools.cache(self._made)

    def environments(self) -> list[str]:
        """The environments, the running one first."""
        names = sorted(
            path.parent.name
            for path in (self._root / "live").glob("*/env.hcl")
            if not path.parent.name.startswith(("_", "."))
        )
        return sorted(names, key=lambda name: name != self._running)

    def _made(self, name: str) -> ConsoleEnvironment:
        known = self.environments()
        if name not in known:
            raise StrataError(f"no environment {name}", remedy=did_you_mean(name, known))
        return ConsoleEnvironment(self._root, name, self._cloud)

    def revision(self, environment: str) -> str:
        """A text that changes whenever something that a page shows has changed."""
        found = self._environment(environment)
        try:
            planned = plan_file(self._root, environment).stat().st_mtime_ns
        except OSError:
            planned = 0
        return f"{found.index.look()}.{found.state_digest()}.{planned}"

    def flow(self, environment: str) -> Graph:
        """The whole platform."""
        found = self._environment(environment)
        found.index.look()
        return Flow(found, self._rows(found)).graph()

    def _rows(self, environment: ConsoleEnvironment) -> dict[str, int | None]:
        """The rows of each external table; counted again when an execution has ended."""
        counts = environment.index.counts()
        key = repr((sorted(counts.items()), environment.state_digest()))
        known = self._counted.get(environment.name)
        if known is not None and known[0] == key:
            return known[1]
        rows: dict[str, int | None] = {}
        for table in environment.platform.external_tables:
            try:
                answer = self._asked(environment, f"SELECT COUNT(*) FROM {table.sql}")
                rows[str(table)] = int(answer.rows[0][0])
            except (StrataError, OSError):
                rows[str(table)] = None
        self._counted[environment.name] = (key, rows)
        return rows

    def runs(self, environment: str, text: str, status: str, offset: int, limit: int) -> RunPage:
        """Executions, the newest first."""
        index = self._environment(environment).index
        index.look()
        return index.page(text, status, offset, limit)

    def trace(self, environment: str, name: str) -> TracePage:
        """The trace of an execution by its name."""
        found = self._environment(environment)
        found.index.look()
        run, runs = found.index.find(name)
        if not run.key:
            run = described(found.client("stepfunctions"), run)
            runs = [run]
        return traced(Tracer(found.workspace).trace(run, runs))

    def datasets(self, environment: str) -> list[DataSet]:
        """The data sets."""
        return datasets.read(self._environment(environment))

    def quarantine(self, environment: str, dataset: str, reason: str, text: str, limit: int) -> Quarantine:
        """Lines in the quarantine of a data set."""
        return datasets.quarantine(self._environment(environment), dataset, reason, text, limit)

    def quarantine_lines(self, environment: str, dataset: str) -> Iterator[str]:
        """All of them, each as a line of JSON."""
        for line in datasets.lines(self._environment(environment), dataset):
            yield f"{line.model_dump_json()}\n"

    def process_again(self, environment: str, dataset: str, reason: str) -> Reprocess:
        """Process the objects of a data set again."""
        return datasets.process_again(self._environment(environment), dataset, reason)

    def processing(self, environment: str, name: str) -> Reprocess:
        """How far that is, by the name that its start returned."""
        return datasets.processing(self._environment(environment), name)

    def query(self, environment: str, sql: str) -> Result:
        """Run a statement as the platform's reader."""
        began = time.monotonic()
        answer = self._asked(self._environment(environment), sql)
        return Result(
            columns=answer.columns,
            rows=[[None if cell is None else str(cell) for cell in row] for row in answer.rows[:_ROWS]],
            cut=len(answer.rows) > _ROWS,
            seconds=time.monotonic() - began,
        )

    def _asked(self, environment: ConsoleEnvironment, sql: str) -> Any:
        # Imported here, because that imports the connector.
        from strata.platform.warehouse import ask, connect

        platform = environment.platform
        with (
            self._warehouse,
            connect(
                environment.workspace.endpoints,
                role=platform.reader_role,
                warehouse=platform.warehouse,
                database=platform.database,
                schema=platform.schema,
            ) as connection,
        ):
            return ask(connection, sql)

    def units(self, environment: str) -> UnitsPage:
        """The live tree."""
        return units.read(self._environment(environment))


def traced(trace: Trace) -> TracePage:
    """A trace with its picture."""
    visits = picture.last_visits(trace)
    nodes = [
        GraphNode(
            id=node.name,
            kind="state",
            label=node.name,
            detail=picture.duration(visits[node.name].seconds) if node.name in visits else "",
            state=picture.node_class(trace, node.name),  # type: ignore[arg-type]
        )
        for node in trace.machine.states
    ]
    ways = picture.taken(trace)
    return TracePage(
        trace=trace,
        graph=Graph.drawn(picture.drawing(trace), nodes, ways),
        whole=Graph.drawn(picture.drawing(trace, whole=True), nodes, ways),
    )
