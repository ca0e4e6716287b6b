"""`read_tfvars_file`: a file of Terraform variables as JSON text."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from strata.errors import StrataError
from strata.hcl.literals import object_of, quoted
from strata.live.evaluation.functions import FunctionError
from strata.live.language.hcl import parse


def read_tfvars(arguments: Sequence[str], directory: Path) -> str:
    """An HCL expression whose value is the file's content as JSON text.

    Args:
        arguments: the function's arguments: one path, relative to `directory`.

    Raises:
        FunctionError: not one argument, no such file, or JSON that does not parse.
        StrataError: the file has a syntax error, a block or an expression that is not constant.
    """
    if len(arguments) != 1:
        raise FunctionError(f"`read_tfvars_file` takes 1 argument, not {len(arguments)}")
    path = Path(os.path.normpath(directory / arguments[0]))
    if not path.is_file():
        raise FunctionError(f"`read_tfvars_file`: no such file: {path}")
    if path.name.endswith("json"):
        text = path.read_text(encoding="utf-8")
        try:
            json.loads(text)
        except ValueError as error:
            raise FunctionError(f"`read_tfvars_file`: {path} is not JSON: {error}") from None
        return quoted(text)
    body = parse(path).body
    if body.blocks:
        raise StrataError("a variables file holds no blocks", file=path, line=body.blocks[0].line)
    texts: dict[str, str] = {}
    for name, attribute in body.attributes.items():
        parts = attribute.value.parts
        if any(not isinstance(part, str) for part in parts):
            raise StrataError(f"`{name}` is not a constant", file=path, line=attribute.line)
        texts[name] = f"({''.join(part for part in parts if isinstance(part, str))}\n)"
    return f"jsonencode({object_of(texts)})"
