"""Scans of external tables: choose files and columns, read them, and show the rows to DuckDB."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
from sqlglot import Expr, exp

from strata.cloud.snowflake.catalog import ExternalColumn, ExternalTable, RegisteredFile
from strata.cloud.snowflake.errors import SqlError, not_implemented
from strata.cloud.snowflake.external_files import METADATA, Place, parsed
from strata.cloud.snowflake.fakesnow_compat import duckdb_of
from strata.cloud.snowflake.grammar import quote
from strata.cloud.snowflake.mixed_files import combined, holds_json, is_nested
from strata.cloud.snowflake.relations import Relations
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.storage import StoredObject
from strata.cloud.snowflake.translation.statement import translate

FILENAME, ROW_NUMBER = METADATA


@dataclass
class FileScan:
    """One read of an external table in a query.

    `fill` completes `node`, the table's place in the query, once the files have been read. `columns` are
    those that the query may need; `whole` means every column of the files, for VALUE or `*`.
    """

    table: ExternalTable
    place: Place
    files: tuple[RegisteredFile, ...]
    node: exp.Subquery
    columns: tuple[ExternalColumn, ...]
    whole: bool
    metadata: tuple[str, ...]
    predicate: Expr | None = None


def needed_keys(scan: FileScan) -> set[str] | None:
    """Return the Parquet columns that the scan's columns come from; None for all."""
    if scan.whole:
        return None
    keys: set[str] = set()
    for column in scan.columns:
        for reference in parsed(column.expression).find_all(exp.Column):
            if reference.name.upper() != "VALUE":
                continue
            key = _key(reference)
            if key is None:
                return None
            keys.add(key)
    return keys


def prune(session: SnowflakeSession, scan: FileScan, name: str) -> tuple[RegisteredFile, ...]:
    """Return the files whose path can satisfy the scan's predicate; all if the predicate fails on a path."""
    if scan.predicate is None or not scan.files:
        return scan.files
    keys = pa.table({FILENAME: [file.key for file in scan.files]})
    duck = duckdb_of(session.connection)
    duck.register(name, keys)
    query = exp.select(exp.column(FILENAME, quoted=True)).from_(_temporary(name)).where(scan.predicate)
    try:
        statement = translate(query, Relations({}, session.connection))
        kept = set(session.engine.run(session.connection, statement).table.column(0).to_pylist())
    except SqlError:
        # The query itself reports the fault, unless it skips that file.
        return scan.files
    finally:
        duck.unregister(name)
    return tuple(file for file in scan.files if file.key in kept)


def read(session: SnowflakeSession, scan: FileScan, files: Sequence[RegisteredFile]) -> pa.Table:
    """Return the rows of the files as one Arrow table with METADATA columns; skip files that cannot be read.

    Raises:
        SqlError: the role cannot be assumed, the bucket cannot be listed, or the format is not Parquet.
    """
    if scan.table.file_format["TYPE"] != "PARQUET":
        raise not_implemented(f"reading files of TYPE = {scan.table.file_format['TYPE']}")
    if not files:
        # Assume the role even so: a query must fail once the integration has lost its access.
        session.storage.open(scan.place.integration, scan.place.bucket)
        return empty()
    bucket = session.storage.open(scan.place.integration, scan.place.bucket)
    keys = [file.key for file in files]
    there = {stored.key: stored for stored in bucket.objects(_common_prefix(scan.place.prefix, keys))}
    present: list[StoredObject] = [there[key] for key in keys if key in there]
    bodies = bucket.read(present)
    wanted = needed_keys(scan)
    parse = session.storage.pool.map(
        lambda pair: _parse(pair[0].key, pair[1], wanted), zip(present, bodies, strict=True)
    )
    return _combine([table for table in parse if table is not None])


def empty() -> pa.Table:
    """Return a table without rows."""
    return _combine([])


