"""The SQL engine: fakesnow's translation of Snowflake SQL, run by DuckDB in memory.

fakesnow casts the argument of every numeric aggregate to DOUBLE (so that text can be summed); that loses the
exactness of decimals, so the cast is taken out here.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import duckdb
import fakesnow.transforms
import pyarrow as pa
import snowflake.connector.errors
from fakesnow import info_schema, macros
from fakesnow.instance import FakeSnow
from fakesnow.rowtype import describe_as_rowtype, duckdb_to_sf_type
from fakesnow.statement_type import statement_type_id
from fakesnow.transforms.transforms import _NUMERIC_ONLY_AGGS, _numeric_agg_col_name
from sqlglot import Expr, exp
from sqlglot.errors import SqlglotError

from strata.cloud.snowflake.errors import SqlError, unsupported
from strata.cloud.snowflake.grammar import quote
from strata.cloud.snowflake.results import ArrowRows

T = TypeVar("T")
# DuckDB's types that the wire protocol has no word for, and what they are sent as.
_SENT_AS = {
    "FLOAT": ("DOUBLE", pa.float64()),
    "TINYINT": ("BIGINT", pa.int64()),
    "SMALLINT": ("BIGINT", pa.int64()),
    "UTINYINT": ("BIGINT", pa.int64()),
    "USMALLINT": ("BIGINT", pa.int64()),
    "UINTEGER": ("BIGINT", pa.int64()),
    "TIMESTAMP_S": ("TIMESTAMP", pa.timestamp("us")),
    "TIMESTAMP_MS": ("TIMESTAMP", pa.timestamp("us")),
    "UUID": ("VARCHAR", pa.string()),
}


def _exact_aggregate(expression: Expr) -> Expr:
    if isinstance(expression, _NUMERIC_ONLY_AGGS) and isinstance(expression.parent, exp.Select):
        name = _numeric_agg_col_name(expression, expression.this)
        if name:
            return exp.alias_(expression, name, quoted=True)
    return expression


class Engine:
    """The databases' tables, and the running of queries over them."""

    def __init__(self) -> None:
        fakesnow.transforms.numeric_agg_implicit_cast = _exact_aggregate
        self._instance = FakeSnow(create_database_on_connect=False, create_schema_on_connect=False)
        self._admin = self._instance.duck_conn.cursor()
        # A session without a database runs in this catalogue, and needs Snowflake's functions there.
        self._admin.execute(macros.creation_sql("memory"))

    def connect(self) -> Any:
        """A fakesnow connection for one session."""
        return self._instance.connect()

    def close(self) -> None:
        self._instance.duck_conn.close()

    def create_database(self, name: str) -> None:
        """Raises SqlError for a name that the engine cannot hold."""
        if not name.replace("_", "a").replace("$", "a").isalnum():
            raise unsupported(
                f"CREATE DATABASE {quote(name)} (a name with other than letters, digits, _ and $)"
            )
        self._admin.execute(f"ATTACH ':memory:' AS {quote(name)}")
        self._admin.execute(info_schema.per_db_creation_sql(name))
        self._admin.execute(macros.creation_sql(name))

    def drop_database(self, name: str) -> None:
        self._admin.execute("USE memory")
        self._admin.execute(f"DETACH {quote(name)}")

    def create_schema(self, database: str, name: str) -> None:
        self._admin.execute(f"CREATE SCHEMA {quote(database)}.{quote(name)}")

    def drop_schema(self, database: str, name: str) -> None:
        self._admin.execute(f"DROP SCHEMA {quote(database)}.{quote(name)} CASCADE")

    def drop_table(self, database: str, schema: str, name: str) -> None:
        self._admin.execute(f"DROP TABLE IF EXISTS {quote(database)}.{quote(schema)}.{quote(name)}")

    def bind(self, connection: Any, database: str, schema: str) -> None:
        """Make the session's database and schema those of the connection."""
        connection.database, connection._schema = database or None, schema or None
        connection.database_set, connection.schema_set = bool(database), bool(schema)
        duck = connection._duck_conn
        duck.execute(f"USE {quote(database)}.{quote(schema or 'main')}" if database else "USE memory")

    def run(
        self,
        connection: Any,
        expression: Expr,
        parameters: Sequence[Any] | dict[str, Any] | None = None,
    ) -> ArrowRows:
        """Run one statement of Snowflake SQL.

        Raises:
            SqlError: it fails.
        """
        cursor = connection.cursor()
        sql = expression.sql(dialect="snowflake")

        def work() -> tuple[Any, list[Any]]:
            with warnings.catch_warnings():
                # DuckDB advises another way to fetch Arrow; fakesnow chooses.
                warnings.simplefilter("ignore", UserWarning)
                cursor.execute(sql, binding_params=parameters, server=True)
            duck = connection._duck_conn
            described = duck.execute(f"DESCRIBE {cursor._last_sql}", cursor._last_params).fetchall()
            return cursor._arrow_table, described

        table, described = translated(work)
        if cursor._last_transformed is not None and cursor._last_transformed.args.get("put_stage_data"):
            raise unsupported("PUT")
        connection.results_cache.clear()
        table, described = _sendable(table, described)
        return ArrowRows(table, describe_as_rowtype(described), statement_type_id(expression), cursor.sfqid)


def translated(work: Callable[[], T]) -> T:
    """Run `work`; what fakesnow, sqlglot and DuckDB raise becomes a SqlError."""
    try:
        return work()
    except snowflake.connector.errors.Error as error:
        message = error.msg or error.raw_msg or str(error)
        raise SqlError(message, code=error.errno or 1003, sqlstate=error.sqlstate or "42000") from None
    except duckdb.Error as error:
        raise SqlError(f"SQL execution error: {error}", code=100038, sqlstate="22000") from None
    except SqlglotError as error:
        raise SqlError(f"SQL compilation error:\n{error}") from None
    except NotImplementedError as error:
        raise unsupported(str(error)) from None


def _sendable(table: Any, described: list[Any]) -> tuple[Any, list[Any]]:
    rows = []
    for index, (name, kind, *others) in enumerate(described):
        known = kind in duckdb_to_sf_type or kind.startswith("DECIMAL")
        if not known and kind in _SENT_AS:
            kind, arrow = _SENT_AS[kind]
            table = table.set_column(index, name, table.column(index).cast(arrow))
        elif not known:
            values = [
                None if v is None else json.dumps(v, default=str) for v in table.column(index).to_pylist()
            ]
            table = table.set_column(index, name, pa.array(values, pa.string()))
            kind = "JSON"
        rows.append((name, kind, *others))
    return table, rows
