"""The SQL engine: fakesnow's translation of Snowflake SQL, run by DuckDB in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import duckdb
import pyarrow as pa
import snowflake.connector.errors
from fakesnow import info_schema, macros
from fakesnow.statement_type import statement_type_id
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError, UnsupportedError

from strata.cloud.snowflake import fakesnow_compat, sequences
from strata.cloud.snowflake.errors import SqlError, not_implemented
from strata.cloud.snowflake.faults import of_engine, of_grammar
from strata.cloud.snowflake.grammar import quote
from strata.cloud.snowflake.results import ArrowRows
from strata.cloud.snowflake.translation import functions
from strata.cloud.snowflake.translation import macros as own_macros
from strata.cloud.snowflake.translation.statement import Translated
from strata.cloud.snowflake.translation.types import Type
from strata.cloud.snowflake.wire import shaped

T = TypeVar("T")
# Where fakesnow keeps the lengths of columns of text.
_TEXTS = "_fs_global._fs_information_schema._fs_columns_ext"
_OF_TABLE = "ext_table_catalog = ? AND ext_table_schema = ? AND ext_table_name = ?"


@dataclass(frozen=True)
class StoredTable:
    """A table as a snapshot holds it.

    Attributes:
        creation: the statement that creates it.
        path: its database, schema and name.
        rows: its rows, as a file of Arrow.
        texts: fakesnow's notes on its columns of text, one row for each.
        sequences: the statements that create what numbers its columns.
    """

    creation: str
    path: tuple[str, str, str]
    rows: bytes
    texts: tuple[tuple[Any, ...], ...]
    sequences: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """A translated query as the engine's SQL.

    Attributes:
        sql: the text.
        columns: name and type of each column of its result, if known.
        kind: Snowflake's number of the kind of statement.
        takes_values: whether it has placeholders.
    """

    sql: str
    columns: Sequence[tuple[str, Type]] | None
    kind: int
    takes_values: bool


class Engine:
    """Holds the tables of the databases and runs queries on them."""

    def __init__(self) -> None:
        self._instance = fakesnow_compat.new_instance()
        # What each connection is bound to; a change of databases or schemas makes it stale.
        self._bound: WeakKeyDictionary[Any, tuple[Any, ...]] = WeakKeyDictionary()
        self._changes = 0
        # The files that queries read never change: each copy of an object has a name of its own.
        self._instance.duck_conn.execute("SET GLOBAL parquet_metadata_cache = true")
        self._admin = self._instance.duck_conn.cursor()
        # Sessions without a database run in this catalogue and need Snowflake's functions.
        self._admin.execute(macros.creation_sql("memory"))
        self._admin.execute(own_macros.creation_sql("memory"))
        functions.register(self._instance.duck_conn)

    def connect(self) -> Any:
        """Open a fakesnow connection for one session."""
        return self._instance.connect()

    def close(self) -> None:
        self._instance.duck_conn.close()

    def create_database(self, name: str) -> None:
        """Create an empty database.

        Raises:
            SqlError: DuckDB cannot attach a database of this name.
        """
        if not name.replace("_", "a").replace("$", "a").isalnum():
            raise not_implemented(
                f"CREATE DATABASE {quote(name)} (a name with other than letters, digits, _ and $)"
            )
        self._changes += 1
        self._admin.execute(f"ATTACH ':memory:' AS {quote(name)}")
        self._admin.execute(info_schema.per_db_creation_sql(name))
        self._admin.execute(macros.creation_sql(name))
        self._admin.execute(own_macros.creation_sql(name))

    def drop_database(self, name: str) -> None:
        self._changes += 1
        self._admin.execute("USE memory")
        self._admin.execute(f"DETACH {quote(name)}")

    def create_schema(self, database: str, name: str) -> None:
        self._changes += 1
        self._admin.execute(f"CREATE SCHEMA {quote(database)}.{quote(name)}")

    def drop_schema(self, database: str, name: str) -> None:
        self._changes += 1
        self._admin.execute(f"DROP SCHEMA {quote(database)}.{quote(name)} CASCADE")

    def drop_table(self, database: str, schema: str, name: str) -> None:
        self._admin.execute(f"DROP TABLE IF EXISTS {quote(database)}.{quote(schema)}.{quote(name)}")

    def rows_of(self, connection: Any, path: tuple[str, ...]) -> int:
        """Return how many rows a table has for a session."""
        found = fakesnow_compat.duckdb_of(connection).execute(f"SELECT count(*) FROM {_qualified(path)}")
        return int(found.fetchall()[0][0])

    def stored(self, database: str, schema: str, name: str) -> StoredTable:
        """Return a table with its rows."""
        path = (database, schema, name)
        creation = self._admin.execute(
            "SELECT sql FROM duckdb_tables() WHERE database_name = ? AND schema_name = ? AND table_name = ?",
            path,
        ).fetchall()
        rows: Any = self._admin.sql(f"SELECT * FROM {_qualified(path)}").to_arrow_table()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, rows.schema) as writer:
            writer.write_table(rows)
        texts = self._admin.execute(f"SELECT * FROM {_TEXTS} WHERE {_OF_TABLE}", path).fetchall()
        numbering = sequences.creations(self._admin, path, creation[0][0])
        return StoredTable(creation[0][0], path, sink.getvalue().to_pybytes(), tuple(texts), tuple(numbering))

    def create_stored(self, table: StoredTable) -> None:
        """Create a table again, with its rows."""
        self._admin.execute(f"USE {quote(table.path[0])}.{quote(table.path[1])}")
        for creation in (*table.sequences, table.creation):
            self._admin.execute(creation)
        rows = pa.ipc.open_file(table.rows).read_all()
        self._admin.register("stored_rows", rows)
        self._admin.execute(f"INSERT INTO {_qualified(table.path)} SELECT * FROM stored_rows")
        self._admin.unregister("stored_rows")
        self._admin.execute(f"DELETE FROM {_TEXTS} WHERE {_OF_TABLE}", table.path)
        for text in table.texts:
            self._admin.execute(f"INSERT INTO {_TEXTS} VALUES ({', '.join('?' * len(text))})", text)
        self._admin.execute("USE memory")

    def bind(self, connection: Any, database: str, schema: str, timezone: str) -> None:
        """Set the connection's database, schema and time zone to the session's."""
        fakesnow_compat.set_context(connection, database, schema)
        bound = (database, schema, timezone, self._changes)
        if self._bound.get(connection) == bound:
            return
        self._bound[connection] = bound
        duck = fakesnow_compat.duckdb_of(connection)
        duck.execute(f"USE {quote(database)}.{quote(schema or 'main')}" if database else "USE memory")
        duck.execute(f"SET SESSION TimeZone = '{timezone}'")

    def run(
        self,
        connection: Any,
        statement: Translated | Query,
        parameters: Sequence[Any] | dict[str, Any] | None = None,
    ) -> ArrowRows:
        """Run one translated statement.

        Raises:
            SqlError: it fails.
        """
        if isinstance(statement, Query):
            return self._read(connection, statement, parameters)
        if isinstance(statement.tree, exp.Query):
            return self._read(connection, query_of(statement), parameters)
        table, puts = translated(lambda: fakesnow_compat.execute(connection, statement.tree, parameters))
        if puts:
            raise not_implemented("PUT")
        fakesnow_compat.forget_results(connection)
        table, described = shaped(table, None)
        return ArrowRows(table, described, statement_type_id(statement.tree))

    def _read(
        self, connection: Any, query: Query, parameters: Sequence[Any] | dict[str, Any] | None
    ) -> ArrowRows:
        values = list(parameters) if parameters and query.takes_values else None
        table = translated(lambda: fakesnow_compat.read(connection, query.sql, values))
        table, described = shaped(table, query.columns)
        return ArrowRows(table, described, query.kind)


def _qualified(path: tuple[str, ...]) -> str:
    return ".".join(quote(part) for part in path)


def query_of(statement: Translated) -> Query:
    """Return a translated query as the engine's SQL; its tree is of no use afterwards.

    Raises:
        SqlError: the engine's SQL has no words for it.
    """
    kind, takes_values = statement_type_id(statement.tree), statement.tree.find(exp.Placeholder) is not None
    # What the engine has no words for is an error, not left out.
    sql = translated(
        lambda: statement.tree.sql(dialect="duckdb", copy=False, unsupported_level=ErrorLevel.RAISE)
    )
    return Query(sql, statement.columns, kind, takes_values)


def translated(work: Callable[[], T]) -> T:
    """Run `work`, and raise errors of fakesnow, sqlglot and DuckDB as SqlError."""
    try:
        return work()
    except snowflake.connector.errors.Error as error:
        if isinstance(error.__cause__, duckdb.Error):
            raise of_engine(error.__cause__) from None
        message = error.msg or error.raw_msg or str(error)
        if (fault := of_grammar(message)) is not None:
            raise fault from None
        if error.errno in (None, 1003):
            # fakesnow puts number and state before the words, as the client does once more.
            raise SqlError(f"SQL compilation error:\n{message.removeprefix('001003 (42000): ')}") from None
        raise SqlError(message, code=error.errno, sqlstate=error.sqlstate or "42000") from None
    except duckdb.Error as error:
        raise of_engine(error) from None
    except UnsupportedError as error:
        raise not_implemented(f"a part of this statement ({error})") from None
    except SqlglotError as error:
        raise SqlError(f"SQL compilation error:\n{error}") from None
    except NotImplementedError as error:
        raise not_implemented(str(error)) from None