def fill(scan: FileScan, name: str, columns: Sequence[str]) -> None:
    """Complete the scan's subquery over the registered table `name`, whose Parquet columns are `columns`."""
    projections: list[Expr] = []
    if scan.whole:
        projections.append(exp.column("VALUE", quoted=True))
    for column in scan.columns:
        tree = _over_columns(parsed(column.expression), set(columns))
        kind = exp.DataType.build(column.type, dialect="snowflake")
        projections.append(exp.alias_(exp.cast(tree, kind), column.name, quoted=True))
    projections += [exp.column(pseudo, quoted=True) for pseudo in scan.metadata]
    if not projections:
        projections.append(exp.alias_(exp.Literal.number(1), "_", quoted=True))
    scan.node.set("this", exp.select(*projections).from_(_temporary(name)))


def with_value(name: str, schema: pa.Schema) -> str:
    """Return the SQL of a view that adds VALUE, the row as an object, to the registered Arrow table.

    Columns that Snowflake holds as VARIANT are JSON in it.
    """
    variants, pairs = [], []
    for field in sorted(schema, key=lambda item: str(item.name)):
        column = quote(field.name)
        if field.name in METADATA:
            continue
        if holds_json(field):
            column = f"CAST({column} AS JSON)"
        elif is_nested(field):
            column = f"to_json({column})"
        if column != quote(field.name):
            variants.append(f"{column} AS {quote(field.name)}")
        key = field.name.replace("'", "''")
        pairs.append(f"'{key}', {column}")
    replaced = f" REPLACE ({', '.join(variants)})" if variants else ""
    value = f"json_object({', '.join(pairs)})" if pairs else "'{}'::JSON"
    return (
        f'CREATE OR REPLACE TEMP VIEW "{name}" AS SELECT *{replaced}, {value} AS "VALUE" FROM "{name}_rows"'
    )


def _temporary(name: str) -> exp.Table:
    return exp.table_(name, db="main", catalog="temp", quoted=True)


def _parse(key: str, body: bytes | None, wanted: set[str] | None) -> pa.Table | None:
    if not body:
        return None
    try:
        file = pq.ParquetFile(io.BytesIO(body))
        names = file.schema_arrow.names
        table = file.read(
            columns=names if wanted is None else [n for n in names if n in wanted], use_threads=False
        )
    except (pa.ArrowException, OSError, ValueError):
        return None
    rows = file.metadata.num_rows
    filename = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([key]))
    return table.append_column(FILENAME, filename.cast(pa.string())).append_column(
        ROW_NUMBER, pa.array(range(1, rows + 1), pa.int64())
    )


def _combine(tables: Sequence[pa.Table]) -> pa.Table:
    if not tables:
        return pa.table({FILENAME: pa.array([], pa.string()), ROW_NUMBER: pa.array([], pa.int64())})
    return combined(tables)


def _common_prefix(prefix: str, keys: Sequence[str]) -> str:
    """Return the longest prefix of all files, so that a pruned query lists few objects."""
    first, last = min(keys), max(keys)
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    folder = first[:length]
    return folder if folder.startswith(prefix) else prefix


def _key(reference: exp.Column) -> str | None:
    """Return the key of `VALUE:key` or `VALUE['key']`, else None."""
    parent = reference.parent
    if isinstance(parent, exp.JSONExtract) and parent.this is reference:
        path = parent.expression
        steps = path.expressions if isinstance(path, exp.JSONPath) else []
        keys = [step.this for step in steps if isinstance(step, exp.JSONPathKey)]
        return str(keys[0]) if len(keys) == 1 and len(steps) == 2 else None
    if isinstance(parent, exp.Bracket) and parent.this is reference and len(parent.expressions) == 1:
        index = parent.expressions[0]
        return str(index.this) if isinstance(index, exp.Literal) and index.is_string else None
    return None


def _over_columns(tree: Expr, columns: set[str]) -> Expr:
    """Replace `VALUE:key` by the typed Parquet column, or by NULL if no file has it."""
    for reference in list(tree.find_all(exp.Column)):
        name = reference.name.upper()
        if name in METADATA:
            reference.replace(exp.column(name, quoted=True))
            continue
        key = _key(reference)
        if key is None:
            reference.replace(exp.column("VALUE", quoted=True))
            continue
        node = reference.parent
        found = exp.column(key, quoted=True) if key in columns else exp.Null()
        if node is tree:
            return found
        assert node is not None
        node.replace(found)
    return tree
