"""Arithmetic of fixed-point numbers: exact to 38 digits, with Snowflake's scales."""

from __future__ import annotations

from decimal import Decimal

from sqlglot import Expr, exp

from strata.cloud.snowflake.errors import not_implemented
from strata.cloud.snowflake.translation import types
from strata.cloud.snowflake.translation.tree import call, cast, whole
from strata.cloud.snowflake.translation.types import Type

_of = types.type_of


def arithmetic(node: exp.Add | exp.Sub | exp.Mul) -> Expr:
    """Compute a sum, difference or product of numbers in the type that Snowflake gives it."""
    kind = _of(node)
    if types.is_fixed(kind) and not types.is_date(_of(node.this)):
        _widen(node)
        return cast(exp.Paren(this=node), kind)
    if types.is_float(kind):
        _as_floats(node)
    return node


def division(node: exp.Div) -> Expr:
    """Divide; a zero is an error, and the quotient of fixed-point numbers is exact."""
    return divide(node.this, node.expression, _of(node))


def divide(left: Expr, right: Expr, kind: Type) -> Expr:
    """Return the quotient of two expressions as a type."""
    if not types.is_fixed(kind):
        return call("_sf_divide_float", cast(left, types.FLOAT), cast(right, types.FLOAT))
    left, right = _fixed(left), _fixed(right)
    scales = types.digits(_of(left))[1], types.digits(_of(right))[1], types.digits(kind)[1]
    shift = scales[2] - scales[0] + scales[1]
    parts = [_power(scales[0]), _power(scales[1]), _power(shift)]
    unit = cast(exp.Literal.number(f"{10 ** -scales[2]:.{scales[2]}f}"), types.number(38, scales[2]))
    return cast(call("_sf_divide", left, right, *parts, unit), kind)


def _power(digits: int) -> Expr:
    return exp.Literal.number("1" + "0" * digits)


def remainder(node: exp.Mod) -> Expr:
    """Compute a remainder; a zero is an error."""
    kind = _of(node)
    if types.is_fixed(kind):
        _widen(node)
        return cast(call("_sf_modulo", node.this, node.expression), kind)
    _as_floats(node)
    return call("_sf_modulo", node.this, node.expression)


def average(node: exp.Avg) -> Expr:
    """Return an average as a sum divided by a count."""
    kind = _of(node)
    if not types.is_fixed(kind):
        return exp.Avg(this=_argument(node.this, types.FLOAT))
    if isinstance(node.parent, exp.Window | exp.Filter):
        return node
    if isinstance(node.find_ancestor(exp.Pivot, exp.Query), exp.Pivot):
        # The engine takes one aggregate only there.
        return cast(exp.Avg(this=node.this), kind)
    return _average(node, node.this, kind)


def _average(node: Expr, argument: Expr, kind: Type) -> Expr:
    """Divide what `node` is with SUM in place of its AVG by the same with COUNT."""
    inner = _of(argument.expressions[0] if isinstance(argument, exp.Distinct) else argument)
    parts = []
    for function in (exp.Sum, exp.Count):
        part = node.copy()
        found = part.find(exp.Avg)
        assert found is not None
        replacement = function(this=argument.copy())
        parts.append(replacement if found is part else part)
        found.replace(replacement)
    number = exp.Nullif(this=parts[1], expression=exp.Literal.number(0))
    parts[0].type, number.type = types.number(38, types.digits(inner)[1]), types.number(18, 0)
    return divide(parts[0], number, kind)


def average_over(node: exp.Window | exp.Filter) -> Expr:
    """Return an average over a window, or of filtered rows."""
    kind = _of(node)
    if isinstance(node.this, exp.Avg) and types.is_fixed(kind):
        return _average(node, node.this.this, kind)
    return node


def total(node: exp.Sum) -> Expr:
    """Return a sum; text is converted to floats."""
    kind = _of(node)
    if types.is_fixed(kind):
        return cast(node, kind) if not isinstance(node.parent, exp.Window | exp.Filter) else node
    return exp.Sum(this=_argument(node.this, types.FLOAT))


def statistic(node: Expr) -> Expr:
    """Return a variance or a median in the type that Snowflake gives it."""
    kind = _of(node)
    if isinstance(node, exp.Median) and types.is_fixed(kind):
        node.set("this", _argument(node.this, kind))
    elif not isinstance(node.parent, exp.Window):
        node.set("this", _argument(node.this, types.FLOAT))
    return node if isinstance(node.parent, exp.Window) else cast(node, kind)


