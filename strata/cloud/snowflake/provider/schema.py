"""The real provider's schemas and behaviours, from the data files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from strata.cloud.snowflake.provider import VERSION
from strata.cloud.snowflake.provider import tfplugin6_pb2 as pb
from strata.cloud.snowflake.provider.values import Object, Type

_NESTING = {
    "list": pb.Schema.NestedBlock.LIST,
    "set": pb.Schema.NestedBlock.SET,
    "single": pb.Schema.NestedBlock.SINGLE,
}


@dataclass(frozen=True)
class ResourceSchema:
    """One resource type: its block, and per attribute force_new, default, conflicts_with, exactly_one_of,
    elem."""

    name: str
    version: int
    block: dict[str, Any]
    behaviour: dict[str, Any]

    @property
    def type(self) -> Type:
        return block_type(self.block)

    def computed_only(self) -> Iterator[str]:
        for name, attribute in self.block["attributes"].items():
            if attribute.get("computed") and not attribute.get("optional"):
                yield name

    def message(self) -> pb.Schema:
        return pb.Schema(version=self.version, block=_block_message(self.block))


def _load(name: str) -> dict[str, Any]:
    text = files("strata.cloud.snowflake").joinpath(f"data/{name}-{VERSION}.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def resources() -> dict[str, ResourceSchema]:
    """Return the resource types of the schema document by name."""
    behaviours = _load("provider-behaviour")
    found = {}
    for name, document in _load("provider-schema")["resources"].items():
        behaviour = dict(behaviours.get(name, {}).get("behaviour", {}))
        found[name] = ResourceSchema(name, document.get("version", 0), document["block"], behaviour)
    return found


@cache
def provider_block() -> dict[str, Any]:
    """Return the block of the provider's configuration."""
    block: dict[str, Any] = _load("provider-schema")["provider_block"]
    return block


def provider_message() -> pb.Schema:
    return pb.Schema(version=0, block=_block_message(provider_block()))


def block_type(block: dict[str, Any]) -> Type:
    """Return the object type of a block."""
    fields: dict[str, Type] = {
        name: attribute["type"] for name, attribute in block.get("attributes", {}).items()
    }
    for name, nested in block.get("block_types", {}).items():
        inner = block_type(nested["block"])
        fields[name] = inner if nested["nesting_mode"] == "single" else [nested["nesting_mode"], inner]
    return ["object", fields]


def blank(block: dict[str, Any], given: Object) -> Object:
    """Return an object of a block with the given values; other attributes are null, other blocks empty."""
    filled: Object = {name: given.get(name) for name in block.get("attributes", {})}
    for name, nested in block.get("block_types", {}).items():
        if nested["nesting_mode"] == "single":
            filled[name] = given.get(name)
        else:
            filled[name] = [blank(nested["block"], inner) for inner in given.get(name) or []]
    return filled


def _block_message(block: dict[str, Any]) -> pb.Schema.Block:
    attributes = [
        pb.Schema.Attribute(
            name=name,
            type=json.dumps(attribute["type"]).encode(),
            required=attribute.get("required", False),
            optional=attribute.get("optional", False),
            computed=attribute.get("computed", False),
            sensitive=attribute.get("sensitive", False),
            deprecated=bool(attribute.get("deprecated", False)),
        )
        for name, attribute in block.get("attributes", {}).items()
    ]
    nested = [
        pb.Schema.NestedBlock(
            type_name=name,
            block=_block_message(inner["block"]),
            nesting=_NESTING[inner["nesting_mode"]],
            min_items=inner.get("min_items") or 0,
            max_items=inner.get("max_items") or 0,
        )
        for name, inner in block.get("block_types", {}).items()
    ]
    return pb.Schema.Block(attributes=attributes, block_types=nested)
