"""Queries that a session has resolved and translated before, so that the same text need not be again.

A plan holds for its text, the current database and the current schema, as long as each relation that it uses
is the same object with the same definition. Rights are asked for on each use. A text that depends on anything
else of the session, such as a variable or CURRENT_ROLE, has no plan.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import Expr

from strata.cloud.snowflake import access_control
from strata.cloud.snowflake.catalog import Catalog, ExternalTable, Securable, Table, View
from strata.cloud.snowflake.engine import Query
from strata.cloud.snowflake.errors import SqlError, insufficient_privileges
from strata.cloud.snowflake.grammar import Path
from strata.cloud.snowflake.scan import FileScan
from strata.cloud.snowflake.session import SnowflakeSession

_PLANS = 64
_QUERIES = 4


@dataclass(frozen=True)
class Use:
    """A relation in a statement.

    Attributes:
        kind: of the relation.
        path: where the catalogue has it.
        privilege: what the statement needs; the empty string for ownership.
        owner: the role that needs it, of a view that names the relation; empty for the session's role.
        relation: the relation.
        definition: what the resolved statement took from it.
    """

    kind: str
    path: Path
    privilege: str
    owner: str
    relation: Securable
    definition: object

    @classmethod
    def of(cls, path: Path, relation: Securable, privilege: str, owner: str) -> Use:
        return cls(relation.kind, path, privilege, owner, relation, _definition(relation))

    def check(self, catalog: Catalog, role: str) -> None:
        """Require the privilege.

        Raises:
            SqlError: the role, or the view's owner, lacks it.
        """
        role = self.owner or role
        if not self.privilege:
            access_control.require_ownership(catalog, role, self.kind, self.path)
            return
        access_control.require(catalog, role, self.kind, self.path)
        if not access_control.holds(catalog, role, self.kind, self.path, self.privilege):
            raise insufficient_privileges(self.kind, self.path)

    def holds(self, session: SnowflakeSession) -> bool:
        """Return whether the session finds the same relation, as it was."""
        found = session.catalog.find("OBJECT", self.path)
        return found is self.relation and session.sees(found) and _definition(found) == self.definition


def _definition(relation: Securable) -> object:
    if isinstance(relation, Table):
        return dict(relation.columns)
    if isinstance(relation, View):
        return relation.query, relation.columns, relation.owner
    assert isinstance(relation, ExternalTable), "every other object is not a relation"
    return relation.columns, relation.partition_by, dict(relation.file_format)


@dataclass
class Plan:
    """A resolved statement.

    Attributes:
        tree: the statement, whose scans are not filled in.
        uses: the relations in it.
        scans: the files that it reads.
        columns: those of ordinary tables, by their path.
        reads_data: whether it needs a warehouse.
        kept: whether it may be used again, so that its tree must stay.
    """

    tree: Expr
    uses: list[Use]
    scans: list[FileScan]
    columns: Mapping[Path, Mapping[str, str]]
    reads_data: bool
    kept: bool = False
    # By the names of the views on the files.
    _queries: OrderedDict[tuple[str, ...], Query] = field(default_factory=OrderedDict)

    def query(self, views: tuple[str, ...]) -> Query | None:
        """Return the translation for these views on files, if there is one."""
        return self._queries.get(views)

    def keep(self, views: tuple[str, ...], query: Query) -> None:
        """Keep a translation; older ones go."""
        self._queries[views] = query
        while len(self._queries) > _QUERIES:
            self._queries.popitem(last=False)


def find(session: SnowflakeSession, sql: str) -> Plan | None:
    """Return the session's plan of a text; None if there is none that holds, or a right is missing.

    The caller holds the catalogue's lock.
    """
    key = (sql, session.database, session.schema)
    plan: Plan | None = session.plans.pop(key, None)
    if plan is None or not all(use.holds(session) for use in plan.uses):
        return None
    session.plans[key] = plan
    try:
        for use in plan.uses:
            use.check(session.catalog, session.role)
        for scan in plan.scans:
            scan.renew(session.catalog)
    except SqlError:
        # Resolving it again meets the same fault where it comes first.
        return None
    return plan


def keep(session: SnowflakeSession, sql: str, plan: Plan) -> None:
    """Keep a plan for the session; the one that was not used for longest goes."""
    plan.kept = True
    session.plans[sql, session.database, session.schema] = plan
    while len(session.plans) > _PLANS:
        del session.plans[next(iter(session.plans))]
