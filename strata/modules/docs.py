"""The tables of inputs and outputs in a module's README.md, made from its variables and outputs."""

from __future__ import annotations

import re
import textwrap

from strata.errors import StrataError
from strata.modules.interface import Module, Output, Variable

BEGIN = "<!-- BEGIN inputs and outputs -->"
END = "<!-- END inputs and outputs -->"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "*": "&#42;", "`": "&#96;"}


def documented(readme: str, module: Module, file: str) -> str:
    """The README with its tables made anew; they go to the end of one that has none.

    Args:
        readme: the text of README.md.
        module: the module.
        file: what errors call the README.

    Raises:
        StrataError: only one of the two markers is there, or they are in the wrong order.
    """
    begins, ends = readme.count(BEGIN), readme.count(END)
    tables = f"{BEGIN}\n{_tables(module)}{END}"
    if not begins and not ends:
        return f"{readme.rstrip()}\n\n{tables}\n"
    if begins != 1 or ends != 1 or readme.index(BEGIN) > readme.index(END):
        raise StrataError(
            "the markers of the tables are not in order", file=file, remedy=f"write `{BEGIN}`, then `{END}`"
        )
    before, _, rest = readme.partition(BEGIN)
    return before + tables + rest.partition(END)[2]


def _tables(module: Module) -> str:
    inputs = "".join(_input(module.variables[name]) for name in sorted(module.variables))
    outputs = "".join(_output(module.outputs[name]) for name in sorted(module.outputs))
    found = ""
    if inputs:
        found += f"\n## Inputs\n\n| name | description | type | default |\n|---|---|---|---|\n{inputs}"
    if outputs:
        found += f"\n## Outputs\n\n| name | description |\n|---|---|\n{outputs}"
    return f"{found}\n"


def _input(variable: Variable) -> str:
    default = "required" if variable.default_text is None else _code(variable.default_text)
    kind = "" if variable.type_text is None else _code(variable.type_text)
    return f"| {_mono(variable.name)} | {_prose(variable.description)} | {kind} | {default} |\n"


def _output(output: Output) -> str:
    mark = " Sensitive." if output.sensitive else ""
    return f"| {_mono(output.name)} | {_prose(output.description)}{mark} |\n"


def _prose(text: str | None) -> str:
    """Text in one cell: what is not marked as code keeps its characters."""
    pieces = re.split(r"(`[^`]*`)", " ".join((text or "").split()))
    return "".join(
        piece.replace("|", "\\|") if piece.startswith("`") else _escaped(piece, "<>|*") for piece in pieces
    )


def _code(text: str) -> str:
    """Code in one cell, as terraform-docs writes it: lines are kept by `<pre>`, which GitHub shows."""
    if "\n" not in text:
        return _mono(text)
    first, _, rest = text.partition("\n")
    lines = _escaped(f"{first}\n{textwrap.dedent(rest)}", "&<>|*`").replace("\n", "<br/>")
    return f"<pre>{lines}</pre>"


def _mono(text: str) -> str:
    escaped = text.replace("|", "\\|")
    return f"`{escaped}`"


def _escaped(text: str, characters: str) -> str:
    return "".join(_ENTITIES[c] if c in characters else c for c in text)
