"""The columns of ordinary tables, as the catalogue keeps them beside the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import Expr, exp

from strata.cloud.snowflake.catalog import ForeignKey, Table
from strata.cloud.snowflake.errors import SqlError, not_implemented
from strata.cloud.snowflake.grammar import Path
from strata.cloud.snowflake.relations import engine_columns, parsed
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.translation import types
from strata.cloud.snowflake.translation.types import Type

Declared = Sequence[tuple[str, Type | None]]


def declared(tree: Expr) -> list[tuple[str, Type | None]]:
    """Return the columns that CREATE TABLE or ALTER TABLE declares; a type is None where none is given.

    Raises:
        SqlError: a name is given twice, or two names differ by case only.
    """
    found = [
        (definition.name, types.normal(definition.args["kind"]) if definition.args.get("kind") else None)
        for definition in tree.find_all(exp.ColumnDef)
    ]
    if isinstance(tree, exp.Create) and isinstance(tree.this, exp.Schema) and not found:
        found = [
            (identifier.name, None)
            for identifier in tree.this.expressions
            if isinstance(identifier, exp.Identifier)
        ]
    names = [name for name, _ in found]
    if len(set(names)) != len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise SqlError(
            f"SQL compilation error:\nduplicate column name '{double}'", code=2025, sqlstate="42S21"
        )
    if len({name.upper() for name in names}) != len(names):
        raise not_implemented("columns of one table whose names differ by case only")
    return found


@dataclass(frozen=True)
class Definition:
    """What CREATE TABLE or ALTER TABLE says of a table, read before the statement is translated."""

    columns: Declared = ()
    required: tuple[str, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    key_names: Mapping[tuple[str, tuple[str, ...]], str] = field(default_factory=dict)
    references: tuple[ForeignKey, ...] = ()
    identities: Mapping[str, tuple[int, int, str]] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    comment: str = ""
    transient: bool = False
    session: int = 0
    renamed: Path = ()

    def filled_by(self, outputs: Sequence[tuple[str, Type]] | None) -> Definition:
        """Return the definition with the types that the query of CREATE TABLE AS gives."""
        if not self.columns:
            return replace(self, columns=tuple(outputs or ()))
        kinds = [kind for _, kind in outputs or ()]
        known = len(kinds) == len(self.columns)
        return replace(
            self,
            columns=tuple(
                (n, k or (kinds[i] if known else types.text())) for i, (n, k) in enumerate(self.columns)
            ),
        )

    def fill(self, table: Table) -> None:
        table.columns = {name: types.sql_name(kind or types.text()) for name, kind in self.columns}
        table.required, table.defaults, table.keys = self.required, dict(self.defaults), dict(self.keys)
        table.key_names, table.references = dict(self.key_names), self.references
        table.identities, table.comments = dict(self.identities), dict(self.comments)
        table.comment = self.comment
        table.transient, table.session = self.transient, self.session


def define(session: SnowflakeSession, tree: Expr, verb: str) -> Definition:
    """Read the definition of a table, and take out of the statement what the engine does not keep.

    Raises:
        SqlError: it has a clause that is not implemented, or a column twice.
    """
    if verb == "ALTER":
        return _change(session, tree)
    if verb != "CREATE":
        return Definition()
    like = tree.find(exp.LikeProperty)
    if like is not None:
        source = like.this if isinstance(like.this, exp.Table) else like.find(exp.Table)
        assert source is not None
        original = session.catalog.get("TABLE", (source.catalog, source.db, source.name))
        columns = tuple((name, parsed(kind)) for name, kind in original.columns.items())
        return Definition(
            columns,
            original.required,
            original.defaults,
            original.keys,
            original.key_names,
            original.references,
            original.identities,
            original.comments,
        )
    given: Declared = tuple(declared(tree))
    keys, names, references = keys_of(tree), key_names_of(tree), references_of(tree)
    _refuse_constraints(tree)
    forget_keys(tree)
    properties = tree.args.get("properties")
    if not given and isinstance(tree.expression, exp.Query):
        require_names(tree.expression)
    temporary, transient, comment = 0, False, ""
    for item in list(properties.expressions) if properties is not None else ():
        if isinstance(item, exp.TemporaryProperty):
            temporary = session.id
            item.pop()
        elif isinstance(item, exp.SchemaCommentProperty):
            comment = item.name
            item.pop()
        elif isinstance(item, exp.TransientProperty | exp.Cluster):
            transient = transient or isinstance(item, exp.TransientProperty)
            item.pop()
        elif item.name.upper() == "DATA_RETENTION_TIME_IN_DAYS":
            # It bounds time travel, which is refused.
            item.pop()
        else:
            words = item.sql(dialect="snowflake").partition("=")[0].upper()
            raise not_implemented(f"CREATE TABLE ... {words}")
    return Definition(
        given,
        required_of(tree),
        defaults_of(tree),
        keys,
        names,
        references,
        identities_of(tree),
        comments_of(tree),
        comment=comment,
        transient=transient,
        session=temporary,
    )


def _refuse_constraints(tree: Expr) -> None:
    """Refuse what a column may have in Snowflake and has no effect here.

    Raises:
        SqlError: there is one; the error names it.
    """
    for definition in tree.find_all(exp.ColumnDef):
        for constraint in definition.args.get("constraints") or ():
            kind = constraint.kind if isinstance(constraint, exp.ColumnConstraint) else constraint
            if not isinstance(kind, _CONSTRAINTS):
                words = kind.sql(dialect="snowflake").upper().split()
                raise not_implemented(f"a column with {' '.join(words[:2])}")


_CONSTRAINTS = (
    exp.AutoIncrementColumnConstraint,
    exp.CommentColumnConstraint,
    exp.DefaultColumnConstraint,
    exp.GeneratedAsIdentityColumnConstraint,
    exp.NotNullColumnConstraint,
    exp.PrimaryKeyColumnConstraint,
    exp.Reference,
    exp.UniqueColumnConstraint,
)
_CHANGES = (exp.AlterColumn, exp.AlterRename, exp.ColumnDef, exp.Drop, exp.RenameColumn, exp.Cluster)


def _change(session: SnowflakeSession, tree: Expr) -> Definition:
    for action in tree.args.get("actions") or ():
        if not isinstance(action, _CHANGES):
            raise not_implemented(f"ALTER TABLE {action.sql(dialect='snowflake').split()[0]}")
        if isinstance(action, exp.AlterRename):
            new = action.find(exp.Table)
            assert new is not None
            path = session.resolve("TABLE", tuple(part.name for part in new.parts))
            if path[:2] != (tree.this.catalog, tree.this.db):
                raise not_implemented("ALTER TABLE RENAME TO another schema")
            action.set("this", exp.to_table(path[2]))
            action.this.this.set("quoted", True)
            return Definition(renamed=path)
    changed = [a for a in tree.args.get("actions") or () if isinstance(a, exp.AlterColumn)]
    commented = {a.name: a.args["comment"].name for a in changed if a.args.get("comment")}
    if any(a.args.get("default") is not None for a in changed):
        raise not_implemented("ALTER TABLE ... ALTER COLUMN SET DEFAULT")
    retyped = [(a.name, types.normal(a.args["dtype"])) for a in changed if a.args.get("dtype")]
    return Definition(
        (*declared(tree), *retyped),
        (*required_of(tree), *(a.name for a in changed if a.args.get("allow_null") is False)),
        defaults_of(tree),
        comments=comments_of(tree) | commented,
        optional=tuple(a.name for a in changed if a.args.get("allow_null")),
    )


def require_names(query: Expr) -> None:
    """Require that each column of a query that makes a table or a view has a name.

    Raises:
        SqlError: an expression has none.
    """
    while isinstance(query, exp.SetOperation | exp.Subquery):
        query = query.this
    for projection in query.expressions if isinstance(query, exp.Select) else ():
        if not (isinstance(projection, exp.Alias | exp.Column) or projection.is_star):
            raise SqlError(
                "SQL compilation error:\nMissing column specification", code=2022, sqlstate="42601"
            )


def altered(session: SnowflakeSession, path: Path, table: Table, definition: Definition) -> None:
    """Follow a change of a table's columns in the engine."""
    now = engine_columns(session.connection, path)
    before = list(table.columns.items())
    added = dict(definition.columns)
    kept: dict[str, str] = {}
    for index, (name, natural) in enumerate(now.items()):
        known = table.columns.get(name)
        if known is None and name not in added and len(now) == len(before):
            known = before[index][1]
        if known is None or added.get(name) is not None:
            known = types.sql_name(added.get(name) or natural)
        kept[name] = known
    table.columns = kept
    required = dict.fromkeys((*table.required, *definition.required))
    table.required = tuple(name for name in required if name in kept and name not in definition.optional)
    comments = table.comments | dict(definition.comments)
    table.comments = {name: text for name, text in comments.items() if name in kept and text}
    defaults = table.defaults | dict(definition.defaults)
    table.defaults = {name: text for name, text in defaults.items() if name in kept}


