"""The SQL that shows Parquet files as one relation, in which each row keeps the types of its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from strata.cloud.snowflake.errors import not_implemented
from strata.cloud.snowflake.external_files import METADATA
from strata.cloud.snowflake.file_cache import LocalFile
from strata.cloud.snowflake.grammar import quote

_FILENAME, _ROW_NUMBER = METADATA


_Group = tuple[tuple[str, pa.DataType], ...]


@dataclass(frozen=True)
class Shown:
    """A query of the rows of files.

    Attributes:
        query: the query.
        columns: its columns by those of Parquet.
        integers: those of its columns that are integers.
    """

    query: str
    columns: Mapping[str, str] = field(default_factory=dict)
    integers: frozenset[str] = frozenset()


def shown_as(kind: str, files: Sequence[LocalFile], key_of: Callable[[str], str]) -> Shown:
    """Return a query of the rows of files of a TYPE.

    Raises:
        SqlError: a file has a column that the engine needs for itself.
    """
    return Shown(_documents(files, key_of)) if kind == "JSON" else relation(files, key_of)


def _documents(files: Sequence[LocalFile], key_of: Callable[[str], str]) -> str:
    if not files:
        return _EMPTY
    return (
        f'SELECT p.d::JSON AS "VALUE", {key_of("p.f")} AS {quote(_FILENAME)}, '
        f"p.n + 1 AS {quote(_ROW_NUMBER)} FROM {_reading(files)} AS p(d, n, f)"
    )


def relation(files: Sequence[LocalFile], key_of: Callable[[str], str]) -> Shown:
    """Return a query of the files' rows.

    Beside their columns it has VALUE, the row as an object, and the METADATA columns. Files of equal columns
    are read together. A column whose type differs between files, without a type that holds both, is JSON; so
    are lists and structures.

    Args:
        files: copies of Parquet files.
        key_of: returns the SQL of a file's key, given the column of its path.

    Raises:
        SqlError: a file has a column that the engine needs for itself.
    """
    groups: dict[_Group, list[LocalFile]] = {}
    last: pa.Schema | None = None
    group: _Group = ()
    for file in files:
        assert file.schema is not None, "only Parquet is shown"
        if last is None or not file.schema.equals(last):
            last, group = file.schema, tuple((column.name, _plain(column.type)) for column in file.schema)
        if group:
            groups.setdefault(group, []).append(file)
    kinds: dict[str, set[pa.DataType]] = {}
    for group in groups:
        for name, kind in group:
            kinds.setdefault(name, set()).add(kind)
    columns = {name: f"C{number}" for number, name in enumerate(sorted(kinds))}
    json = {name for name, found in kinds.items() if not _alike(found)}
    selects = [_select(group, members, columns, json, key_of) for group, members in groups.items()]
    integers = frozenset(
        columns[name] for name, found in kinds.items() if _integers(found) and name not in json
    )
    return Shown(" UNION ALL ".join(selects) or _EMPTY, columns, integers)


_EMPTY = (
    f"SELECT '{{}}'::JSON AS \"VALUE\", ''::VARCHAR AS {quote(_FILENAME)}, 0::BIGINT AS {quote(_ROW_NUMBER)} "
    "WHERE FALSE"
)


def _select(
    group: _Group,
    files: Sequence[LocalFile],
    columns: dict[str, str],
    json: set[str],
    key_of: Callable[[str], str],
) -> str:
    kinds = dict(group)
    if len(kinds) < len(group) or "file_row_number" in (name.lower() for name in kinds):
        raise not_implemented("a Parquet file with two columns of one name, or one named FILE_ROW_NUMBER")
    projections, pairs = [], []
    for name, column in columns.items():
        value = f"p.{column}"
        if name not in kinds or pa.types.is_null(kinds[name]):
            value = "NULL"
        elif name in json or pa.types.is_nested(kinds[name]):
            value = f"to_json({value})"
        projections.append(f"{value} AS {column}")
        if name in kinds:
            pairs.append(f"{_literal(name)}, {value}")
    projections += [
        f'json_object({", ".join(pairs)}) AS "VALUE"',
        f"{key_of('p.f')} AS {quote(_FILENAME)}",
        f"p.n + 1 AS {quote(_ROW_NUMBER)}",
    ]
    names = ", ".join([*(columns[name] for name, _ in group), "n", "f"])
    return f"SELECT {', '.join(projections)} FROM {_reading(files)} AS p({names})"


def _reading(files: Sequence[LocalFile]) -> str:
    paths = ", ".join(_literal(str(file.path)) for file in files)
    return f"read_parquet([{paths}], file_row_number = true, filename = '__strata_file')"


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return a type without what Arrow alone adds to that of Parquet."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.string() if kind == pa.large_string() else kind


def _integers(kinds: set[Any]) -> bool:
    kinds = {kind for kind in kinds if not pa.types.is_null(kind)}
    return bool(kinds) and all(pa.types.is_integer(kind) for kind in kinds)


def _alike(kinds: set[Any]) -> bool:
    """Return whether one type holds the values of all without changing one."""
    kinds = {kind for kind in kinds if not pa.types.is_null(kind)}
    tests = (pa.types.is_signed_integer, pa.types.is_timestamp, pa.types.is_nested)
    return len(kinds) < 2 or any(all(test(kind) for kind in kinds) for test in tests)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
