"""The part of a query's WHERE that depends on file paths only."""

from __future__ import annotations

from sqlglot import Expr, exp

from strata.cloud.snowflake.catalog import ExternalTable
from strata.cloud.snowflake.external_files import parsed


def predicate(table: exp.Table, relation: ExternalTable) -> Expr | None:
    """Return the conjuncts over partition columns of an external table, rewritten over METADATA$FILENAME.

    They come from the SELECT that reads the table, and only if it has no outer join: a null-extended row
    satisfies no condition on its own columns.
    """
    select = table.find_ancestor(exp.Select)
    source = table.parent
    if select is None or not isinstance(source, exp.From | exp.Join):
        return None
    joins = select.args.get("joins") or []
    if any(join.side for join in joins):
        return None
    where = select.args.get("where")
    if where is None:
        return None
    alias = (table.alias or table.name).upper()
    partitions = [column for column in relation.columns if column.name in relation.partition_by]
    expressions = {column.name: column.expression for column in partitions}
    conjuncts = where.this.flatten() if isinstance(where.this, exp.And) else [where.this]
    kept = [
        found
        for conjunct in conjuncts
        if (found := _over_path(conjunct, alias, expressions, alone=not joins)) is not None
    ]
    return exp.and_(*kept) if kept else None


def _over_path(conjunct: Expr, alias: str, expressions: dict[str, str], *, alone: bool) -> Expr | None:
    if conjunct.find(exp.Query, exp.AggFunc, exp.Window, exp.Placeholder):
        return None
    columns = list(conjunct.find_all(exp.Column))
    for column in columns:
        qualified = column.table.upper() == alias if column.table else alone
        if not qualified or (_name(column) not in expressions and _name(column) != "METADATA$FILENAME"):
            return None
    if not columns:
        return None
    copy = conjunct.copy()
    holder = exp.Paren(this=copy)
    for column in list(holder.find_all(exp.Column)):
        text = expressions.get(_name(column))
        column.replace(exp.Paren(this=parsed(text)) if text else exp.column("METADATA$FILENAME"))
    for reference in list(holder.find_all(exp.Column)):
        reference.replace(exp.column("METADATA$FILENAME", quoted=True))
    return holder


def _name(column: exp.Column) -> str:
    return column.name if column.this.args.get("quoted") else column.name.upper()
