"""Results of the engine with Snowflake's types, and in the form in which clients read Arrow."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa

from strata.cloud.snowflake.translation import types
from strata.cloud.snowflake.translation.json_text import indented
from strata.cloud.snowflake.translation.types import Type

_NAMES = {
    types.Kind.DOUBLE: "real",
    types.Kind.VARCHAR: "text",
    types.Kind.BOOLEAN: "boolean",
    types.Kind.DATE: "date",
    types.Kind.TIME: "time",
    types.Kind.TIMESTAMPNTZ: "timestamp_ntz",
    types.Kind.TIMESTAMPLTZ: "timestamp_ltz",
    types.Kind.TIMESTAMPTZ: "timestamp_tz",
    types.Kind.BINARY: "binary",
    types.Kind.VARIANT: "variant",
    types.Kind.ARRAY: "array",
    types.Kind.OBJECT: "object",
}
_SEMI_STRUCTURED = ("variant", "array", "object")
_MICROSECONDS = 1_000_000
_INTEGER = pa.int64()
# So many values are read sooner one by one than the library finds out how to cast them.
_FEW = 32
# A stream of Arrow is the message of its schema, those of its batches, and this.
_END = b"\xff\xff\xff\xff\0\0\0\0"
# What the schema tells of a column's description.
_SENT = ("name", "type", "precision", "scale", "length")


def shaped(
    table: pa.Table, columns: Sequence[tuple[str, Type]] | None
) -> tuple[pa.Table, list[dict[str, Any]]]:
    """Return a result whose values fit Snowflake's types, and the description of its columns.

    Args:
        table: the engine's result.
        columns: name and type of each column, where the translation knows them.
    """
    known = columns if columns is not None and len(columns) == table.num_columns else None
    arrays, described = [], []
    for index, name in enumerate(table.column_names):
        column = table.column(index)
        kind = known[index][1] if known is not None and types.is_known(known[index][1]) else None
        array, kind = _shape(column, kind)
        arrays.append(array)
        described.append(description(known[index][0] if known is not None else name, kind))
    return pa.Table.from_arrays(arrays, names=[column["name"] for column in described]), described


def _shape(column: Any, kind: Type | None) -> tuple[Any, Type]:
    found = column.type
    if pa.types.is_decimal(found):
        if kind is None or not types.is_fixed(kind):
            kind = types.number(found.precision, found.scale)
        return (_whole(column) if found.scale == 0 else column), kind
    if pa.types.is_integer(found):
        if kind is not None and types.is_float(kind):
            return column.cast(pa.float64()), kind
        kind = kind if kind is not None and types.is_fixed(kind) else types.number()
        if found != _INTEGER:
            few = len(column) <= _FEW
            column = pa.array(column.to_pylist(), _INTEGER) if few else column.cast(_INTEGER)
        return column, kind
    if pa.types.is_floating(found):
        return column.cast(pa.float64()), types.FLOAT
    if pa.types.is_timestamp(found):
        zoned = found.tz is not None
        return column.cast(pa.timestamp("us", found.tz)), types.LTZ if zoned else types.NTZ
    if pa.types.is_struct(found) and [field.name for field in found] == ["t", "z"]:
        return column, types.TZ
    if pa.types.is_struct(found) or pa.types.is_list(found) or pa.types.is_map(found):
        texts = [None if v is None else json.dumps(v, default=str) for v in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())]), types.VARIANT
    by_arrow = (
        (pa.types.is_boolean, types.BOOLEAN),
        (pa.types.is_date, types.DATE),
        (pa.types.is_time, types.TIME),
        (pa.types.is_binary, types.BINARY),
    )
    for matches, natural in by_arrow:
        if matches(found):
            return column, natural
    if pa.types.is_null(found):
        return column.cast(pa.string()), kind or types.text()
    if found == pa.string() or found == pa.large_string():
        return column, kind if kind is not None and (
            types.is_text(kind) or types.is_variant(kind)
        ) else types.text()
    return column.cast(pa.string()), types.text()


def _whole(column: Any) -> Any:
    """Return whole numbers as 64-bit integers if they fit, as Snowflake sends them."""
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        return column


def description(name: str, kind: Type) -> dict[str, Any]:
    """Return the description of a column as clients read it."""
    found: dict[str, Any] = {
        "name": name,
        "database": "",
        "schema": "",
        "table": "",
        "nullable": True,
        "type": _NAMES.get(kind.this, "fixed" if types.is_fixed(kind) else "text"),
        "byteLength": None,
        "length": None,
        "scale": None,
        "precision": None,
        "collation": None,
    }
    if types.is_fixed(kind):
        found["precision"], found["scale"] = types.parameters(kind)
    elif found["type"] == "text":
        length = types.length_of(kind) if types.is_text(kind) else types.LONGEST
        found |= {"length": length, "byteLength": min(length * 4, types.LONGEST)}
    elif found["type"].startswith("time"):
        found |= {"precision": 0, "scale": 9}
    elif found["type"] == "binary":
        found |= {"length": 8388608, "byteLength": 8388608}
    return found


def encoded(table: pa.Table, rowtype: Sequence[dict[str, Any]]) -> str:
    """Return a result as the text of Arrow that clients decode."""
    if not table.num_rows:
        return ""
    arrays, columns = [], []
    for column, described in zip(table.columns, rowtype, strict=True):
        whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        array = _encode(whole, described["type"])
        arrays.append(array)
        columns.append((array.type, *(described[key] for key in _SENT)))
    schema, head = _head(tuple(columns))
    batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
    return b64encode(b"".join((head, batch.serialize(), _END))).decode("ascii")


@lru_cache(256)
def _head(columns: tuple[tuple[Any, ...], ...]) -> tuple[pa.Schema, bytes]:
    """Return a stream's schema, and its message; a column is its Arrow type and the values of `_SENT`."""
    fields = []
    for found, name, kind, precision, scale, length in columns:
        metadata = {
            "logicalType": kind.upper(),
            "precision": str(precision or 38),
            "scale": str(scale or 0),
            "charLength": str(length or 0),
        }
        fields.append(pa.field(name, found, metadata=metadata))
    schema = pa.schema(fields)
    return schema, schema.serialize().to_pybytes()


