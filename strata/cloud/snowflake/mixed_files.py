"""One table of the rows of several files, where each row keeps the types of its file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

# Marks a column of text that holds JSON.
_JSON = {b"json": b"1"}


def combined(tables: Sequence[pa.Table]) -> pa.Table:
    """Return the rows of all tables; a column whose type differs between them becomes JSON, row by row."""
    mixed = _mixed(tables)
    if mixed:
        tables = [_with_json(table, mixed) for table in tables]
    return pa.concat_tables(tables, promote_options="permissive")


def holds_json(field: pa.Field) -> bool:
    """Return whether a column of text holds JSON."""
    return field.metadata is not None and _JSON.items() <= field.metadata.items()


def is_nested(field: pa.Field) -> bool:
    return bool(pa.types.is_nested(field.type))


def _mixed(tables: Sequence[pa.Table]) -> set[str]:
    """Return the columns whose types no single type can hold without changing a value."""
    found: dict[str, set[Any]] = {}
    for table in tables:
        for field in table.schema:
            if not pa.types.is_null(field.type):
                found.setdefault(field.name, set()).add(field.type)
    return {name for name, kinds in found.items() if len(kinds) > 1 and not _alike(kinds)}


def _alike(kinds: set[Any]) -> bool:
    tests = (pa.types.is_signed_integer, pa.types.is_timestamp, pa.types.is_nested)
    texts = all(kind in (pa.string(), pa.large_string()) for kind in kinds)
    return texts or any(all(test(kind) for kind in kinds) for test in tests)


def _with_json(table: pa.Table, names: set[str]) -> pa.Table:
    for index, field in enumerate(table.schema):
        if field.name in names:
            texts = [None if v is None else _text(v) for v in table.column(index).to_pylist()]
            table = table.set_column(
                index, pa.field(field.name, pa.string(), metadata=_JSON), pa.array(texts, pa.string())
            )
    return table


def _text(value: Any) -> str:
    return str(value) if isinstance(value, Decimal) else json.dumps(value, default=str)
