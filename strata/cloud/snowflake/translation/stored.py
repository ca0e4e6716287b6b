"""Values on their way into a table: converted to the types of its columns, and too long text refused."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import Expr, exp

from strata.cloud.snowflake.errors import SqlError, not_implemented
from strata.cloud.snowflake.translation import scopes, types
from strata.cloud.snowflake.translation.casts import convert, to_text
from strata.cloud.snowflake.translation.scopes import Tables
from strata.cloud.snowflake.translation.tree import call
from strata.cloud.snowflake.translation.types import Type

Outputs = Sequence[tuple[str, Type]]


def convert_values(tree: Expr, tables: Tables, outputs: Outputs | None) -> None:
    """Convert what INSERT, UPDATE or MERGE writes; `outputs` are the columns of an INSERT's query."""
    if isinstance(tree, exp.Create) and isinstance(tree.expression, exp.Query):
        _created(tree, outputs)
    elif isinstance(tree, exp.Insert):
        target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        _insert(tree, tables(target) or {}, outputs)
    elif isinstance(tree, exp.Update):
        _assignments(tree, tables(tree.this) or {})
    elif isinstance(tree, exp.Merge):
        columns = tables(tree.this) or {}
        for when in tree.find_all(exp.When):
            then = when.args.get("then")
            if isinstance(then, exp.Update):
                _assignments(then, columns)
            elif isinstance(then, exp.Insert) and isinstance(then.expression, exp.Tuple):
                names = (
                    [e.name for e in then.this.expressions]
                    if isinstance(then.this, exp.Tuple)
                    else list(columns)
                )
                _row(then.expression, [columns.get(name) for name in names])


def _created(tree: exp.Create, outputs: Outputs | None) -> None:
    """Name and convert the columns of CREATE TABLE (...) AS by its definition."""
    if not isinstance(tree.this, exp.Schema):
        return
    definitions = tree.this.expressions
    if outputs is None:
        raise not_implemented("CREATE TABLE (...) AS of a query whose columns are not known")
    if len(definitions) != len(outputs):
        raise SqlError("SQL compilation error:\nInvalid column definition list", code=2026, sqlstate="42601")
    aliases = [exp.to_identifier(f"_{i}", quoted=True) for i in range(len(outputs))]
    cells: list[Expr] = []
    for alias, definition, (_, given) in zip(aliases, definitions, outputs, strict=True):
        cell: Expr = exp.column(alias.copy(), table=exp.to_identifier("_source", quoted=True))
        cell.type = given
        declared = definition.args.get("kind") if isinstance(definition, exp.ColumnDef) else None
        if declared is not None:
            cell = _stored(cell, types.normal(declared))
        cells.append(exp.alias_(cell, definition.name, quoted=True))
    inner = exp.Subquery(
        this=tree.expression,
        alias=exp.TableAlias(this=exp.to_identifier("_source", quoted=True), columns=aliases),
    )
    tree.set("expression", exp.Select(expressions=cells, from_=exp.From(this=inner)))
    tree.set("this", tree.this.this)


def _require(names: Sequence[str], columns: dict[str, Type]) -> None:
    """Require that a table has the columns: the engine would find them in another case too."""
    for name in names:
        if columns and name not in columns:
            raise scopes.invalid(exp.column(exp.to_identifier(name, quoted=True)))


def _assignments(update: exp.Update, columns: dict[str, Type] | object) -> None:
    known = columns if isinstance(columns, dict) else {}
    for assignment in update.expressions:
        if isinstance(assignment, exp.EQ) and isinstance(assignment.this, exp.Column):
            _require([assignment.this.name], known)
            kind = known.get(assignment.this.name)
            if kind is not None:
                assignment.set("expression", _stored(assignment.expression, kind))


def _insert(tree: exp.Insert, columns: object, outputs: Outputs | None) -> None:
    known = columns if isinstance(columns, dict) else {}
    names = [e.name for e in tree.this.expressions] if isinstance(tree.this, exp.Schema) else list(known)
    _require(names, known)
    kinds = [known.get(name) for name in names]
    source = tree.expression
    if isinstance(source, exp.Values):
        for row in source.expressions:
            _row(row, kinds)
    elif isinstance(source, exp.Query) and outputs is not None and known:
        if len(outputs) != len(kinds):
            raise SqlError(
                f"SQL compilation error:\nInsert value list does not match column list expecting "
                f"{len(kinds)} but got {len(outputs)}",
                code=2020,
                sqlstate="21S01",
            )
        aliases = [exp.to_identifier(f"_{i}", quoted=True) for i in range(len(outputs))]
        cells: list[Expr] = []
        for alias, (_, given), kind in zip(aliases, outputs, kinds, strict=True):
            cell = exp.column(alias.copy(), table=exp.to_identifier("_source", quoted=True))
            cell.type = given
            cells.append(cell if kind is None else _stored(cell, kind))
        inner = exp.Subquery(
            this=source, alias=exp.TableAlias(this=exp.to_identifier("_source", quoted=True), columns=aliases)
        )
        wrapped = exp.Select(expressions=cells, from_=exp.From(this=inner))
        if source.args.get("with_"):
            wrapped.set("with_", source.args["with_"].pop())
        tree.set("expression", wrapped)


def _row(row: Expr, kinds: Sequence[Type | None]) -> None:
    if isinstance(row, exp.Tuple) and len(row.expressions) != len(kinds) and None not in kinds and kinds:
        raise SqlError(
            f"SQL compilation error:\nInsert value list does not match column list expecting {len(kinds)} "
            f"but got {len(row.expressions)}",
            code=2020,
            sqlstate="21S01",
        )
    if isinstance(row, exp.Tuple):
        row.set(
            "expressions",
            [
                cell if kind is None else _stored(cell, kind)
                for cell, kind in zip(row.expressions, kinds, strict=False)
            ],
        )


def _stored(cell: Expr, kind: Type) -> Expr:
    given = types.type_of(cell)
    if not types.is_known(given):
        return cell
    if types.is_variant(kind) and types.is_text(given):
        raise SqlError(
            "SQL compilation error:\nExpression type does not match column data type, expecting "
            f"{types.sql_name(kind)} but got {types.sql_name(given)}",
            code=2023,
            sqlstate="22000",
        )
    if types.is_text(kind):
        text = to_text(cell)
        length = types.length_of(kind)
        fits = length >= types.LONGEST or (types.is_text(given) and types.length_of(given) <= length)
        found = text if fits else call("_sf_stored", text, exp.Literal.number(length))
        found.type = kind.copy()
        return found
    return convert(cell, kind)
