"""Tables of the fields of a pydantic model: path, values and meaning, from its JSON schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from strata.docs.markdown import code, table

Schema = Mapping[str, Any]


def fields_table(model: type[BaseModel]) -> str:
    """Return a model's fields as a table; those of a nested model follow the field that holds it."""
    schema = model.model_json_schema(by_alias=True)
    return table(["field", "values", "means"], _rows(schema, schema.get("$defs", {}), ""))


def _rows(schema: Schema, models: Mapping[str, Schema], path: str) -> Iterator[list[str]]:
    required = schema.get("required", [])
    for name, given in schema["properties"].items():
        field, mark = _resolved(given, models)
        means = given.get("description", field.get("description", ""))
        if name not in required:
            default = given.get("default")
            means += " Optional." if default is None else f" Default: {code(json.dumps(default))}."
        yield [code(f"{path}{name}"), _values(given, models), means]
        if "properties" in field:
            yield from _rows(field, models, f"{path}{name}{mark}.")


def _resolved(given: Schema, models: Mapping[str, Schema]) -> tuple[Schema, str]:
    """Return the schema of what a field holds, and what its path says of being one of several."""
    if "$ref" in given:
        return models[given["$ref"].rpartition("/")[2]], ""
    if "items" in given:
        inner, mark = _resolved(given["items"], models)
        return inner, f"[]{mark}"
    if isinstance(more := given.get("additionalProperties"), dict):
        inner, mark = _resolved(more, models)
        return inner, f".*{mark}"
    ways = [way for way in given.get("anyOf", []) if way.get("type") != "null"]
    return _resolved(ways[0], models) if len(ways) == 1 else (given, "")


def _values(given: Schema, models: Mapping[str, Schema]) -> str:
    """Return what a field takes."""
    if "enum" in given:
        return ", ".join(code(json.dumps(value)) for value in given["enum"])
    if "const" in given:
        return code(json.dumps(given["const"]))
    if "$ref" in given:
        return "object"
    if "anyOf" in given:
        return " or ".join(_values(way, models) for way in given["anyOf"] if way.get("type") != "null")
    if "items" in given:
        return f"list of: {_values(given['items'], models)}"
    if isinstance(more := given.get("additionalProperties"), dict):
        return f"map of: {_values(more, models)}"
    kind = given.get("type", "any")
    if "pattern" in given:
        return f"{kind} {code(given['pattern'])}"
    low, high = given.get("minimum"), given.get("maximum")
    if low is not None:
        return f"{kind}, {low} to {high}" if high is not None else f"{kind}, at least {low}"
    return f"{kind} above {given['exclusiveMinimum']}" if "exclusiveMinimum" in given else str(kind)
