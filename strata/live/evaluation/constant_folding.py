"""Values that need no Terraform: literals, locals that are literals, and functions of those.

The functions are Terragrunt's, and Terraform's of paths: `basename(get_terragrunt_dir())` names environments.

Most arguments of Terragrunt's functions are of this kind, and many attributes: knowing them at once saves
console processes, and work in them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strata.live.evaluation.functions import FunctionError, answer, failure
from strata.live.language.expression import CutExpression, FunctionCall, VariableReference
from strata.live.language.names import FILE_FUNCTIONS, PATH_FUNCTIONS, REFUSED_FUNCTIONS
from strata.live.language.scope import Scope

_NEEDS_TERRAFORM = {*FILE_FUNCTIONS, *REFUSED_FUNCTIONS, "read_terragrunt_config", "read_tfvars_file"}


class NotConstantError(Exception):
    """The value needs Terraform."""


@dataclass(frozen=True)
class Statics:
    """Evaluates what needs no Terraform, for one environment of variables and one Terraform command."""

    environ: Mapping[str, str]
    command: str

    def value(self, expression: CutExpression, scope: Scope, seen: tuple[str, ...] = ()) -> Any:
        """The expression's value.

        Raises:
            NotConstantError: Terraform has to evaluate it.
            StrataError: a function in it fails.
        """
        if expression.constant is not None:
            return expression.constant[0]
        if expression.simple is None:
            raise NotConstantError
        values: list[Any] = []
        for part in expression.simple:
            if isinstance(part, str):
                values.append(part)
            elif isinstance(part, VariableReference):
                values.append(self._local(part, scope, seen))
            else:
                values.append(self._call(part, expression.path, scope, seen))
        if len(values) == 1:
            return values[0]
        if any(not isinstance(value, str) for value in values):
            raise NotConstantError
        return "".join(values)

    def _local(self, reference: VariableReference, scope: Scope, seen: tuple[str, ...]) -> Any:
        if reference.root != "local" or len(reference.steps) != 1 or reference.steps[0] in seen:
            raise NotConstantError
        attribute = scope.locals.get(reference.steps[0])
        if attribute is None:
            raise NotConstantError
        return self.value(attribute.value, scope, (*seen, attribute.name))

    def _call(self, call: FunctionCall, path: Path, scope: Scope, seen: tuple[str, ...]) -> Any:
        if call.spread or call.name in _NEEDS_TERRAFORM:
            raise NotConstantError
        arguments = [self.value(argument, scope, seen) for argument in call.arguments]
        if call.name in PATH_FUNCTIONS:
            return _of_path(call.name, arguments)
        try:
            strings = [as_string(argument, call.name) for argument in arguments]
            return answer(call.name, strings, scope, self.environ, self.command)
        except FunctionError as error:
            raise failure(error, path, call.line) from None


def _of_path(name: str, arguments: list[Any]) -> str:
    """What Terraform's `basename` and `dirname` give: Go's `filepath.Base` and `filepath.Dir`.

    Raises:
        NotConstantError: Terraform has to convert the arguments, or to complain.
    """
    if len(arguments) != 1 or not isinstance(arguments[0], str):
        raise NotConstantError
    path = arguments[0]
    if name == "basename":
        return os.path.basename(path.rstrip("/")) or ("/" if path else ".")
    cleaned = os.path.normpath(path[: path.rfind("/") + 1])
    # Python lets two slashes at the beginning stand.
    return "/" + cleaned.lstrip("/") if cleaned.startswith("/") else cleaned


def as_string(value: Any, name: str) -> str:
    """An argument of the function `name` as the string it takes, by HCL's conversion.

    Raises:
        FunctionError: the value is null, a list or a map.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise FunctionError(f"`{name}` takes strings, not {json.dumps(value)[:60]}")