def keys_of(tree: Expr) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Return the columns of the keys that CREATE TABLE declares, by PRIMARY and UNIQUE."""
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for kind, columns, _ in sorted(_keys(tree), key=lambda key: key[0]):
        found[kind] = (*found.get(kind, ()), columns)
    return found


def key_names_of(tree: Expr) -> dict[tuple[str, tuple[str, ...]], str]:
    """Return the names that CREATE TABLE gives to keys, by the kind and the columns."""
    return {(kind, columns): name for kind, columns, name in _keys(tree) if name}


def _keys(tree: Expr) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Yield kind, columns and name of each key; the name is empty if none is given."""
    for definition in tree.find_all(exp.ColumnDef):
        for constraint in definition.find_all(exp.ColumnConstraint):
            for kind, name in _COLUMN_KEYS.items():
                if isinstance(constraint.kind, kind):
                    yield name, (definition.name,), constraint.name
    for primary in tree.find_all(exp.PrimaryKey):
        yield "PRIMARY", tuple(e.name for e in primary.expressions), _constraint_of(primary)
    for unique in tree.find_all(exp.UniqueColumnConstraint):
        if isinstance(unique.this, exp.Schema):
            yield "UNIQUE", tuple(e.name for e in unique.this.expressions), _constraint_of(unique)


