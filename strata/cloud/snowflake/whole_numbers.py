"""Aggregates of whole numbers in files, on the integers that the files hold.

The engine's NUMBER(38,0) has 128 bits: an aggregate of a column spends a third of its CPU on converting every
value first. The least, the greatest and the sum of integers are the same converted last.
"""

from __future__ import annotations

from collections import defaultdict

from sqlglot import Expr, exp

from strata.cloud.snowflake.translation import types
from strata.cloud.snowflake.translation.tree import cast

_AGGREGATES = (exp.Max, exp.Min, exp.Sum)


def aggregated_columns(tree: Expr, scan: Expr) -> dict[str, list[Expr]]:
    """Return the columns of a scan of which a statement asks for nothing else, with their aggregates.

    Args:
        tree: the statement.
        scan: the place of the scan in it.
    """
    select = scan.parent.parent if isinstance(scan.parent, exp.From) else None
    if not isinstance(select, exp.Select) or any(
        select.args.get(name) for name in ("joins", "laterals", "pivots")
    ):
        return {}
    if any(not isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star)):
        return {}
    found: dict[str, list[Expr]] = defaultdict(list)
    others: set[str] = set()
    for column in tree.find_all(exp.Column):
        aggregate = column.parent
        if isinstance(aggregate, _AGGREGATES) and _is_output(aggregate, select):
            found[column.name].append(aggregate)
        else:
            others.add(column.name)
    return {name: aggregates for name, aggregates in found.items() if name not in others}


def _is_output(aggregate: Expr, select: exp.Select) -> bool:
    holder = aggregate.parent
    if not isinstance(holder, exp.Alias) or holder.parent is not select:
        return False
    return all(value is aggregate.this for value in aggregate.iter_expressions())


def convert_last(aggregates: list[Expr]) -> None:
    """Convert aggregates of integers to NUMBER(38,0)."""
    for aggregate in aggregates:
        if not isinstance(aggregate, exp.Sum):  # whose translation converts it
            holder = aggregate.parent
            assert holder is not None, "it is an output"
            holder.set("this", cast(aggregate, types.number()))


def is_integer(value: Expr, integers: frozenset[str]) -> bool:
    """Return whether a value is an integer column, converted to NUMBER(38,0)."""
    value = value.unnest()
    if not isinstance(value, exp.Cast) or isinstance(value, exp.TryCast):
        return False
    return (
        types.normal(value.to) == types.number()
        and isinstance(value.this, exp.Column)
        and value.this.name in integers
    )
