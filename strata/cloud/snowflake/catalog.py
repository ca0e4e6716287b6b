"""The account's objects, found by kind and name, without SQL or access control."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from strata.cloud.snowflake.errors import SqlError, already_exists, does_not_exist
from strata.cloud.snowflake.grammar import Path, StagePath
from strata.cloud.snowflake.kinds import KINDS, contained_in

SYSTEM_ROLES = {
    # role: the roles granted to it
    "ACCOUNTADMIN": ("SYSADMIN", "SECURITYADMIN"),
    "SECURITYADMIN": ("USERADMIN",),
    "SYSADMIN": (),
    "USERADMIN": (),
    "PUBLIC": (),
}


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclass
class Securable:
    """An object with a name and an owner; `options` holds the properties that its kind declares."""

    kind: ClassVar[str]

    name: str
    owner: str
    comment: str = ""
    created_on: datetime.datetime = field(default_factory=now)
    options: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass
class WorkloadIdentity:
    """The workload that may log in as a service user without a secret; `kind` is AWS or OIDC."""

    kind: str
    arn: str = ""
    issuer: str = ""
    subject: str = ""
    audiences: tuple[str, ...] = ()
    created_on: datetime.datetime = field(default_factory=now)


@dataclass
class User(Securable):
    kind: ClassVar[str] = "USER"
    password: str | None = None
    workload_identity: WorkloadIdentity | None = None
    last_success_login: datetime.datetime | None = None


@dataclass
class Role(Securable):
    kind: ClassVar[str] = "ROLE"


@dataclass
class ResourceMonitor(Securable):
    kind: ClassVar[str] = "RESOURCE MONITOR"


@dataclass
class Warehouse(Securable):
    kind: ClassVar[str] = "WAREHOUSE"
    suspended: bool = False
    resumed_on: datetime.datetime = field(default_factory=now)


@dataclass
class Integration(Securable):
    """A storage integration. Stages bind to its hidden `identity`, which each CREATE renews, not its name."""

    kind: ClassVar[str] = "INTEGRATION"

    identity: str = ""


@dataclass
class Stage(Securable):
    """`integration` and `integration_identity` name the integration at the time the stage was bound to it."""

    kind: ClassVar[str] = "STAGE"

    integration: str = ""
    integration_identity: str = ""


@dataclass
class FileFormat(Securable):
    kind: ClassVar[str] = "FILE FORMAT"


@dataclass
class View(Securable):
    """`query` is the text after AS; unqualified names in it mean the view's own schema.

    `session` is the one that a temporary view belongs to, else 0; `comments` are those of columns.
    """

    kind: ClassVar[str] = "VIEW"

    query: str = ""
    text: str = ""
    columns: tuple[str, ...] = ()
    comments: dict[str, str] = field(default_factory=dict)
    secure: bool = False
    session: int = 0


@dataclass(frozen=True)
class ForeignKey:
    """Columns that refer to those of a table; none named there means its primary key."""

    columns: tuple[str, ...]
    table: tuple[str, ...]
    referred: tuple[str, ...]
    name: str = ""


@dataclass
class Table(Securable):
    """A table whose rows the engine holds.

    `columns` are its columns' types by their names, `keys` the columns of its keys by PRIMARY and UNIQUE, and
    `key_names` the names that were given to keys, by the kind and the columns.
    `identities` are start, increment and order of columns that number themselves, `comments` those of
    columns; `session` is the one that a temporary table belongs to, else 0.
    """

    kind: ClassVar[str] = "TABLE"

    columns: dict[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    defaults: dict[str, str] = field(default_factory=dict)
    keys: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    key_names: dict[tuple[str, tuple[str, ...]], str] = field(default_factory=dict)
    references: tuple[ForeignKey, ...] = ()
    identities: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    transient: bool = False
    session: int = 0

    def identity_of(self, column: str) -> str:
        """Return how a column numbers itself, as DESCRIBE writes it; the empty string if it does not."""
        if column not in self.identities:
            return ""
        start, increment, order = self.identities[column]
        return f"IDENTITY START {start} INCREMENT {increment} {order}"


@dataclass(frozen=True)
class ExternalColumn:
    name: str
    type: str
    expression: str


@dataclass(frozen=True)
class RegisteredFile:
    """A file as of the refresh that registered it; `key` is the path from the bucket's root."""

    key: str
    etag: str
    size: int
    registered_on: datetime.datetime


