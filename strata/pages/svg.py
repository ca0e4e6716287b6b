"""A placed graph as the text of an SVG element."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from strata.pages.layout import Drawing

_SMALL = 6.6  # pixels of a character


@dataclass(frozen=True)
class Node:
    """What a node shows.

    Attributes:
        label: its first line.
        detail: its second line.
        state: the class that colours it: ok, running, warn, bad or idle.
        href: where a click leads, empty for nowhere.
    """

    label: str
    detail: str = ""
    state: str = "idle"
    href: str = ""


def svg(drawing: Drawing, nodes: Mapping[str, Node], taken: set[tuple[str, str]], label: str) -> str:
    """Draw a graph; style.css colours it.

    Args:
        drawing: places of the nodes.
        nodes: what they show.
        taken: the lines that stand out.
        label: what the picture is, for those who do not see it.
    """
    parts = [
        f'<svg class="graph" viewBox="0 0 {drawing.width:.0f} {drawing.height:.0f}" '
        f'width="{drawing.width:.0f}" height="{drawing.height:.0f}" role="img" aria-label="{escape(label)}">'
    ]
    for line in sorted(drawing.lines, key=lambda one: (one.start, one.end) in taken):
        state = "edge taken" if (line.start, line.end) in taken else "edge"
        parts.append(f'<path class="{state}" d="{line.path}"/>')
    shape = drawing.shape
    for name, (x, y) in drawing.places.items():
        node = nodes[name]
        text = escape(shortened(node.label, shape.width - 20))
        body = (
            f'<g class="node {node.state}" transform="translate({x:.0f},{y:.0f})">'
            f"<title>{escape(node.label)}</title>"
            f'<rect class="box" width="{shape.width}" height="{shape.height}" rx="4"/>'
            f'<rect class="bar" width="4" height="{shape.height}" rx="2"/>'
        )
        if node.detail:
            middle = shape.height / 2
            detail = escape(shortened(node.detail, shape.width - 20))
            body += f'<text x="13" y="{middle - 3:.0f}">{text}</text>'
            body += f'<text class="small" x="13" y="{middle + 12:.0f}">{detail}</text></g>'
        else:
            body += f'<text x="13" y="{shape.height / 2 + 4:.0f}">{text}</text></g>'
        parts.append(f'<a href="{escape(node.href)}">{body}</a>' if node.href else body)
    return "".join((*parts, "</svg>"))


def shortened(text: str, width: float) -> str:
    """A text that fits a width in pixels, with its middle left out if need be."""
    room = max(4, int(width / _SMALL))
    if len(text) <= room:
        return text
    head = (room - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (room - 1 - head) :]}"
