"""SHOW: the objects that the role may see, with Snowflake's columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from strata.cloud.snowflake import access_control, parameters
from strata.cloud.snowflake.catalog import Securable, like
from strata.cloud.snowflake.errors import not_implemented
from strata.cloud.snowflake.grammar import Path, SqlStatement
from strata.cloud.snowflake.kinds import Kind
from strata.cloud.snowflake.properties import known_parameters
from strata.cloud.snowflake.results import Rows, rows_of
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.statements.records import Record, text

Recorder = Callable[[SnowflakeSession, Path, Any], Record]


@dataclass(frozen=True)
class Filters:
    """LIKE, IN, STARTS WITH and LIMIT of a SHOW."""

    pattern: str = ""
    container: Path = ()
    prefix: str = ""
    limit: int = 0


def show(session: SnowflakeSession, statement: SqlStatement, kind: Kind, record: Recorder) -> Rows:
    """Execute SHOW <kind> [LIKE '...'] [IN ...] [STARTS WITH '...'] [LIMIT n]; read from LIKE on."""
    filters = _filters(session, statement, kind)
    found = []
    for path, securable in _visible(session, kind):
        if filters.pattern and not like(filters.pattern, path[-1]):
            continue
        if path[: len(filters.container)] != filters.container or not path[-1].startswith(filters.prefix):
            continue
        found.append(
            {
                "created_on": securable.created_on,
                "name": path[-1],
                "comment": securable.comment,
                "owner": securable.owner,
                "owner_role_type": "ROLE",
            }
            | record(session, path, securable)
        )
    found.sort(key=lambda row: str(row["name"]))
    return rows_of(text(kind.columns), found[: filters.limit] if filters.limit else found)


def _visible(session: SnowflakeSession, kind: Kind) -> Iterator[tuple[Path, Securable]]:
    for found, path, securable in session.catalog.walk():
        if found != kind.name:
            continue
        if not session.sees(securable):
            continue
        if kind.public or access_control.holds(session.catalog, session.role, kind.name, path):
            yield path, securable


def _filters(session: SnowflakeSession, statement: SqlStatement, kind: Kind) -> Filters:
    statement.take("HISTORY")
    pattern = statement.string() if statement.take("LIKE") else ""
    container: Path = ()
    if statement.take("IN"):
        where = statement.take_any("ACCOUNT", "DATABASE", "SCHEMA")
        if where != "ACCOUNT" and not statement.done:
            name = statement.name()
            container_kind = where or ("SCHEMA" if _names_schema(session, kind, name) else "DATABASE")
            container = session.resolve(container_kind, name)
            session.catalog.get(container_kind, container)
        elif where == "DATABASE":
            container = (session.database,)
        elif where == "SCHEMA":
            container = (session.database, session.schema)
    elif kind.container == "SCHEMA" and session.database:
        container = (session.database, session.schema) if session.schema else (session.database,)
    elif kind.container == "DATABASE" and session.database:
        container = (session.database,)
    prefix = statement.string() if statement.take("STARTS WITH") else ""
    limit = int(statement.value()) if statement.take("LIMIT") else 0
    statement.expect_end()
    return Filters(pattern, container, prefix, limit)


def _names_schema(session: SnowflakeSession, kind: Kind, name: Path) -> bool:
    """Return whether IN <name> means a schema; one part may be a database, too."""
    if len(name) > 1:
        return True
    schema = (session.database, *name)
    return kind.container == "SCHEMA" and session.catalog.find("SCHEMA", schema) is not None


def show_none(session: SnowflakeSession, statement: SqlStatement, columns: str) -> Rows:
    """Execute SHOW [LIKE '...'] [IN ...] of a kind that an account has none of, since CREATE is refused."""
    if statement.take("LIKE"):
        statement.string()
    if statement.take("IN"):
        where = statement.take_any("ACCOUNT", "DATABASE", "SCHEMA", "TABLE") or "SCHEMA"
        if where != "ACCOUNT" and not statement.done:
            kind = "OBJECT" if where == "TABLE" else where
            session.catalog.get(kind, session.resolve(kind, statement.name()))
    statement.expect_end()
    return rows_of(text(columns), [])


def show_replication_databases(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    """Execute SHOW REPLICATION DATABASES [LIKE '...'] [WITH PRIMARY ...]; the account has none."""
    if statement.take("LIKE"):
        statement.string()
    if statement.take("WITH PRIMARY"):
        statement.name()
    statement.expect_end()
    columns = (
        "region_group snowflake_region created_on account_name name comment is_primary primary "
        "replication_allowed_to_accounts failover_allowed_to_accounts organization_name account_locator"
    )
    return rows_of(text(columns), [])


def show_parameters(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    """Execute SHOW PARAMETERS [LIKE '...'] IN <kind> <name>."""
    pattern = statement.string() if statement.take("LIKE") else ""
    levels: list[tuple[str, dict[str, str]]] = []
    kind = "USER"
    in_session = True
    if statement.take_any("IN", "FOR"):
        kind = statement.take_any("DATABASE", "SCHEMA", "WAREHOUSE", "USER", "SESSION")
        in_session = kind == "SESSION"
        if in_session:
            kind = "USER"
        elif kind:
            path = session.resolve(kind, statement.name())
            access_control.require(session.catalog, session.role, kind, path)
            if kind == "SCHEMA":
                levels.append(("DATABASE", session.catalog.get("DATABASE", path[:1]).parameters))
            levels.append((kind, session.catalog.get(kind, path).parameters))
        else:
            raise not_implemented(f"SHOW PARAMETERS IN {statement.word()}")
    if not pattern and statement.take("LIKE"):
        pattern = statement.string()
    statement.expect_end()
    rows = []
    for key, known in known_parameters().items():
        if kind not in known["levels"] or (pattern and not like(pattern, key)):
            continue
        value, level = parameters.level_of(session, key) if in_session else (known["default"], "")
        for name, given in levels:
            if key in given:
                value, level = given[key], name
        kinds = {"int": "NUMBER", "bool": "BOOLEAN"}
        rows.append(
            {
                "key": key,
                "value": value,
                "default": known["default"],
                "level": level,
                "description": "",
                "type": kinds.get(known["type"], "STRING"),
            }
        )
    return rows_of(text("key value default level description type"), rows)


def show_workload_identities(session: SnowflakeSession, path: Path) -> Rows:
    """Execute SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER <name>."""
    access_control.require(session.catalog, session.role, "USER", path)
    identity = session.catalog.get("USER", path).workload_identity
    columns = text("name type comment last_used created_on additional_info")
    if identity is None:
        return rows_of(columns, [])
    if identity.kind == "AWS":
        _, partition, _, _, account, entity = identity.arn.split(":", 5)
        kind, _, name = entity.partition("/")
        info = {
            "awsAccount": account,
            "awsPartition": partition,
            "type": f"IAM_{kind.upper()}",
            f"iam{kind.title()}": name,
        }
    else:
        info = {
            "issuer": identity.issuer,
            "subject": identity.subject,
            "audienceList": list(identity.audiences),
        }
    row = {
        "name": "DEFAULT",
        "type": identity.kind,
        "comment": "",
        "created_on": identity.created_on,
        "additional_info": json.dumps(info),
    }
    return rows_of(columns, [row])
