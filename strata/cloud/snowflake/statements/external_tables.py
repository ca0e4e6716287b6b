"""External tables: their definition, and the refresh that registers their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp
from sqlglot.errors import SqlglotError

from strata.cloud.snowflake import access_control
from strata.cloud.snowflake.catalog import ExternalColumn, ExternalTable, now
from strata.cloud.snowflake.errors import SqlError, not_implemented
from strata.cloud.snowflake.external_files import (
    METADATA,
    Place,
    parsed,
    place_of,
    register,
    unregister,
)
from strata.cloud.snowflake.grammar import Path, SqlStatement, parse_name
from strata.cloud.snowflake.properties import apply_properties, default_properties, read_format
from strata.cloud.snowflake.results import DDL, Rows, status
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.stage_files import resolved_format
from strata.cloud.snowflake.statements.creation import (
    Modifiers,
    all_or_nothing,
    existing,
    if_not_exists,
    new,
    target,
)


def create(session: SnowflakeSession, statement: SqlStatement, modifiers: Modifiers) -> Rows:
    """Execute CREATE EXTERNAL TABLE; with REFRESH_ON_CREATE, the default, register its files."""
    modifiers = if_not_exists(statement, modifiers)
    name = statement.name()
    written = statement.parenthesised() if statement.sees("(") else ""
    partition_by: tuple[str, ...] = ()
    if statement.take("PARTITION BY"):
        partition_by = tuple(parse_name(part)[0] for part in statement.parenthesised().split(","))
    statement.take("WITH")
    copies_grants = False
    properties = {}
    while not statement.done:
        if statement.take("COPY GRANTS"):
            copies_grants = True
            continue
        key = statement.identifier()
        statement.expect("=")
        properties[key] = statement.value()
    with session.account.lock:
        path = session.resolve("EXTERNAL TABLE", name)
        access_control.require(session.catalog, session.role, "SCHEMA", path[:2], "CREATE EXTERNAL TABLE")
        table = ExternalTable(
            name=path[2],
            owner=session.role,
            partition_by=partition_by,
            options=default_properties("EXTERNAL TABLE"),
        )
        apply_properties("EXTERNAL TABLE", table, properties)
        # Before the columns, which name the partitions.
        _refuse_own_partitions(table)
        table.columns = _columns(SqlStatement(written)) if written else ()
        _complete(session, table)
        answer = existing(session, "EXTERNAL TABLE", path, modifiers)
        if answer is not None:
            return answer
        place = place_of(session.catalog, table)
    # Outside the lock: listing the bucket takes time. It fails if the role cannot be assumed.
    if table.options["REFRESH_ON_CREATE"]:
        _refresh(session, table, place, "")
    with session.account.lock:
        grants = {g: d for g, d in session.catalog.grants.items() if g.path == path} if copies_grants else {}
        rows = new(session, "EXTERNAL TABLE", path, table, modifiers)
        session.catalog.grants.update(grants)
    if table.auto_refresh and table.options["REFRESH_ON_CREATE"]:
        # Once more: the notification of a file that came meanwhile has found no table.
        _refresh(session, table, place, "")
    return rows


def alter(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    """Execute ALTER EXTERNAL TABLE ... REFRESH ['path'], ADD FILES, REMOVE FILES and SET."""
    with session.account.lock:
        path, answer = target(session, "EXTERNAL TABLE", statement)
        if answer is not None:
            return answer
        access_control.require_ownership(session.catalog, session.role, "EXTERNAL TABLE", path)
        table = session.catalog.get("EXTERNAL TABLE", path)
        if statement.take("SET"):
            properties = statement.properties()
            if set(properties) - {"AUTO_REFRESH", "COMMENT"}:
                raise not_implemented(f"ALTER EXTERNAL TABLE SET {', '.join(properties)}")
            with all_or_nothing(table):
                apply_properties("EXTERNAL TABLE", table, properties)
            return status("Statement executed successfully.")
        change = statement.take_any("REFRESH", "ADD FILES", "REMOVE FILES")
        if not change:
            words = " ".join(filter(None, (statement.word(), statement.word(1))))
            raise not_implemented(f"ALTER EXTERNAL TABLE {words}")
        names = _file_names(statement) if change != "REFRESH" else []
        relative = "" if statement.done else statement.string()
        statement.expect_end()
        if table.options.get("TABLE_FORMAT"):
            raise not_implemented("REFRESH of a table in DELTA format")
        place = place_of(session.catalog, table)
        if change == "REMOVE FILES":
            return _forget(table, [place.prefix + name for name in names])
    if change == "ADD FILES":
        return _add(session, table, place, names)
    return _refresh(session, table, place, relative.lstrip("/"))


def _file_names(statement: SqlStatement) -> list[str]:
    inner = SqlStatement(statement.parenthesised())
    names = [inner.string().lstrip("/")]
    while inner.take(","):
        names.append(inner.string().lstrip("/"))
    inner.expect_end()
    return names


def _forget(table: ExternalTable, keys: Sequence[str]) -> Rows:
    return _told([(key, unregister(table, key)) for key in keys])


def _add(session: SnowflakeSession, table: ExternalTable, place: Place, names: Sequence[str]) -> Rows:
    """Register files by their names; all or, where one is missing, none."""
    bucket = session.storage.open(place.integration, place.bucket)
    stored = []
    for key in (place.prefix + name for name in names):
        found = next((item for item in bucket.objects(key) if item.key == key), None)
        if found is None:
            raise SqlError(
                f"Remote file 's3://{place.bucket}/{key}' was not found.", code=91016, sqlstate="22000"
            )
        stored.append(found)
    with session.account.lock:
        return _told([(item.key, register(table, item)) for item in stored])


def _told(files: Sequence[tuple[str, str]]) -> Rows:
    """Return the rows that tell what became of files; one that is as it was has none."""
    rows = [
        [key, outcome, f"File {'un' if outcome == 'UNREGISTERED' else ''}registered successfully."]
        for key, outcome in files
        if outcome
    ]
    return Rows([("file", "text"), ("status", "text"), ("description", "text")], rows, DDL)


def alter_columns(session: SnowflakeSession, path: Path, statement: SqlStatement) -> Rows:
    """Execute ALTER TABLE ADD, DROP and RENAME COLUMN of an external table; read from the verb on."""
    access_control.require_ownership(session.catalog, session.role, "EXTERNAL TABLE", path)
    table = session.catalog.get("EXTERNAL TABLE", path)
    known = {column.name: column for column in table.columns}
    if statement.take("ADD"):
        statement.take("COLUMN")
        added = _columns(SqlStatement(statement.rest()))
        if known.keys() & {column.name for column in added}:
            raise SqlError("SQL compilation error:\nduplicate column name", code=1707, sqlstate="42601")
        table.columns = (*table.columns, *added)
        return status("Statement executed successfully.")
    verb = statement.take_any("DROP", "RENAME")
    if not verb:
        raise not_implemented(f"ALTER TABLE {statement.word()} of an external table")
    statement.take("COLUMN")
    name = statement.identifier()
    if name not in known:
        raise SqlError(f"SQL compilation error:\ninvalid identifier '{name}'", code=904, sqlstate="42000")
    if name in table.partition_by:
        raise not_implemented(f"ALTER TABLE {verb} COLUMN of a partition column")
    if verb == "RENAME":
        statement.expect("TO")
        new_name = statement.identifier()
        known[name] = replace(known[name], name=new_name)
    else:
        del known[name]
    statement.expect_end()
    table.columns = tuple(known.values())
    return status("Statement executed successfully.")


def drop(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    path, answer = target(session, "EXTERNAL TABLE", statement)
    statement.take_any("CASCADE", "RESTRICT")
    statement.expect_end()
    if answer is not None:
        return answer
    access_control.require_ownership(session.catalog, session.role, "EXTERNAL TABLE", path)
    session.catalog.remove("EXTERNAL TABLE", path)
    return status(f"{path[2]} successfully dropped.")


def stop_auto_refresh(session: SnowflakeSession, kind: str, path: Path) -> None:
    """Turn AUTO_REFRESH off where an external table, its schema or its database has a new owner."""
    for _, table_path, securable in session.catalog.walk():
        if isinstance(securable, ExternalTable) and table_path[: len(path)] == path:
            securable.options["AUTO_REFRESH"] = False


def _refresh(session: SnowflakeSession, table: ExternalTable, place: Place, relative: str) -> Rows:
    prefix = place.prefix + relative
    listed = session.storage.open(place.integration, place.bucket).objects(prefix)
    wanted = {stored.key: stored for stored in listed if place.holds(table, stored.key)}
    with session.account.lock:
        gone = [key for key in table.files if key.startswith(prefix) and key not in wanted]
        files = [(key, unregister(table, key)) for key in gone]
        files += [(key, register(table, stored)) for key, stored in wanted.items()]
        table.last_refreshed_on = now()
    return _told(files)


def _columns(inner: SqlStatement) -> tuple[ExternalColumn, ...]:
    """Read `name type AS (expression), ...`, and check each expression."""
    columns = []
    while not inner.done:
        name = inner.identifier()
        start = inner.next()
        end = start
        while not inner.sees("AS"):
            end = inner.next()
        kind = inner.sql[start.start : end.end + 1]
        inner.expect("AS")
        columns.append(ExternalColumn(name, _type(kind), _expression(inner)))
        if not inner.done:
            inner.expect(",")
    if len({column.name for column in columns}) != len(columns):
        raise SqlError("SQL compilation error:\nduplicate column name", code=1707, sqlstate="42601")
    return tuple(columns)


def _expression(inner: SqlStatement) -> str:
    begin = inner.next()
    depth = 1 if begin.text == "(" and not begin.literal else 0
    end = begin
    while (lexeme := inner.peek()) is not None:
        plain = not lexeme.literal and not lexeme.quoted
        if plain and lexeme.text == "," and depth == 0:
            break
        if plain:
            depth += {"(": 1, ")": -1}.get(lexeme.text, 0)
        end = inner.next()
    text = inner.sql[begin.start : end.end + 1]
    for column in parsed(text).find_all(exp.Column):
        name = column.name if column.this.quoted else column.name.upper()
        if name not in ("VALUE", *METADATA):
            raise SqlError(
                f"SQL compilation error: error line 1 at position {begin.start}\ninvalid identifier '{name}'",
                code=904,
                sqlstate="42000",
            )
    return text


def _type(text: str) -> str:
    try:
        exp.DataType.build(text, dialect="snowflake")
    except SqlglotError:
        raise SqlError(f"SQL compilation error:\nUnsupported data type '{text}'.", code=2040) from None
    return text.upper()


def _refuse_own_partitions(table: ExternalTable) -> None:
    """Refuse partitions that the owner adds.

    Rules: Snowflake, CREATE EXTERNAL TABLE; "User-specified partitions and automatically refreshed metadata".
    """
    if table.options.get("PARTITION_TYPE") is None:
        return
    if table.auto_refresh:
        raise SqlError(
            "SQL compilation error:\n"
            "AUTO_REFRESH = TRUE is not supported with PARTITION_TYPE = USER_SPECIFIED."
        )
    raise not_implemented("PARTITION_TYPE = USER_SPECIFIED")


def _complete(session: SnowflakeSession, table: ExternalTable) -> None:
    """Resolve the location and the file format, and check the partition columns."""
    location = table.options.pop("LOCATION", None)
    if location is None:
        raise SqlError("SQL compilation error:\nMissing option(s): [LOCATION]", code=2002, sqlstate="42601")
    if table.options.get("TABLE_FORMAT"):
        raise not_implemented(f"TABLE_FORMAT = {table.options['TABLE_FORMAT']}")
    table.location = location
    table.stage = session.resolve("STAGE", location.names)
    access_control.require(session.catalog, session.role, "STAGE", table.stage, "USAGE", "READ")
    stage = session.catalog.get("STAGE", table.stage)
    declared = table.options.pop("FILE_FORMAT", None)
    table.file_format = resolved_format(
        session, read_format(declared) if declared else stage.options["FILE_FORMAT"]
    )
    table.pattern = table.options.pop("PATTERN", None) or ""
    if table.options.get("AWS_SNS_TOPIC"):
        raise not_implemented(
            "AWS_SNS_TOPIC; send the bucket's notifications to the notification_channel itself"
        )
    known = {column.name: column for column in table.columns}
    for name in table.partition_by:
        if name not in known:
            raise SqlError(f"SQL compilation error:\ninvalid identifier '{name}'", code=904, sqlstate="42000")
        used = {c.name.upper() for c in parsed(known[name].expression).find_all(exp.Column)}
        if used != {"METADATA$FILENAME"}:
            raise SqlError(
                f"SQL compilation error:\nInvalid partition column '{name}': its expression must use "
                "METADATA$FILENAME and nothing else.",
                code=1431,
            )
