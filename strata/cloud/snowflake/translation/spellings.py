"""Functions and clauses that say what others say, written as those before types are known.

Rules: Snowflake's SQL reference, "RATIO_TO_REPORT", "CONDITIONAL_TRUE_EVENT", "ASOF JOIN", "PIVOT".
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import Expr, exp

from strata.cloud.snowflake.errors import not_implemented


def rewrite(tree: Expr) -> None:
    """Write the functions and clauses of a statement in the forms that are translated.

    Raises:
        SqlError: one of them is used in a way that is not implemented.
    """
    for window in list(tree.find_all(exp.Window)):
        name = window.this.name.upper() if isinstance(window.this, exp.Anonymous) else ""
        if (written := _WINDOWS.get(name)) is not None:
            # What takes its place holds a copy of it.
            window.replace(written(window.copy(), window.this.expressions[0].copy()))
    for pivot in tree.find_all(exp.Pivot):
        if pivot.args.get("default_on_null"):
            raise not_implemented("PIVOT with DEFAULT ON NULL")
        if pivot.find(exp.PivotAny) or any(field.find(exp.Query) for field in pivot.args.get("fields") or ()):
            raise not_implemented("PIVOT with ANY or a subquery")
    for sample in tree.find_all(exp.TableSample):
        if sample.args.get("size"):
            sample.set("method", exp.var("RESERVOIR"))
    for join in tree.find_all(exp.Join):
        if (condition := join.args.get("match_condition")) is not None:
            _asof(join, condition)


def _share(window: exp.Window, value: Expr) -> Expr:
    """A value by the sum of its window; NULL where that is zero."""
    window.set("this", exp.Sum(this=value.copy()))
    return exp.Div(this=exp.Paren(this=value), expression=exp.Nullif(this=window, expression=_ZERO.copy()))


def _true_events(window: exp.Window, condition: Expr) -> Expr:
    """How often the condition was true up to a row."""
    counted = exp.If(this=condition, true=exp.Literal.number(1), false=_ZERO.copy())
    window.set("this", exp.Sum(this=counted))
    return window


_ZERO = exp.Literal.number(0)
_WINDOWS: dict[str, Callable[[exp.Window, Expr], Expr]] = {
    "CONDITIONAL_TRUE_EVENT": _true_events,
    "RATIO_TO_REPORT": _share,
}


def _asof(join: exp.Join, condition: Expr) -> None:
    """Join each row with the closest one; rows of the left side that have none stay."""
    if join.args.get("using"):
        raise not_implemented("ASOF JOIN with USING")
    on = join.args.get("on")
    join.set("side", "LEFT")
    join.set("match_condition", None)
    join.set("on", condition if on is None else exp.and_(on, condition))
