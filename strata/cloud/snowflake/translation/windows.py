"""Window functions: their frame where none is written, and the type of their result."""

from __future__ import annotations

from sqlglot import Expr, exp

from strata.cloud.snowflake.translation import numbers, types
from strata.cloud.snowflake.translation.tree import cast, string

_of = types.type_of


def windowed(node: exp.Window) -> Expr:
    if isinstance(node.this, exp.Avg):
        return numbers.average_over(node)
    if isinstance(node.this, exp.GroupConcat):
        # The empty text where all values are null.
        return exp.Coalesce(this=node, expressions=[string("")])
    if isinstance(node.this, exp.NthValue) and node.args.get("spec") is None and node.args.get("order"):
        node.set(
            "spec",
            exp.WindowSpec(
                kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="UNBOUNDED", end_side="FOLLOWING"
            ),
        )
    if isinstance(node.this, exp.FirstValue | exp.LastValue) and node.args.get("spec") is None:
        node.set(
            "spec",
            exp.WindowSpec(
                kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="UNBOUNDED", end_side="FOLLOWING"
            ),
        )
    kind = _of(node)
    if isinstance(node.this, exp.Sum | exp.Variance | exp.VariancePop | exp.Median) and types.is_fixed(kind):
        return cast(node, kind)
    return node
