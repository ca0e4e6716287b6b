"""The one-time steps of an environment: what each is for, the commands that do it, and doing it.

Each step looks at what is there first: what exists is adopted, what is as it should be is left alone, so
that a second run changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

System = Literal["aws", "snowflake", "github"]
SYSTEMS: tuple[System, ...] = ("aws", "snowflake", "github")


@dataclass(frozen=True)
class BootstrapStep:
    """One thing that has to be there before CI can work.

    Attributes:
        system: whose credential it needs.
        title: what it is, for people.
        commands: what an operator would type, safe to repeat; `language` says in what.
        apply: does it, and returns what it changed, one line each; nothing if all was there.
    """

    system: System
    title: str
    commands: tuple[str, ...]
    apply: Callable[[], list[str]]
    language: Literal["sh", "sql"] = "sh"


def script(steps: list[BootstrapStep]) -> str:
    """The steps as Markdown: headings, and blocks that can be copied."""
    parts = []
    for number, step in enumerate(steps, 1):
        block = "\n".join(step.commands)
        parts.append(f"## {number}. {step.title}\n\n```{step.language}\n{block}\n```")
    return "\n\n".join(parts) + "\n"
