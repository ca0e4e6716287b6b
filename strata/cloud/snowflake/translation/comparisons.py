"""Comparisons and orders: the operands are converted to one type, as Snowflake chooses it."""

from __future__ import annotations

from sqlglot import Expr, exp

from strata.cloud.snowflake.errors import not_implemented
from strata.cloud.snowflake.translation import types
from strata.cloud.snowflake.translation.casts import convert, instant, variant_text
from strata.cloud.snowflake.translation.tree import call
from strata.cloud.snowflake.translation.types import Type

_of = types.type_of


def compared(node: exp.Binary | exp.EqualNull) -> Expr:
    """Convert the operands of a comparison to one type."""
    left, right = node.this, node.expression
    if isinstance(right, exp.Any | exp.All | exp.Tuple | exp.Query) or isinstance(left, exp.Tuple):
        return node
    node.set("this", _side(left, _of(right), node))
    node.set("expression", _side(right, _of(left), node))
    return node


def _side(operand: Expr, other: Type, node: Expr) -> Expr:
    kind = _of(operand)
    if not types.is_known(kind):
        return operand
    if types.is_variant(kind):
        if types.is_text(other):
            return variant_text(operand)
        if types.is_known(other) and not types.is_variant(other):
            return convert(operand, other)
        return call("_sf_sort_key", operand)
    if types.is_variant(other):
        return operand
    if types.TZ in (kind, other) or types.LTZ in (kind, other):
        return instant(operand)
    if types.is_text(kind) and types.is_known(other) and not types.is_text(other):
        return convert(
            operand, types.number(38, max(5, types.digits(other)[1])) if types.is_fixed(other) else other
        )
    return operand


def between(node: exp.Between) -> Expr:
    kinds = [_of(node.this), _of(node.args["low"]), _of(node.args["high"])]
    if any(types.is_variant(kind) or kind == types.TZ for kind in kinds):
        raise not_implemented("BETWEEN on VARIANT or TIMESTAMP_TZ")
    if types.is_known(kinds[0]) and not types.is_text(kinds[0]):
        for name in ("low", "high"):
            node.set(name, _side(node.args[name], kinds[0], node))
    return node


def member(node: exp.In) -> Expr:
    kind = _of(node.this)
    if types.is_variant(kind):
        others = [_of(item) for item in node.expressions]
        if others and all(types.is_text(other) for other in others):
            node.set("this", variant_text(node.this))
        elif others and all(types.is_fixed(other) for other in others):
            node.set("this", convert(node.this, types.common(others)))
        else:
            raise not_implemented("IN on a VARIANT")
    elif kind == types.TZ:
        raise not_implemented("IN on a TIMESTAMP_TZ")
    elif types.is_known(kind) and not types.is_text(kind):
        node.set("expressions", [_side(item, kind, node) for item in node.expressions])
    return node


def ordered(node: exp.Ordered) -> Expr:
    """Order by a VARIANT's type and value, and by the instant of a TIMESTAMP_TZ."""
    kind = _of(node.this)
    if types.is_variant(kind):
        node.set("this", call("_sf_sort_key", node.this))
    elif kind == types.TZ:
        node.set("this", instant(node.this))
    return node


def extreme(node: exp.Min | exp.Max) -> Expr:
    kind = _of(node)
    if not types.is_variant(kind) and kind != types.TZ:
        return node
    if isinstance(node.parent, exp.Window):
        raise not_implemented(f"{node.key.upper()} of {types.sql_name(kind)} over a window")
    key = call("_sf_sort_key", node.this.copy()) if types.is_variant(kind) else instant(node.this.copy())
    return call("arg_min" if isinstance(node, exp.Min) else "arg_max", node.this, key)


def unified(node: Expr, branches: list[tuple[Expr, str]], kind: Type) -> Expr:
    """Convert the named operands of an expression to its type."""
    for holder, name in branches:
        value = holder.args.get(name)
        if isinstance(value, Expr) and types.is_known(_of(value)) and _of(value) != kind:
            holder.set(name, convert(value, kind))
    return node


def branches(node: exp.Case | exp.If | exp.Nvl2) -> Expr:
    kind = _of(node)
    if not types.is_known(kind) or types.is_text(kind):
        return node
    if isinstance(node, exp.Case):
        return unified(node, [*((i, "true") for i in node.args["ifs"]), (node, "default")], kind)
    return unified(node, [(node, "true"), (node, "false")], kind)


def values(node: Expr) -> Expr:
    """COALESCE, GREATEST and LEAST; GREATEST and LEAST of a null are null."""
    kind = _of(node)
    items = [node.this, *node.expressions]
    if types.is_known(kind):
        items = [
            convert(item, kind) if types.is_known(_of(item)) and _of(item).this != kind.this else item
            for item in items
        ]
    if isinstance(node, exp.Coalesce):
        return exp.Coalesce(this=items[0], expressions=items[1:])
    name = "greatest" if isinstance(node, exp.Greatest) else "least"
    found = call(name, *items)
    if node.args.get("ignore_nulls") or len(items) == 1:
        return found
    nulls = [exp.Is(this=item.copy(), expression=exp.Null()) for item in items]
    return exp.Case(ifs=[exp.If(this=exp.or_(*nulls), true=exp.Null())], default=found)


def decoded(node: exp.DecodeCase) -> Expr:
    subject, *rest = node.expressions
    pairs = list(zip(rest[::2], rest[1::2], strict=False))
    default = rest[-1] if len(rest) % 2 else None
    ifs = [
        exp.If(this=exp.NullSafeEQ(this=subject.copy(), expression=value), true=result)
        for value, result in pairs
    ]
    return exp.Paren(this=exp.Case(ifs=ifs, default=default))


def equal_null(node: exp.EqualNull) -> Expr:
    found = compared(node)
    return exp.Paren(this=exp.NullSafeEQ(this=found.this, expression=found.expression))
