"""The rules that the real provider holds in its code, read from the data file."""

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
    """Resource type (or `provider`) -> its rules."""
    text = files("strata.cloud.snowflake").joinpath(f"data/provider-rules-{VERSION}.toml").read_text("utf-8")
    return tomllib.loads(text)


def rules_of(type_name: str) -> Rules:
    """The rules of a resource type; none for a type that is planned only."""
    return all_rules().get(type_name, {})


def is_no_difference(rules: Rules, path: tuple[str, ...], old: str, new: str, prior: Object | None) -> bool:
    """Whether an attribute's change is none, as the real provider sees it.

    Args:
        rules: the resource type's.
        path: the attribute, without indexes.
        old: its value in state, as text.
        new: its planned value, as text.
        prior: the state, None for a new resource.
    """
    name = ".".join(path)
    kinds = rules.get("suppress", {}).get(name, ())
    return any(_is_one(kind, rules, name, old, new, prior) for kind in kinds)


def _is_one(kind: str, rules: Rules, name: str, old: str, new: str, prior: Object | None) -> bool:
    if kind == "identifier":
        return same_identifier(old, new)
    if kind == "case":
        return old.lower() == new.lower()
    if kind == "words":
        words = rules["valid"][name]["words"]
        return word(words, old) is not None and word(words, old) == word(words, new)
    if prior is None:
        return False
    if kind == "created":
        return True
    if kind == "secondary_roles":
        return new == secondary_roles(shown(prior, "show_output", "default_secondary_roles"))
    place, _, field = kind.partition(".")
    found = shown(prior, {"shown": "show_output", "described": "describe_output"}[place], field)
    return found is not None and new == (str(found).lower() if isinstance(found, bool) else str(found))


def same_identifier(old: str, new: str) -> bool:
    """Whether two identifiers have the same parts, with or without quotes."""
    try:
        return bool(old and new) and parts(old) == parts(new)
    except ValueError:
        return False


def word(words: list[Any], value: str) -> str | None:
    """The first spelling of the word that a value is, in any case; None for one that is unknown."""
    for item in words:
        spellings = item if isinstance(item, list) else [item]
        if value.upper() in spellings:
            return str(spellings[0])
    return None


def shown(state: Object, output: str, field: str) -> Any:
    """A field of an output in a state: `a`, `a.0.b`, or `list~WORD`; None where there is none."""
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
    """The option that a user's default secondary roles stand for."""
    if not text:
        return "DEFAULT"
    return "ALL" if re.search(r"\w", str(text)) else "NONE"


def external_changes(rules: Rules, prior: Object, actual: Object) -> Object:
    """What somebody has changed past Terraform: the attributes whose field in an output is another now."""
    found: Object = {}
    for output, field, attribute in rules.get("external", ()):
        if prior.get(output) and shown(prior, output, field) != shown(actual, output, field):
            found[attribute] = shown(actual, output, field)
    return found