def _encode(array: Any, kind: str) -> Any:
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if kind == "timestamp_tz" or pa.types.is_timestamp(array.type) or pa.types.is_time(array.type):
        return _encode_times(array, kind)
    if kind in _SEMI_STRUCTURED:
        return pa.array([None if text is None else indented(text) for text in array.to_pylist()], pa.string())
    return array


def _encode_times(array: Any, kind: str) -> Any:
    # Imported here and below: it makes three hundred functions, and few results have times.
    import pyarrow.compute as pc

    if kind == "timestamp_tz":
        minutes = array.field("z").cast(pa.int32())
        return _point(array.field("t"), array.is_null(), pc.add(pc.fill_null(minutes, 0), 1440))
    if pa.types.is_timestamp(array.type):
        return _point(array, array.is_null(), None)
    return pc.multiply(array.cast(pa.time64("us")).cast(pa.int64()), 1000)


def _point(moments: Any, nulls: Any, offset: Any) -> Any:
    """Return points in time as seconds and nanoseconds, with the offset in minutes from -1440."""
    import pyarrow.compute as pc

    whole = pc.fill_null(moments.cast(pa.int64()), 0)
    seconds = pc.floor(
        pc.divide(pc.subtract(whole, pc.if_else(pc.less(whole, 0), _MICROSECONDS - 1, 0)), _MICROSECONDS)
    )
    seconds = seconds.cast(pa.int64())
    fraction = pc.multiply(pc.subtract(whole, pc.multiply(seconds, _MICROSECONDS)), 1000).cast(pa.int32())
    arrays = [seconds, fraction]
    fields = [pa.field("epoch", pa.int64(), nullable=False), pa.field("fraction", pa.int32(), nullable=False)]
    if offset is not None:
        arrays.append(offset.cast(pa.int32()))
        fields.append(pa.field("timezone", pa.int32(), nullable=False))
    return pa.StructArray.from_arrays(arrays, fields=fields, mask=nulls)