@dataclass
class ExternalTable(Securable):
    kind: ClassVar[str] = "EXTERNAL TABLE"
    columns: tuple[ExternalColumn, ...] = ()
    partition_by: tuple[str, ...] = ()
    stage: Path = ()
    location: StagePath = field(default_factory=lambda: StagePath((), ""))
    file_format: dict[str, Any] = field(default_factory=dict)
    pattern: str = ""
    files: dict[str, RegisteredFile] = field(default_factory=dict)
    last_refreshed_on: datetime.datetime | None = None

    @property
    def auto_refresh(self) -> bool:
        """Whether notifications of the bucket refresh it."""
        return bool(self.options["AUTO_REFRESH"])


@dataclass
class Schema(Securable):
    kind: ClassVar[str] = "SCHEMA"
    relations: dict[str, Table | View | ExternalTable] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=dict)
    file_formats: dict[str, FileFormat] = field(default_factory=dict)


@dataclass
class Database(Securable):
    kind: ClassVar[str] = "DATABASE"
    schemas: dict[str, Schema] = field(default_factory=dict)


@dataclass(frozen=True)
class Grant:
    """`privilege` on the object of `kind` at `path` to a role."""

    privilege: str
    kind: str
    path: Path
    role: str


@dataclass(frozen=True)
class FutureGrant:
    """`privilege` on every object of `kind` created later in `container`, a database or a schema."""

    privilege: str
    kind: str
    container: Path
    role: str


@dataclass
class GrantDetail:
    granted_by: str
    grant_option: bool = False
    created_on: datetime.datetime = field(default_factory=now)


