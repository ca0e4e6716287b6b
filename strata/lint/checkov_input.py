"""A plan as checkov needs it: what is known after the apply only is set, and not missing.

In a plan of many units `kms_key_id` is often another unit's output: Terraform's JSON then has no value, and
checkov takes the attribute for unset.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from strata.plan import document as plans

LATER = "known-after-apply"


def with_unknowns(document: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a plan with a text for each unknown value that the configuration sets by a reference.

    An unknown value that no argument sets (an id, a computed default) stays as it is.
    """
    made = copy.deepcopy(dict(document))
    expressions = plans.expressions(made)
    values = {resource.address: resource.values for resource in plans.resources(made)}
    for change in plans.changes(made):
        written = expressions.get(change.configured, {})
        for target in (values.get(change.address), change.after):
            if isinstance(target, dict):
                _fill(target, change.unknown or {}, written)
    return made


def _fill(values: dict[str, Any], unknown: Mapping[str, Any], expressions: Mapping[str, Any]) -> None:
    for name, mark in unknown.items():
        written = expressions.get(name)
        if mark is True:
            if values.get(name) is None and isinstance(written, Mapping) and written.get("references"):
                values[name] = LATER
        elif isinstance(mark, list) and isinstance(written, list):
            for value, inner, expression in zip(values.get(name) or [], mark, written, strict=False):
                if isinstance(value, dict) and isinstance(inner, Mapping):
                    _fill(value, inner, expression)
