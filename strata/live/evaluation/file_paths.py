"""The paths that HCL's file functions are given: completed, for the console runs in a scratch folder."""

from __future__ import annotations

import os

from strata.errors import StrataError
from strata.hcl.literals import absolute, quoted
from strata.live.evaluation.constant_folding import NotConstantError, Statics, as_string
from strata.live.language.expression import FunctionCall
from strata.live.language.scope import Scope


def completed_path(call: FunctionCall, text: str, scope: Scope, statics: Statics) -> str:
    """The expression of the path that a file function is given.

    Args:
        call: the call.
        text: the expression of its first argument.
        scope: the file that it stands in.
        statics: evaluates what needs no Terraform.
    """
    base = scope.root if call.name == "abspath" else scope.file.path.parent
    try:
        value = statics.value(call.arguments[0], scope)
    except (NotConstantError, StrataError):
        return absolute(text, base)
    # What is not a string, and cannot become one, is Terraform's to refuse.
    if not isinstance(value, str | bool | int | float):
        return text
    name = as_string(value, call.name)
    return quoted(name if name.startswith("~") else os.path.join(base, name))
