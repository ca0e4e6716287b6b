"""The providers that a file in Terraform's JSON syntax names.

Source: https://developer.hashicorp.com/terraform/language/syntax/json
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

# Terraform's own, which needs no provider.
BUILT_IN = {"terraform"}
TYPED_BLOCKS = ("action", "data", "ephemeral", "list", "resource")
# The provider of a function, in a template.
_FUNCTION_PROVIDER = re.compile(r"provider\s*::\s*([\w-]+)\s*::")


def json_providers(document: Any) -> Iterator[str]:
    """The providers that Terraform's JSON syntax names: local names, and source addresses."""
    checks = [body for _, made in _pairs(_within(document, "check")) for body in _bodies(made)]
    for kind in TYPED_BLOCKS:
        for name, made in _pairs([*_within(document, kind), *_within(checks, kind)]):
            if (prefix := name.split("_", 1)[0]) not in BUILT_IN:
                yield prefix
            for _, body in _pairs(made):
                yield from (_plain(one["provider"]) for one in _bodies(body) if "provider" in one)
    yield from (name for name, _ in _pairs(_within(document, "provider")))
    yield from (_plain(one["provider"]) for one in _within(document, "import") if "provider" in one)
    for _, call in _pairs(_within(document, "module")):
        for given in (body.get("providers") for body in _bodies(call)):
            # Terraform takes an object as it is written alone: a text is something to evaluate.
            yield from [given] if isinstance(given, str) else (_plain(value) for _, value in _pairs(given))
    for settings in _within(document, "terraform"):
        for name, required in _pairs(settings.get("required_providers")):
            yield name
            if isinstance(required, dict):
                yield from ([str(required["source"])] if "source" in required else [])
            elif not isinstance(required, str) or "${" in required:
                yield json.dumps(required)
    for text in _strings(document):
        yield from _FUNCTION_PROVIDER.findall(text)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(inner)


def _plain(value: Any) -> str:
    """The provider in `"aws.other"` or `"${aws.other}"`."""
    return str(value).removeprefix("${").partition(".")[0].strip("} ")


def _bodies(value: Any) -> list[dict[str, Any]]:
    """What JSON syntax says of a block: an object, or a list of such."""
    if isinstance(value, list):
        return [body for item in value for body in _bodies(item)]
    return [value] if isinstance(value, dict) else []


def _within(document: Any, kind: str) -> list[dict[str, Any]]:
    return [body for top in _bodies(document) for body in _bodies(top.get(kind))]


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    for body in _bodies(value):
        yield from body.items()