def percentile(node: exp.WithinGroup) -> Expr:
    """Return the percentile of the values that a group is ordered by.

    The engine takes no order over a window. Interpolated from the other end, a percentile is its complement.
    """
    share, ordered = node.this.this, node.expression.expressions[0]
    is_descending = bool(ordered.args.get("desc"))
    if not isinstance(share, exp.Literal):
        raise not_implemented("a percentile that is not a literal")
    if isinstance(node.this, exp.PercentileCont):
        value = str(1 - Decimal(share.name)) if is_descending else share.name
        return call("quantile_cont", cast(ordered.this, _of(node)), exp.Literal.number(value))
    if is_descending and isinstance(node.parent, exp.Window):
        raise not_implemented("PERCENTILE_DISC over a window in descending order")
    order = exp.Ordered(this=ordered.this.copy(), desc=is_descending, nulls_first=False)
    return call("quantile_disc", ordered.this, exp.Order(this=share, expressions=[order]))


def _argument(node: Expr, kind: Type) -> Expr:
    if isinstance(node, exp.Distinct):
        node.set("expressions", [cast(node.expressions[0], kind)])
        return node
    return cast(node, kind)


def rounded(node: Expr) -> Expr:
    """Round, truncate, or take the next integer, in the type that Snowflake gives the result."""
    kind = _of(node)
    operand = node.this
    mode = node.args.get("truncate")
    if mode is not None and mode.name.upper() != "HALF_AWAY_FROM_ZERO":
        raise not_implemented(f"ROUND with the mode {mode.name}")
    if not types.is_fixed(kind):
        if types.is_text(_of(operand)) or types.is_variant(_of(operand)):
            node.set("this", cast(operand, types.FLOAT))
        return node
    node.set("this", _fixed(operand))
    digits = node.args.get("decimals")
    if digits is None:
        return cast(node, kind)
    if isinstance(node, exp.Round):
        return cast(exp.Anonymous(this="round", expressions=[node.this, digits]), kind)
    sign, size = (-1, digits.this) if isinstance(digits, exp.Neg) else (1, digits)
    if not isinstance(size, exp.Literal) or (sign < 0 and not isinstance(node, exp.Trunc)):
        raise not_implemented(f"{node.key.upper()} to digits that are not a literal, or are negative")
    places = int(size.name)
    if sign < 0:
        return cast(call("_sf_trunc", node.this, _power(places)), kind)
    if isinstance(node, exp.Trunc):
        return cast(call("trunc", node.this, exp.Literal.number(places)), kind)
    unit = cast(exp.Literal.number(f"{10**-places:.{places}f}"), types.number(38, places))
    name = "_sf_ceil" if isinstance(node, exp.Ceil) else "_sf_floor"
    return cast(call(name, node.this, exp.Literal.number(places), unit), kind)


def negative(node: exp.Neg) -> Expr:
    kind = _of(node)
    if types.is_float(kind) and not types.is_float(_of(node.this)):
        node.set("this", cast(node.this, types.FLOAT))
    return node


def _widen(node: exp.Binary) -> None:
    """Compute with all digits: the engine's integers have fewer."""
    node.set("this", _fixed(node.this))
    node.set("expression", _fixed(node.expression))


def _fixed(node: Expr) -> Expr:
    kind = _of(node)
    if types.is_fixed(kind) and isinstance(node, exp.Column | exp.Cast):
        return node
    if isinstance(node, exp.Paren) and types.is_fixed(kind) and isinstance(node.this, exp.Cast):
        return node
    target = kind if types.is_fixed(kind) else types.number(18, 5)
    return cast(node, target)


def _as_floats(node: exp.Binary) -> None:
    for name in ("this", "expression"):
        operand = node.args[name]
        if not types.is_float(_of(operand)) or isinstance(operand, exp.Literal):
            node.set(name, cast(operand, types.FLOAT))


def as_floats(node: Expr) -> Expr:
    for name in ("this", "expression"):
        operand = node.args.get(name)
        if isinstance(operand, Expr) and not types.is_float(_of(operand)):
            node.set(name, cast(operand, types.FLOAT))
    return node


def bits(node: exp.Binary | exp.BitwiseNot) -> Expr:
    for name in ("this", "expression"):
        if name in node.args:
            node.set(name, whole(node.args[name], types.Kind.BIGINT))
    return exp.Paren(this=node)


def bucket(node: exp.WidthBucket) -> Expr:
    operands = [
        cast(node.args[name], types.FLOAT) for name in ("this", "min_value", "max_value", "num_buckets")
    ]
    return cast(call("_sf_width_bucket", *operands), types.number())
