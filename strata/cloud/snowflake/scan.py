"""Scans of external tables and stages: choose files, and show their rows to DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from sqlglot import Expr, exp

from strata.cloud.snowflake.catalog import Catalog, ExternalColumn, ExternalTable, RegisteredFile
from strata.cloud.snowflake.engine import Query, query_of
from strata.cloud.snowflake.errors import SqlError
from strata.cloud.snowflake.external_files import METADATA, Place, parsed, place_of
from strata.cloud.snowflake.fakesnow_compat import duckdb_of
from strata.cloud.snowflake.file_cache import LocalFile
from strata.cloud.snowflake.file_views import FileView
from strata.cloud.snowflake.relations import Relations
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.storage import Bucket
from strata.cloud.snowflake.text_files import Conversion, broken, conversion
from strata.cloud.snowflake.translation import types
from strata.cloud.snowflake.translation.statement import translate
from strata.cloud.snowflake.whole_numbers import aggregated_columns, convert_last, is_integer

FILENAME = METADATA[0]
_MARK = "strata_scan"
_KEYS = "_strata_files"


@dataclass
class FileScan:
    """One read of an external table, or of a stage, in a query.

    `fill` completes its place in the query, which is `node` and its copies, once the files have been read.
    `columns` are those that the query may need; `whole` means every column of the files, for VALUE or `*`.
    `files` are those of `table`; None means what a stage has of `pattern`, all of which must be readable.
    `pruning` is the query of the files that satisfy `predicate`, once it is made.
    """

    file_format: Mapping[str, Any]
    place: Place
    files: tuple[RegisteredFile, ...] | None
    node: exp.Subquery
    columns: tuple[ExternalColumn, ...]
    whole: bool
    metadata: tuple[str, ...]
    predicate: Expr | None = None
    pattern: str = ""
    table: ExternalTable | None = None
    pruning: Query | None = None

    def renew(self, catalog: Catalog) -> None:
        """Read the files that the table has now, where its stage is now.

        Raises:
            SqlError: the stage or its integration does not admit it any more.
        """
        assert self.table is not None, "a scan of a stage is made for each query"
        self.place, self.files = place_of(catalog, self.table), tuple(self.table.files.values())


def prune(session: SnowflakeSession, scan: FileScan) -> tuple[RegisteredFile, ...] | None:
    """Return the files whose path can satisfy the scan's predicate; all if the predicate fails on a path."""
    if scan.predicate is None or not scan.files:
        return scan.files
    keys = pa.table({FILENAME: [file.key for file in scan.files]})
    duck = duckdb_of(session.connection)
    duck.register(_KEYS, keys)
    try:
        if scan.pruning is None:
            name = exp.column(FILENAME, quoted=True)
            query = exp.select(name).from_(_temporary(_KEYS)).where(scan.predicate)
            scan.pruning = query_of(translate(query, Relations({}, session.connection)))
        kept = set(session.engine.run(session.connection, scan.pruning).table.column(0).to_pylist())
    except SqlError:
        # The query itself reports the fault, unless it skips that file.
        return scan.files
    finally:
        duck.unregister(_KEYS)
    return tuple(file for file in scan.files if file.key in kept)


def read(
    session: SnowflakeSession, scan: FileScan, files: Sequence[RegisteredFile] | None
) -> list[LocalFile]:
    """Return copies of the files, as Parquet; a file of a table that cannot be read is skipped.

    Raises:
        SqlError: the role cannot be assumed, the bucket cannot be listed, a file of a stage cannot be read,
            or a file holds what is not implemented.
    """
    convert = conversion(scan.file_format)
    # Assume the role even for no file: a query must fail once the integration has lost its access.
    bucket = session.storage.open(scan.place.integration, scan.place.bucket)
    if files is None:
        return _all_of_stage(scan, bucket, convert)
    if not files:
        return []
    keys = [file.key for file in files]
    there = {stored.key: stored for stored in bucket.objects(_common_prefix(scan.place.prefix, keys))}
    found = bucket.read([there[key] for key in keys if key in there], convert)
    return [file for file in found if file.schema is not None]


def _all_of_stage(scan: FileScan, bucket: Bucket, convert: Conversion | None) -> list[LocalFile]:
    objects = [s for s in bucket.objects(scan.place.prefix) if scan.place.matches(scan.pattern, s.key)]
    found = bucket.read(objects, convert)
    if len(found) < len(objects):
        raise SqlError(
            "Failed to access remote file: access denied. Please check your credentials",
            code=91003,
            sqlstate="42501",
        )
    for file in found:
        if file.fault or file.schema is None:
            raise broken(file.key, file.fault or "The file is not Parquet")
    return found


def mark(scans: Sequence[FileScan]) -> None:
    """Mark the places of scans in their statement, so that `fill` finds them in a copy of it."""
    for number, scan in enumerate(scans):
        scan.node.meta[_MARK] = number


def fill(tree: Expr, scans: Sequence[FileScan], views: Sequence[FileView]) -> None:
    """Complete a statement's marked scans over the views on their files."""
    if scans:
        for node in list(tree.find_all(exp.Subquery)):
            if (number := node.meta.get(_MARK)) is not None:
                node.set("this", _rows(scans[number], views[number], aggregated_columns(tree, node)))


def _rows(scan: FileScan, view: FileView, aggregated: Mapping[str, list[Expr]]) -> exp.Select:
    """Return a scan's rows as a query of the view; integers may stay integers in `aggregated` columns."""
    documents = scan.file_format["TYPE"] == "JSON"
    projections: list[Expr] = []
    if scan.whole:
        projections.append(exp.column("VALUE", quoted=True))
    for column in scan.columns:
        tree = _over_columns(parsed(column.expression), view.shown.columns, documents=documents)
        kind = exp.DataType.build(column.type, dialect="snowflake")
        whole = types.normal(kind) == types.number() and is_integer(tree, view.shown.integers)
        if whole and column.name in aggregated:
            convert_last(aggregated[column.name])
            value = tree.unnest().this
        else:
            value = exp.cast(tree, kind)
        projections.append(exp.alias_(value, column.name, quoted=True))
    projections += [exp.column(pseudo, quoted=True) for pseudo in scan.metadata]
    if not projections:
        projections.append(exp.alias_(exp.Literal.number(1), "_", quoted=True))
    return exp.select(*projections).from_(_temporary(view.name))


def _temporary(name: str) -> exp.Table:
    return exp.table_(name, db="main", catalog="temp", quoted=True)


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


def _over_columns(tree: Expr, columns: Mapping[str, str], *, documents: bool) -> Expr:
    """Replace `VALUE:key` by the typed Parquet column, or by NULL if no file has it; not of documents."""
    for reference in list(tree.find_all(exp.Column)):
        name = reference.name.upper()
        if name in METADATA:
            reference.replace(exp.column(name, quoted=True))
            continue
        key = _key(reference)
        if (key is None or documents) and reference is tree:
            return exp.column("VALUE", quoted=True)
        if key is None or documents:
            reference.replace(exp.column("VALUE", quoted=True))
            continue
        node = reference.parent
        found = exp.column(columns[key], quoted=True) if key in columns else exp.Null()
        if node is tree:
            return found
        assert node is not None
        node.replace(found)
    return tree
