"""The columns that each part of a statement can name, and their types."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import Expr, exp
from sqlglot.optimizer.scope import Scope, walk_in_scope

from strata.cloud.snowflake.errors import SqlError, not_implemented
from strata.cloud.snowflake.translation import types
from strata.cloud.snowflake.translation.types import Type

Columns = Mapping[str, Type]
# Returns the columns of a table in the engine; None if they are not known.
Tables = Callable[[exp.Table], Columns | None]

_FLATTENED = {
    "SEQ": types.number(),
    "KEY": types.text(),
    "PATH": types.text(),
    "INDEX": types.number(),
    "VALUE": types.VARIANT,
    "THIS": types.VARIANT,
}
_SPLIT = {"SEQ": types.number(), "INDEX": types.number(), "VALUE": types.text()}


@dataclass
class Names:
    """What a SELECT, or one of its clauses, can name.

    Attributes:
        sources: the columns by the name of their source; None if they are not known.
        joined: columns that USING or NATURAL merges, so that no source need be named.
        outer: the names of the query around it.
        pivoted: the columns that PIVOT reads; those it gives are not known.
        opaque: whether the columns of some source are not known at all.
    """

    sources: dict[str, Columns | None] = field(default_factory=dict)
    joined: set[str] = field(default_factory=set)
    outer: Names | None = None
    pivoted: dict[str, Columns | None] = field(default_factory=dict)

    @property
    def opaque(self) -> bool:
        return any(columns is None for columns in self.sources.values())

    def find(self, column: exp.Column) -> Type | None:
        """Return the type of a column; None if there is none of this name.

        Raises:
            SqlError: several sources have it.
        """
        if self.pivoted and not column.table and _is_pivoted(column):
            kinds = [columns.get(column.name) for columns in self.pivoted.values() if columns]
            return kinds[0] if len(kinds) == 1 and kinds[0] is not None else types.UNKNOWN
        if column.table:
            if column.table in self.sources:
                columns = self.sources[column.table]
                return types.UNKNOWN if columns is None else columns.get(column.name)
            return self.outer.find(column) if self.outer else None
        found = [
            columns[column.name] for columns in self.sources.values() if columns and column.name in columns
        ]
        if len(found) > 1 and column.name not in self.joined:
            raise SqlError(
                f"SQL compilation error:\nambiguous column name '{column.name}'", code=2028, sqlstate="42601"
            )
        if found:
            return found[0]
        if self.opaque:
            return types.UNKNOWN
        return self.outer.find(column) if self.outer else None

    def knows(self, source: str) -> bool:
        return source in self.sources or (self.outer is not None and self.outer.knows(source))


def _is_pivoted(column: exp.Column) -> bool:
    return isinstance(column.find_ancestor(exp.Pivot, exp.Query), exp.Pivot)


def names_of(scope: Scope, tables: Tables, outputs: Mapping[int, Columns | None]) -> Names:
    """Return what the SELECT of a scope can name; `outputs` are those of the scopes before, by expression."""
    names = Names()
    for name, source in scope.sources.items():
        if isinstance(source, exp.Table):
            names.sources[name] = _table(source, tables)
        else:
            names.sources[name] = _recursive(name, source.expression, outputs.get(id(source.expression)))
    select = scope.expression
    if isinstance(select, exp.Select):
        for join in select.args.get("joins") or ():
            names.joined |= {identifier.name for identifier in join.args.get("using") or ()}
            if join.method == "NATURAL" or join.args.get("match_condition"):
                names.joined |= {name for columns in names.sources.values() for name in columns or ()}
        if select.args.get("pivots") or any(t.args.get("pivots") for t in scope.tables) or scope.pivots:
            names.pivoted, names.sources = names.sources, dict.fromkeys(names.sources)
    return names


def _recursive(name: str, query: Expr, columns: Columns | None) -> Columns | None:
    """Name the columns of a query that refers to itself as its WITH names them."""
    holder = query.find_ancestor(exp.CTE) if isinstance(query.parent, exp.SetOperation) else None
    if columns is None or holder is None or holder.alias != name:
        return columns
    given = holder.args["alias"].columns
    return dict(zip([c.name for c in given], columns.values(), strict=False)) if given else columns


def _table(table: exp.Table, tables: Tables) -> Columns | None:
    columns = tables(table)
    alias = table.args.get("alias")
    if columns is not None and isinstance(alias, exp.TableAlias) and alias.columns:
        return dict(zip([c.name for c in alias.columns], columns.values(), strict=False))
    return columns


def outputs_of(scope: Scope, names: Names) -> Columns | None:
    """Return the columns of a scope's result; None if they are not known."""
    node = scope.expression
    if isinstance(node, exp.Lateral | exp.TableFromRows):
        return _function_columns(node)
    if isinstance(node, exp.Values):
        rows = node.expressions
        kinds = [
            types.common([types.type_of(cell) for cell in cells])
            for cells in zip(*(row.expressions for row in rows), strict=False)
        ]
        return _renamed(node, {f"COLUMN{i}": kind for i, kind in enumerate(kinds, start=1)})
    if isinstance(node, exp.SetOperation):
        sides = [outputs_list(side, names) for side in (node.left, node.right)]
        if sides[0] is None or sides[1] is None or len(sides[0]) != len(sides[1]):
            return None
        merged = {n: types.common([a, b]) for (n, a), (_, b) in zip(sides[0], sides[1], strict=True)}
        return _renamed(node, merged) if len(merged) == len(sides[0]) else None
    if isinstance(node, exp.Query):
        listed = outputs_list(node, names)
        return None if listed is None else _renamed(node, dict(reversed(list(reversed(listed)))))
    return None