@dataclass
class Catalog:
    """The whole account."""

    account: str
    organization: str
    region: str
    users: dict[str, User] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    warehouses: dict[str, Warehouse] = field(default_factory=dict)
    integrations: dict[str, Integration] = field(default_factory=dict)
    resource_monitors: dict[str, ResourceMonitor] = field(default_factory=dict)
    databases: dict[str, Database] = field(default_factory=dict)
    grants: dict[Grant, GrantDetail] = field(default_factory=dict)
    future_grants: dict[FutureGrant, GrantDetail] = field(default_factory=dict)
    # (role, "ROLE" or "USER", grantee)
    role_grants: dict[tuple[str, str, str], GrantDetail] = field(default_factory=dict)

    def collection(self, kind: str, path: Path) -> dict[str, Any]:
        """Return the dictionary that holds an object of `kind` at `path`.

        Raises:
            SqlError: its database or schema does not exist.
        """
        container: Any = self
        for length, level in ((1, "DATABASE"), (2, "SCHEMA")):
            if kind != "OBJECT" and KINDS[kind].depth <= length:
                break
            held = getattr(container, KINDS[level].collection)
            if path[length - 1] not in held:
                raise does_not_exist(level, path[:length])
            container = held[path[length - 1]]
        found: dict[str, Any] = getattr(
            container, "relations" if kind == "OBJECT" else KINDS[kind].collection
        )
        return found

    def find(self, kind: str, path: Path) -> Any:
        """Return the object; None if there is none, or a relation of another kind."""
        try:
            found = self.collection(kind, path).get(path[-1])
        except SqlError:
            return None
        return found if kind == "OBJECT" or found is None or found.kind == kind else None

    def get(self, kind: str, path: Path) -> Any:
        """Return the object.

        Raises:
            SqlError: it does not exist.
        """
        found = self.find(kind, path)
        if found is None:
            raise does_not_exist(kind, path)
        return found

    def add(self, kind: str, path: Path, securable: Securable) -> None:
        """Add a new object.

        Raises:
            SqlError: the name is taken, or the database or schema does not exist.
        """
        collection = self.collection(kind, path)
        if path[-1] in collection:
            raise already_exists(path[-1:])
        collection[path[-1]] = securable
        futures = [
            f for f in self.future_grants if f.kind == kind and path[: len(f.container)] == f.container
        ]
        # Future grants on the schema put those on its database out of force.
        deepest = max((len(future.container) for future in futures), default=0)
        for future in futures:
            if len(future.container) < deepest:
                continue
            if future.privilege == "OWNERSHIP":
                securable.owner = future.role
            else:
                granted_by = self.future_grants[future].granted_by
                self.grants[Grant(future.privilege, kind, path, future.role)] = GrantDetail(granted_by)

    def remove(self, kind: str, path: Path) -> None:
        """Take an object out, with the grants on it and on what it holds."""
        del self.collection(kind, path)[path[-1]]
        for grant in [g for g in self.grants if _inside(g.kind, g.path, kind, path)]:
            del self.grants[grant]
        if kind in ("ROLE", "USER"):
            name = path[-1]
            for key in [
                k for k in self.role_grants if (k[0] == name and kind == "ROLE") or k[1:] == (kind, name)
            ]:
                del self.role_grants[key]
        if kind == "ROLE":
            for grant in [g for g in self.grants if g.role == path[-1]]:
                del self.grants[grant]
            for future in [f for f in self.future_grants if f.role == path[-1]]:
                del self.future_grants[future]
        for future in [
            f for f in self.future_grants if _in_database(kind) and f.container[: len(path)] == path
        ]:
            del self.future_grants[future]

    def rename(self, kind: str, old: Path, new: Path) -> None:
        """Rename an object, and move the grants on it and on the objects that it contains."""
        collection = self.collection(kind, new)
        if new[-1] in collection:
            raise already_exists(new[-1:])
        securable = self.collection(kind, old).pop(old[-1])
        securable.name = new[-1]
        collection[new[-1]] = securable
        for grant in [g for g in self.grants if _inside(g.kind, g.path, kind, old)]:
            moved = Grant(grant.privilege, grant.kind, new + grant.path[len(old) :], grant.role)
            self.grants[moved] = self.grants.pop(grant)
        for future in [
            f for f in self.future_grants if _in_database(kind) and f.container[: len(old)] == old
        ]:
            container = new + future.container[len(old) :]
            self.future_grants[replace(future, container=container)] = self.future_grants.pop(future)
        if kind in ("ROLE", "USER"):
            self._rename_grantee(kind, old[-1], new[-1])
        if kind == "ROLE":
            self._rename_role(old[-1], new[-1])
        for _, _, table in self.walk():
            if isinstance(table, ExternalTable) and _in_database(kind) and table.stage[: len(old)] == old:
                table.stage = new + table.stage[len(old) :]

    def _rename_grantee(self, kind: str, old: str, new: str) -> None:
        for key in [k for k in self.role_grants if k[1:] == (kind, old)]:
            self.role_grants[key[0], kind, new] = self.role_grants.pop(key)

    def _rename_role(self, old: str, new: str) -> None:
        for grant in [g for g in self.grants if g.role == old]:
            self.grants[replace(grant, role=new)] = self.grants.pop(grant)
        for future in [f for f in self.future_grants if f.role == old]:
            self.future_grants[replace(future, role=new)] = self.future_grants.pop(future)
        for key in [k for k in self.role_grants if k[0] == old]:
            self.role_grants[new, key[1], key[2]] = self.role_grants.pop(key)
        for _, _, securable in self.walk():
            if securable.owner == old:
                securable.owner = new

    def walk(self) -> Iterator[tuple[str, Path, Securable]]:
        """Yield every object with its kind and path."""
        for kind in contained_in("ACCOUNT"):
            for name, securable in list(getattr(self, kind.collection).items()):
                yield kind.name, (name,), securable
        for database in list(self.databases.values()):
            for schema in list(database.schemas.values()):
                path = (database.name, schema.name)
                yield "SCHEMA", path, schema
                yield from self.walk_schema(path)

    def walk_schema(self, path: Path) -> Iterator[tuple[str, Path, Securable]]:
        """Yield every object of a schema with its kind and path."""
        schema = self.databases[path[0]].schemas[path[1]]
        for collection in dict.fromkeys(kind.collection for kind in contained_in("SCHEMA")):
            for securable in list(getattr(schema, collection).values()):
                yield securable.kind, (*path, securable.name), securable

    def external_tables_on(self, stage: Path) -> list[Path]:
        """Return the external tables whose location is in the stage."""
        return [p for _, p, s in self.walk() if isinstance(s, ExternalTable) and s.stage == stage]


def like(pattern: str, name: str) -> bool:
    """Return whether a name matches the pattern of SHOW ... LIKE, which ignores case."""
    regex = "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in pattern.replace("\\_", "\x00"))
    return re.fullmatch(regex.replace("\x00", "_"), name, re.IGNORECASE | re.DOTALL) is not None


def _in_database(kind: str) -> bool:
    return kind in KINDS and KINDS[kind].in_database


def _inside(kind: str, path: Path, container_kind: str, container: Path) -> bool:
    if container_kind in ("DATABASE", "SCHEMA"):
        return _in_database(kind) and path[: len(container)] == container
    return kind == container_kind and path == container
