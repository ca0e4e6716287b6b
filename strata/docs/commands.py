"""The page of the commands: what `--help` prints of each."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer

from strata.docs.markdown import block, code, page, table


def commands_page(app: typer.Typer) -> str:
    """Return docs/reference/commands.md.

    Args:
        app: the command `strata`.
    """
    root: Any = typer.main.get_command(app)
    parts = [
        "`strata` below is `.venv/bin/strata`. Exit codes: 0, 1 for a fault, 2 for wrong usage, 130 after"
        " Ctrl-C; a command that has others says so."
    ]
    for words, command in _leaves(root, ("strata",)):
        parts += _command(" ".join(words), command)
    return page("Commands", parts)


def _leaves(group: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name in sorted(group.commands):
        command = group.commands[name]
        if hasattr(command, "commands"):
            yield from _leaves(command, (*words, name))
        else:
            yield (*words, name), command


def _command(title: str, lazy: Any) -> list[str]:
    """Return the parts of one command."""
    command = lazy.loaded()
    context = command.make_context(title, [], resilient_parsing=True)
    rows = []
    for parameter in command.params:
        names, text = parameter.get_help_record(context)
        rows.append([code(names), text])
    lines = (line.strip() for line in (command.epilog or "").split("\n\n"))
    examples = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return [
        f"## {title}",
        inspect.cleandoc(command.help or ""),
        block(" ".join([title, *command.collect_usage_pieces(context)])),
        table(["argument or option", "means"], rows),
        block("\n".join(examples)) if examples else "",
    ]
