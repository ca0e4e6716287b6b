"""The rules in the real provider's code, from the data file."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from strata.cloud.snowflake.provider import VERSION
from strata.cloud.snowflake.provider.identifiers import parts
from strata.cloud.snowflake.provider.values import Object

# Go's zero time, as the real provider prints it.
ZERO_TIME = "0001-01-01 00:00:00 +0000 UTC"
Rules = dict[str, Any]


@cache
def all_rules() -> dict[str, Rules]:
    """Return the rules by resource type, or `provider`."""
    text = files("strata.cloud.snowflake").joinpath(f"data/provider-rules-{VERSION}.toml").read_text("utf-8")
    return tomllib.loads(text)


def rules_of(type_name: str) -> Rules:
    """Return the rules of a resource type; empty for a type that is only planned."""
    return all_rules().get(type_name, {})


def is_suppressed(rules: Rules, path: tuple[str, ...], old: str, new: str, prior: Object | None) -> bool:
    """Return whether the real provider suppresses an attribute's difference.

    Args:
        rules: the resource type's.
        path: the attribute, without indexes.
        old: its value in state, as text.
        new: its planned value, as text.
        prior: the state, None for a new resource.
    """
    name = ".".join(path)
    kinds = rules.get("suppress", {}).get(name, ())
    return any(_suppresses(kind, rules, name, old, new, prior) for kind in kinds)


def _suppresses(kind: str, rules: Rules, name: str, old: str, new: str, prior: Object | None) -> bool:
    if kind == "identifier":
        return same_identifier(old, new)
    if kind == "case":
        return old.lower() == new.lower()
    if kind == "words":
        words = rules["valid"][name]["words"]
        return canonical_word(words, old) is not None and canonical_word(words, old) == canonical_word(
            words, new
        )
    if prior is None:
        return False
    if kind == "created":
        return True
    if kind == "secondary_roles":
        return new == secondary_roles(output_field(prior, "show_output", "default_secondary_roles"))
    place, _, field = kind.partition(".")
    found = output_field(prior, {"shown": "show_output", "described": "describe_output"}[place], field)
    return found is not None and new == (str(found).lower() if isinstance(found, bool) else str(found))


def same_identifier(old: str, new: str) -> bool:
    """Return whether two identifiers have the same parts, with or without quotes."""
    try:
        return bool(old and new) and parts(old) == parts(new)
    except ValueError:
        return False


def canonical_word(words: list[Any], value: str) -> str | None:
    """Return the first spelling of a word in any case; None for an unknown word."""
    for item in words:
        spellings = item if isinstance(item, list) else [item]
        if value.upper() in spellings:
            return str(spellings[0])
    return None


def output_field(state: Object, output: str, field: str) -> Any:
    """Return a field of an output in a state: `a`, `a.0.b`, or whether `list~WORD` contains WORD."""
    found = state.get(output)
    if not found:
        return None
    field, _, contained = field.partition("~")
    value = found[0]
    for step in field.split("."):
        value = (value[int(step)] if value else None) if step.isdigit() else (value or {}).get(step)
    if not contained:
        return value
    return contained in [part.strip() for part in str(value or "").split(",")]


def secondary_roles(text: Any) -> str:
    """Return the option of a user's default secondary roles."""
    if not text:
        return "DEFAULT"
    return "ALL" if re.search(r"\w", str(text)) else "NONE"


def external_changes(rules: Rules, prior: Object, actual: Object) -> Object:
    """Return the attributes changed outside Terraform: their field in an output has another value."""
    found: Object = {}
    for output, field, attribute in rules.get("external", ()):
        if prior.get(output) and output_field(prior, output, field) != output_field(actual, output, field):
            found[attribute] = output_field(actual, output, field)
    return found
