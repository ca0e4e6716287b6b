"""The type of every expression of a statement, by Snowflake's rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlglot import Expr, exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.optimizer.annotate_types import TypeAnnotator
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.schema import MappingSchema

from strata.cloud.snowflake.errors import not_implemented
from strata.cloud.snowflake.translation import scopes, types
from strata.cloud.snowflake.translation.scopes import Columns, Names, Tables
from strata.cloud.snowflake.translation.signatures import RULES, Rule
from strata.cloud.snowflake.translation.types import Type

_of = types.type_of


def annotate(tree: Expr, tables: Tables) -> list[tuple[str, Type]] | None:
    """Set the type of every expression; return name and type of each column of the result, if known.

    Raises:
        SqlError: a column does not exist, or its name is ambiguous.
    """
    annotator = TypeAnnotator(MappingSchema(dialect="snowflake"), expression_metadata=_METADATA)
    outer = _target_names(tree, tables)
    found: list[tuple[str, Type]] | None = None
    for query in _queries(tree):
        found = _annotate_query(query, annotator, tables, outer)
    if outer is not None:
        _qualify_inserted(tree)
        for column in tree.find_all(exp.Column):
            if column.type is None and not isinstance(column.this, exp.Star):
                kind = types.UNKNOWN if _is_target(column) else outer.find(column)
                if kind is None:
                    raise scopes.invalid(column)
                _set(annotator, column, kind)
    annotator.annotate(tree, annotate_scope=False)
    return found


def _queries(tree: Expr) -> Iterator[Expr]:
    """Yield the outermost queries of a statement."""
    if isinstance(tree, exp.Query):
        yield tree
        return
    for child in tree.iter_expressions():
        yield from _queries(child)


def _target_names(tree: Expr, tables: Tables) -> Names | None:
    """Return what the clauses of UPDATE, DELETE and MERGE can name."""
    if not isinstance(tree, exp.Update | exp.Delete | exp.Merge):
        return None
    names = Names()
    for table in tree.find_all(exp.Table):
        if table.find_ancestor(exp.Query) is None:
            names.sources[table.alias_or_name] = tables(table)
    for subquery in tree.find_all(exp.Subquery):
        if subquery.parent_select is None and subquery.alias:
            names.sources[subquery.alias] = None
    return names


def _is_target(column: exp.Column) -> bool:
    """Return whether a column is one that UPDATE or MERGE writes."""
    parent = column.parent
    if isinstance(parent, exp.EQ) and isinstance(parent.parent, exp.Update) and parent.this is column:
        return parent.arg_key == "expressions"
    return (
        isinstance(parent, exp.Tuple) and isinstance(parent.parent, exp.Insert) and parent.arg_key == "this"
    )


def _qualify_inserted(tree: Expr) -> None:
    """Name the source of the columns that MERGE inserts: without a name they are the source's."""
    if not isinstance(tree, exp.Merge):
        return
    source = tree.args["using"].alias_or_name
    for when in tree.find_all(exp.When):
        then = when.args["then"]
        values = then.expression if isinstance(then, exp.Insert) else None
        for column in values.find_all(exp.Column) if values is not None else ():
            if not column.table:
                column.set("table", exp.to_identifier(source, quoted=True))


def _annotate_query(
    query: Expr, annotator: TypeAnnotator, tables: Tables, outer: Names | None
) -> list[tuple[str, Type]] | None:
    outputs: dict[int, Columns | None] = {}
    found: list[tuple[str, Type]] | None = None
    for scope in traverse_scope(query):
        names = scopes.names_of(scope, tables, outputs)
        names.outer = _around(scope, tables, outputs, outer)
        _resolve(scope, names, annotator)
        _annotate_within(scope.expression, annotator)
        if isinstance(scope.expression, exp.Query):
            found = scopes.outputs_list(scope.expression, names)
        outputs[id(scope.expression)] = scopes.outputs_of(scope, names)
    return found


def _around(
    scope: Scope, tables: Tables, outputs: dict[int, Columns | None], outer: Names | None
) -> Names | None:
    if scope.parent is None:
        return outer
    if scope.is_cte or (scope.is_derived_table and not isinstance(scope.expression.parent, exp.Lateral)):
        return _around(scope.parent, tables, outputs, outer) if scope.is_derived_table else outer
    names = scopes.names_of(scope.parent, tables, outputs)
    names.outer = _around(scope.parent, tables, outputs, outer)
    return names


def _resolve(scope: Scope, names: Names, annotator: TypeAnnotator) -> None:
    """Set the types of the columns of a scope, those of its own aliases last."""
    select = scope.expression
    aliases: dict[str, Expr] = {}
    pending: list[exp.Column] = []
    for column in scopes.columns_in(scope):
        if id(column) in annotator._visited:
            # A scope inside this one has resolved it.
            continue
        kind = names.find(column)
        if kind is None:
            pending.append(column)
        else:
            _set(annotator, column, kind)
    if isinstance(select, exp.Select):
        aliases = {e.alias: e for e in select.expressions if isinstance(e, exp.Alias)}
    elif isinstance(select, exp.SetOperation):
        listed = scopes.outputs_list(select, names) or []
        for column in list(pending):
            kinds = dict(listed)
            if column.name in kinds or not listed:
                _set(annotator, column, kinds.get(column.name, types.UNKNOWN))
                pending.remove(column)
    for _ in range(len(pending) + 1):
        for column in list(pending):
            alias = aliases.get(column.name) if not column.table else None
            if alias is None:
                continue
            inner = [c for c in alias.find_all(exp.Column) if any(c is p for p in pending)]
            if not inner:
                _annotate_within(alias, annotator)
                _set(annotator, column, _of(alias))
                pending = [p for p in pending if p is not column]
    for column in pending:
        if column.name.startswith("METADATA$"):
            raise not_implemented(column.name)
        if _is_name(column, names):
            _set(annotator, column, types.UNKNOWN)
        else:
            raise scopes.invalid(column)


def _is_name(column: exp.Column, names: Names) -> bool:
    """Return whether a column is not one at all: a sequence's NEXTVAL, a table, or a word of a clause."""
    if column.name == "NEXTVAL" or isinstance(column.parent, exp.Kwarg | exp.PropertyEQ):
        return True
    if not column.table and names.knows(column.name):
        return True
    ancestor: Expr | None = column.parent
    while ancestor is not None and not isinstance(ancestor, exp.Query):
        if isinstance(ancestor, exp.Pivot | exp.MatchRecognize | exp.Lambda | exp.Connect):
            return True
        ancestor = ancestor.parent
    return False


def _set(annotator: TypeAnnotator, node: Expr, kind: Type) -> None:
    annotator._set_type(node, kind.copy())


def _annotate_within(node: Expr, annotator: TypeAnnotator) -> None:
    annotator._annotate_expression(node)


def _annotator(rule: Rule) -> Callable[[TypeAnnotator, Expr], Expr]:
    def apply(annotator: TypeAnnotator, node: Expr) -> Expr:
        return annotator._set_type(node, rule(node).copy())

    return apply


_METADATA: Any = Snowflake.EXPRESSION_METADATA | {
    kind: {"annotator": _annotator(rule)} for kind, rule in RULES.items()
}
