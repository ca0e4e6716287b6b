"""A trace as one HTML file that needs nothing else: no script, no network."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from strata.pages.svg import Node, svg
from strata.trace import picture
from strata.trace.models import Trace

_RUN_CLASSES = {"SUCCEEDED": "ok", "RUNNING": "running"}
_SHOWN = 20_000  # characters of an input or output


def render(trace: Trace) -> str:
    """Return the page of a trace."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
    template = environment.from_string(files("strata.trace").joinpath("page.html.j2").read_text("utf-8"))
    names = ("read", "clean", "quarantined", "duplicate", "curated", "visible")
    counts = {name: value for name in names if (value := getattr(trace.rows, name)) is not None}
    return template.render(
        trace=trace,
        style=Markup(files("strata.pages").joinpath("style.css").read_text("utf-8")),
        graph=Markup(_graph(trace)),
        counts=counts,
        place=1 + [run.arn for run in trace.runs].index(trace.run.arn),
        run_class=status_class(trace.run.status),
        job_class=status_class,
        state_class=picture.state_class,
        duration=picture.duration,
        json=_json,
    )


def status_class(status: str) -> str:
    """The class that colours the status of an execution or a job run."""
    return _RUN_CLASSES.get(status, "bad")


def _graph(trace: Trace) -> str:
    visits = picture.last_visits(trace)
    places = {visit.name: index for index, visit in enumerate(trace.states, start=1)}
    nodes = {
        node.name: Node(
            node.name,
            picture.duration(visits[node.name].seconds) if node.name in visits else "",
            picture.node_class(trace, node.name),
            f"#state-{places[node.name]}" if node.name in places else "",
        )
        for node in trace.machine.states
    }
    return svg(picture.drawing(trace), nodes, picture.taken(trace), "States of the execution")


def _json(value: Any) -> str:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}\n… {len(text) - _SHOWN:,} more characters"
