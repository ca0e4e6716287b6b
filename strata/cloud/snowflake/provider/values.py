"""Terraform's values on the wire: MessagePack in the schema's types, where any part may be unknown.

The encoding is the one of cty (docs/plugin-protocol/object-wire-format.md of Terraform).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final
from zlib import crc32

import msgpack

from strata.cloud.snowflake.provider import tfplugin6_pb2 as pb

# A type as in the schema document: "string", ["list", T], ["set", T], ["map", T], ["object", {name: T}].
Type = Any
Object = dict[str, Any]


class Unknown:
    """A value that is known only after apply."""

    def __repr__(self) -> str:
        return "(known after apply)"


UNKNOWN: Final = Unknown()


def decode(value: pb.DynamicValue) -> Any:
    """Return the value of a message: dict, list, str, int, float, bool, None, UNKNOWN."""
    if value.msgpack:
        return msgpack.unpackb(value.msgpack, ext_hook=lambda code, data: UNKNOWN, strict_map_key=False)
    return json.loads(value.json) if value.json else None


def encode(value: Any, kind: Type) -> pb.DynamicValue:
    """Return the message of a value; missing attributes become null, those of other names are dropped."""
    packed = msgpack.packb(_shape(value, kind), default=_pack_unknown, use_bin_type=True)
    return pb.DynamicValue(msgpack=packed)


def conform(value: Any, kind: Type) -> Any:
    """Convert a value, such as an older state, into a type."""
    return _shape(value, kind)


def _pack_unknown(value: Any) -> msgpack.ExtType:
    if isinstance(value, Unknown):
        return msgpack.ExtType(0, b"\x00")
    raise TypeError(f"not a Terraform value: {value!r}")


def _shape(value: Any, kind: Type) -> Any:
    if value is None or isinstance(value, Unknown):
        return value
    if isinstance(kind, str):
        return _primitive(value, kind)
    form, inner = kind
    if form == "object":
        return {name: _shape(value.get(name), inner[name]) for name in inner}
    if form == "map":
        return {str(name): _shape(item, inner) for name, item in value.items()}
    items = [_shape(item, inner) for item in value]
    return sorted(items, key=repr) if form == "set" else items


def _primitive(value: Any, kind: str) -> Any:
    if kind == "string":
        return (
            value if isinstance(value, str) else json.dumps(value) if isinstance(value, bool) else str(value)
        )
    if kind == "bool":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if isinstance(value, str):
        value = float(value) if "." in value else int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def in_set_order(values: Iterable[Any]) -> list[Any]:
    """Return a set's elements in the plugin SDK's order: sorted by the text of their hashes."""
    return sorted(values, key=lambda value: str(crc32(f"{value};".encode())))


def is_unknown(value: Any) -> bool:
    """Return whether a value or a part of it is unknown."""
    if isinstance(value, dict):
        return any(is_unknown(item) for item in value.values())
    return any(is_unknown(item) for item in value) if isinstance(value, list) else isinstance(value, Unknown)


def without_unknown(value: Any) -> Any:
    """Replace every unknown part of a value by null."""
    if isinstance(value, Unknown):
        return None
    if isinstance(value, dict):
        return {name: without_unknown(item) for name, item in value.items()}
    return [without_unknown(item) for item in value] if isinstance(value, list) else value
