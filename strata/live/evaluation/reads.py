"""Which files a unit's configuration consists of and reads, for people: what is what to the unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from strata.errors import StrataError
from strata.live.evaluation.constant_folding import NotConstantError, Statics
from strata.live.evaluation.functions import configuration_path
from strata.live.language.expression import CutExpression, FunctionCall
from strata.live.language.hcl import parse
from strata.live.language.names import FILE_FUNCTIONS
from strata.live.language.schema import leaves
from strata.live.language.scope import Scope

_ENV_FILE = "env.hcl"


def reads(unit: Scope, environ: Mapping[str, str]) -> dict[Path, str]:
    """The files, each with what it is: `unit`, `component`, `root`, `env` or `file read`.

    Args:
        unit: the unit's own file, its includes known.
        environ: what `get_env` sees.

    Returns:
        By path; a file whose path only Terraform can work out is not in it.
    """
    statics = Statics(environ, "render")
    found = {unit.file.path: "unit"}
    for include in unit.includes:
        path = include.scope.file.path
        found.setdefault(path, "root" if path.parent == unit.root else "component")
    todo = unit.parts()
    while todo:
        scope = todo.pop()
        for call in _calls(scope):
            for path in _named(call, scope, statics):
                if path in found:
                    continue
                found[path] = "env" if path.name == _ENV_FILE else "file read"
                if call.name == "read_terragrunt_config":
                    todo.append(Scope("", parse(path), path, unit.original, unit.root))
    return found


def _calls(scope: Scope) -> Iterator[FunctionCall]:
    expressions = [attribute.value for attribute in scope.locals.values()]
    expressions += [leaf.value for leaf in leaves(scope.tree)]
    yield from _inner(expressions)


def _inner(expressions: Iterable[CutExpression]) -> Iterator[FunctionCall]:
    for expression in expressions:
        for part in expression.parts:
            if isinstance(part, FunctionCall):
                yield part
                yield from _inner(part.arguments)


def _named(call: FunctionCall, scope: Scope, statics: Statics) -> Iterator[Path]:
    """The files that a call reads."""
    if call.name in FILE_FUNCTIONS:
        base = scope.file.path.parent
    elif call.name in ("read_terragrunt_config", "read_tfvars_file"):
        base = scope.directory
    else:
        return
    try:
        name = statics.value(call.arguments[0], scope)
    except (NotConstantError, StrataError, IndexError):
        return
    if not isinstance(name, str):
        return
    path = configuration_path(name, scope) if call.name == "read_terragrunt_config" else base / name
    yield from (path,) if path.is_file() else (one for one in sorted(path.rglob("*")) if one.is_file())
