"""What the pages show, as the server hands it over."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from strata.pages.layout import Drawing
from strata.trace.models import Run, Trace

Health = Literal["ok", "running", "warn", "bad", "idle"]


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class GraphNode(_Shown):
    """A node with its place, if the graph is drawn; `facts` is shown when it is chosen, `href` leads on."""

    id: str
    kind: str
    label: str
    detail: str = ""
    state: Health = "idle"
    facts: dict[str, str] = {}
    href: str = ""
    x: float = 0
    y: float = 0


class Graph(_Shown):
    """A graph to be drawn: `edges` have an SVG path each; `taken` marks those that stand out."""

    width: float
    height: float
    box: tuple[float, float]
    nodes: list[GraphNode]
    edges: list[dict[str, Any]]

    @classmethod
    def drawn(
        cls, drawing: Drawing, nodes: list[GraphNode], taken: set[tuple[str, str]] | None = None
    ) -> Graph:
        """Put nodes where a drawing has them."""
        places = drawing.places
        return cls(
            width=drawing.width,
            height=drawing.height,
            box=(drawing.shape.width, drawing.shape.height),
            nodes=[
                node.model_copy(update={"x": places[node.id][0], "y": places[node.id][1]})
                for node in nodes
                if node.id in places
            ],
            edges=[
                {"path": line.path, "taken": (line.start, line.end) in (taken or set())}
                for line in drawing.lines
            ],
        )


class RunPage(_Shown):
    """A page of the list of executions; `loading` while older ones are still being read."""

    total: int
    matched: int
    counts: dict[str, int]
    runs: list[Run]
    loading: bool


class TracePage(_Shown):
    """A trace with its picture, once short and once with all states."""

    trace: Trace
    graph: Graph
    whole: Graph


class Column(_Shown):
    """A column of a contract."""

    name: str
    type: str
    required: bool
    key: bool
    description: str


class Contract(_Shown):
    """A data set's contract as the page shows it."""

    version: str
    file: str
    description: str
    columns: list[Column]
    format: str


class Outcome(_Shown):
    """What an object's rows became, and when."""

    key: str
    status: str
    finished_at: str
    read: int | None = None
    clean: int | None = None
    quarantined: int | None = None
    duplicate: int | None = None
    visible: int | None = None


class DataSet(_Shown):
    """A data set: its contract, how fresh it is, and what its rows became; `fault` if it has no table."""

    name: str
    table: str
    fault: str = ""
    contract: Contract
    hours: int | None = None
    fresh_rows: int | None = None
    objects: int
    rows: dict[str, int]
    reasons: dict[str, int]
    outcomes: list[Outcome]


class QuarantinedRow(_Shown):
    """A line in the quarantine with the object that it is of."""

    key: str
    line: int
    reason: str
    detail: str
    row: str


class Quarantine(_Shown):
    """Lines in the quarantine, as many as a page shows, and how many there are."""

    total: int
    rows: list[QuarantinedRow]


class Reprocess(_Shown):
    """How far the machine that reprocesses is; `status` and `error` are Step Functions' own words."""

    name: str
    status: str
    found: int
    succeeded: int
    failed: int
    error: str


class Result(_Shown):
    """The rows of a statement as text; None for NULL. `cut` says that there are more."""

    columns: list[str]
    rows: list[list[str | None]]
    cut: bool
    seconds: float


class UnitFacts(_Shown):
    """A unit and its state."""

    path: str
    component: str
    state: str
    serial: int | None
    resources: int
    after: list[str]
    outputs: list[str]


class UnitsPage(_Shown):
    """The live tree of an environment, and the last plan of it."""

    graph: Graph
    units: list[UnitFacts]
    plan: dict[str, Any] | None