def _renamed(node: Expr, columns: dict[str, Type]) -> Columns:
    holder = node if isinstance(node, exp.Values) else node.parent
    if isinstance(holder, exp.Values | exp.Subquery | exp.CTE):
        alias = holder.args.get("alias")
        given = alias.columns if isinstance(alias, exp.TableAlias) else ()
        if given:
            return dict(zip([c.name for c in given], columns.values(), strict=False))
    return columns


def outputs_list(node: Expr, names: Names | None) -> list[tuple[str, Type]] | None:
    """Return name and type of each column of a query whose columns are annotated; None if not known."""
    while isinstance(node, exp.Subquery | exp.Paren):
        node = node.this
    if isinstance(node, exp.SetOperation):
        left, right = outputs_list(node.left, None), outputs_list(node.right, None)
        if left is None or right is None or len(left) != len(right):
            return None
        for (_, a), (_, b) in zip(left, right, strict=True):
            if types.is_known(a) and types.is_known(b) and types.is_text(a) != types.is_text(b):
                raise not_implemented("a set operation of text and another type")
        return [(n, types.common([a, b])) for (n, a), (_, b) in zip(left, right, strict=True)]
    if not isinstance(node, exp.Select):
        return None
    found = node.meta.get("outputs")
    if found is not None:
        return list(found)
    listed: list[tuple[str, Type]] = []
    for projection in node.expressions:
        if projection.is_star:
            expanded = None if names is None else _star(projection, names)
            if expanded is None:
                return None
            listed += expanded
        else:
            listed.append((projection.alias_or_name, types.type_of(projection)))
    node.meta["outputs"] = listed
    return listed


def _star(star: Expr, names: Names) -> list[tuple[str, Type]] | None:
    of = star.table if isinstance(star, exp.Column) else ""
    inner = star.this if isinstance(star, exp.Column) else star
    if of and of not in names.sources:
        return None
    found: list[tuple[str, Type]] = []
    for name in [of] if of else names.sources:
        columns = names.sources[name]
        if columns is None:
            if inner.args.get("ilike"):
                raise not_implemented("SELECT * ILIKE of a relation whose columns are not known")
            return None
        taken = {n for n, _ in found}
        found += [(n, k) for n, k in columns.items() if not (n in names.joined and n in taken)]
    if (like := inner.args.get("ilike")) is not None:
        _drop_others(inner, like.name, [n for n, _ in found])
    dropped = {e.name for e in inner.args.get("except_") or ()}
    renamed = {e.this.name: e.alias for e in inner.args.get("rename") or ()}
    replaced = {e.alias: types.type_of(e) for e in inner.args.get("replace") or ()}
    return [(renamed.get(n, n), replaced.get(n, k)) for n, k in found if n not in dropped]


def _drop_others(star: Expr, pattern: str, names: Sequence[str]) -> None:
    """Write `* ILIKE pattern` as the exclusion of the columns that it does not match."""
    wanted = re.compile(
        "".join({"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in pattern),
        re.IGNORECASE | re.DOTALL,
    )
    others = [name for name in dict.fromkeys(names) if not wanted.fullmatch(name)]
    if len(others) == len(set(names)):
        raise not_implemented("SELECT * ILIKE that matches no column")
    star.set("ilike", None)
    if others:
        star.set("except_", [exp.to_identifier(name, quoted=True) for name in others])


def _function_columns(node: Expr) -> Columns | None:
    inner = node.this
    if isinstance(inner, exp.Explode):
        return _FLATTENED
    if isinstance(inner, exp.SplitToTable):
        return _SPLIT
    name = inner.name.upper() if isinstance(inner, exp.Anonymous) else ""
    return {} if name == "GENERATOR" else None


def invalid(column: exp.Column) -> SqlError:
    """Return the error for a column that is not there."""
    name = ".".join(_written(part) for part in column.parts)
    position = column.this.meta.get("start")
    where = (
        "" if position is None else f" error line {column.this.meta.get('line', 1)} at position {position}"
    )
    return SqlError(f"SQL compilation error:{where}\ninvalid identifier '{name}'", code=904, sqlstate="42000")


def _written(part: Expr) -> str:
    name = part.name
    return (
        name if name.upper() == name and name.replace("_", "A").replace("$", "A").isalnum() else f'"{name}"'
    )


def columns_in(scope: Scope) -> Iterator[exp.Column]:
    """Yield the columns in a scope, without those of the queries in it."""
    for node in walk_in_scope(scope.expression):
        if isinstance(node, exp.Column) and not isinstance(node.this, exp.Star):
            yield node