def _constraint_of(node: Expr) -> str:
    """Return the name of the constraint that a key or reference is in."""
    holder = node.find_ancestor(exp.Constraint, exp.ColumnConstraint)
    return holder.name if holder is not None and isinstance(holder.this, exp.Identifier) else ""


_COLUMN_KEYS: dict[type[Expr], str] = {
    exp.PrimaryKeyColumnConstraint: "PRIMARY",
    exp.UniqueColumnConstraint: "UNIQUE",
}


def references_of(tree: Expr) -> tuple[ForeignKey, ...]:
    """Return the foreign keys that CREATE TABLE declares, whose tables are qualified."""
    found = []
    for reference in tree.find_all(exp.Reference):
        holder = reference.find_ancestor(exp.ForeignKey, exp.ColumnDef)
        own = [holder] if isinstance(holder, exp.ColumnDef) else holder.expressions if holder else []
        table = reference.find(exp.Table)
        assert table is not None, "a reference names a table"
        named = reference.this.expressions if isinstance(reference.this, exp.Schema) else []
        path = (table.catalog, table.db, table.name)
        columns = tuple(e.name for e in own)
        found.append(ForeignKey(columns, path, tuple(e.name for e in named), _constraint_of(reference)))
    return tuple(found)


def forget_keys(tree: Expr) -> None:
    """Take the keys out of CREATE TABLE: Snowflake keeps them and does not enforce them.

    The columns of a primary key may not be null.
    """
    for keys in keys_of(tree).get("PRIMARY", ()):
        for definition in tree.find_all(exp.ColumnDef):
            if definition.name in keys and not definition.find(exp.NotNullColumnConstraint):
                required = exp.ColumnConstraint(kind=exp.NotNullColumnConstraint())
                definition.append("constraints", required)
    for constraint in list(tree.find_all(exp.ColumnConstraint)):
        if isinstance(constraint.kind, (*_COLUMN_KEYS, exp.Reference)):
            constraint.pop()
    for key in list(tree.find_all(exp.PrimaryKey, exp.ForeignKey, exp.UniqueColumnConstraint)):
        holder = key.parent if isinstance(key.parent, exp.Constraint) else key
        holder.pop()


def required_of(tree: Expr) -> tuple[str, ...]:
    """Return the columns that may not be null."""
    return tuple(
        definition.name
        for definition in tree.find_all(exp.ColumnDef)
        if any(not c.args.get("allow_null") for c in definition.find_all(exp.NotNullColumnConstraint))
    )


def defaults_of(tree: Expr) -> dict[str, str]:
    """Return the text of each column's default."""
    return {
        definition.name: constraint.this.sql(dialect="snowflake")
        for definition in tree.find_all(exp.ColumnDef)
        for constraint in definition.find_all(exp.DefaultColumnConstraint)
    }


def comments_of(tree: Expr) -> dict[str, str]:
    """Take the comment of each column out of the statement, and return them."""
    found: dict[str, str] = {}
    for definition in tree.find_all(exp.ColumnDef):
        for comment in list(definition.find_all(exp.CommentColumnConstraint)):
            found[definition.name] = comment.name
            assert comment.parent is not None, "it is in the constraint of a column"
            comment.parent.pop()
    return found


def identities_of(tree: Expr) -> dict[str, tuple[int, int, str]]:
    """Return start, increment and order of each column that numbers itself."""
    found: dict[str, tuple[int, int, str]] = {}
    for definition in tree.find_all(exp.ColumnDef):
        if definition.find(exp.AutoIncrementColumnConstraint):
            found[definition.name] = (1, 1, "NOORDER")
        for given in definition.find_all(exp.GeneratedAsIdentityColumnConstraint):
            start, increment = (int(given.args[k].name) if given.args.get(k) else 1 for k in _NUMBERED)
            found[definition.name] = (start, increment, "ORDER" if given.args.get("order") else "NOORDER")
    return found


_NUMBERED = ("start", "increment")
