"""The one-time steps of an environment: their titles, their commands, and how to run them.

Each step reads first and adopts what exists, so that a second run changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

System = Literal["aws", "snowflake", "github"]
SYSTEMS: tuple[System, ...] = ("aws", "snowflake", "github")


@dataclass(frozen=True)
class BootstrapStep:
    """One step before CI can work.

    Attributes:
        system: the system whose credentials it needs.
        title: its heading.
        commands: what an operator would type, in `language`; safe to repeat.
        apply: runs the step and returns one line per change.
    """

    system: System
    title: str
    commands: tuple[str, ...]
    apply: Callable[[], list[str]]
    language: Literal["sh", "sql"] = "sh"


def script(steps: list[BootstrapStep]) -> str:
    """Return the steps as Markdown: headings, and blocks to copy."""
    parts = []
    for number, step in enumerate(steps, 1):
        block = "\n".join(step.commands)
        parts.append(f"## {number}. {step.title}\n\n```{step.language}\n{block}\n```")
    return "\n\n".join(parts) + "\n"
