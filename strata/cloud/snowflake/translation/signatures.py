"""The type of an expression from the types of its operands, by its class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import Expr, exp

from strata.cloud.snowflake.translation import scopes, types
from strata.cloud.snowflake.translation.types import Type

Rule = Callable[[Any], Type]
_of = types.type_of


def _literal(node: exp.Literal) -> Type:
    value = str(node.this)
    if node.is_string:
        return types.text(max(len(value), 1))
    if "e" in value.lower():
        return types.FLOAT
    whole, _, fraction = value.partition(".")
    return types.number(len(whole.lstrip("0")) + len(fraction) or 1, len(fraction))


def _fixed(kind: Type) -> Type:
    """Return the type of an operand of arithmetic: other types than numbers are converted."""
    return kind if types.is_fixed(kind) else types.number(18, 5)


def _added(node: exp.Binary) -> Type:
    left, right = _of(node.this), _of(node.expression)
    for one, other in ((left, right), (right, left)):
        if types.is_date(one):
            if types.is_date(other):
                return types.number(9, 0)
            unit = node.expression.args.get("unit") if isinstance(node.expression, exp.Interval) else None
            return types.NTZ if unit is not None and unit.name.upper() in _TIME_UNITS else types.DATE
        if types.is_timestamp(one) or one.this == types.Kind.TIME:
            return one
    return _arithmetic(left, right, lambda a, b: (max(a[0], b[0]) + 1, max(a[1], b[1])))


def _multiplied(node: exp.Binary) -> Type:
    return _arithmetic(
        _of(node.this),
        _of(node.expression),
        lambda a, b: (a[0] + b[0], min(a[1] + b[1], max(a[1], b[1], 12))),
    )


def quotient(left: Type, right: Type) -> Type:
    """Return the type of a division."""
    return _arithmetic(left, right, lambda a, b: (a[0] + b[1], max(a[1], min(a[1] + 6, 12))))


def _remainder(node: exp.Binary) -> Type:
    return _arithmetic(_of(node.this), _of(node.expression), lambda a, b: (max(a[0], b[0]), max(a[1], b[1])))


def _arithmetic(
    left: Type, right: Type, rule: Callable[[tuple[int, int], tuple[int, int]], tuple[int, int]]
) -> Type:
    for kind in (left, right):
        if types.is_float(kind) or types.is_variant(kind):
            return types.FLOAT
        if not types.is_known(kind) and not types.is_known(left if kind is right else right):
            return types.UNKNOWN
    left = left if types.is_known(left) else right
    right = right if types.is_known(right) else left
    leading, scale = rule(types.digits(_fixed(left)), types.digits(_fixed(right)))
    return types.number(leading + scale, scale)


def _negative(node: exp.Neg) -> Type:
    kind = _of(node.this)
    return kind if types.is_fixed(kind) or types.is_float(kind) else types.FLOAT


def _sum(node: exp.Sum) -> Type:
    kind = _of(_unwrapped(node.this))
    return types.number(38, types.digits(kind)[1]) if types.is_fixed(kind) else types.FLOAT


def average(kind: Type) -> Type:
    """Return the type of the average of values of a type."""
    if not types.is_fixed(kind):
        return types.FLOAT
    scale = types.digits(kind)[1]
    return types.number(38, max(scale, min(scale + 6, 12)))


def _unwrapped(node: Expr) -> Expr:
    if isinstance(node, exp.Distinct):
        node = node.expressions[0]
    elif isinstance(node, exp.Order | exp.IgnoreNulls | exp.RespectNulls):
        node = node.this
    return node


def _first(node: Expr) -> Type:
    return _of(_unwrapped(node.this))


def _number_like(node: Expr) -> Type:
    kind = _of(node.this)
    return kind if types.is_fixed(kind) else types.FLOAT


def _rounded(node: Expr) -> Type:
    kind = _of(node.this)
    if not types.is_fixed(kind):
        return types.FLOAT if not types.is_date(kind) else kind
    leading, scale = types.digits(kind)
    wanted = node.args.get("decimals")
    if isinstance(wanted, exp.Neg):
        wanted = None
    kept = int(wanted.name) if isinstance(wanted, exp.Literal) else (scale if wanted is not None else 0)
    kept = min(scale, max(kept, 0))
    return types.number(min(leading + 1, 38 - kept) + kept, kept)


def _branches(node: exp.Case | exp.If | exp.Nvl2) -> Type:
    if not isinstance(node, exp.Case):
        return types.common([_of(node.args.get("true")), _of(node.args.get("false"))])
    return types.common([*(_of(i.args["true"]) for i in node.args["ifs"]), _of(node.args.get("default"))])


def _values(node: Expr) -> Type:
    return types.common([_of(node.this), *(_of(e) for e in node.expressions)])


def _concatenated(node: Expr) -> Type:
    parts = [node.this, node.expression] if isinstance(node, exp.DPipe) else node.expressions
    kinds = [_of(part) for part in parts]
    if any(kind == types.BINARY for kind in kinds):
        return types.BINARY
    if all(types.is_text(kind) for kind in kinds):
        return types.text(min(sum(types.length_of(kind) for kind in kinds), types.LONGEST))
    return types.text()


def _date_add(node: exp.DateAdd) -> Type:
    kind = _of(node.this)
    if types.is_date(kind):
        return types.NTZ if node.text("unit").upper() in _TIME_UNITS else types.DATE
    return kind if types.is_timestamp(kind) or kind.this == types.Kind.TIME else types.NTZ


def _truncated_date(node: Expr) -> Type:
    kind = _of(node.this)
    kept = types.is_date(kind) or types.is_timestamp(kind) or kind.this == types.Kind.TIME
    return kind if kept else types.NTZ


def _window(node: exp.Window) -> Type:
    return _of(node.this)


def _nested(node: Expr) -> Type:
    return _of(node.this)


def _lag(node: Expr) -> Type:
    return types.common([_first(node), _of(node.args.get("default"))])


def _subquery(node: exp.Subquery) -> Type:
    listed = scopes.outputs_list(node.this, None)
    return listed[0][1] if listed and len(listed) == 1 else types.UNKNOWN


def _variance(node: Expr) -> Type:
    kind = _first(node)
    if not types.is_fixed(kind):
        return types.FLOAT
    scale = types.digits(kind)[1]
    return types.number(38, 6 if scale == 0 else max(12, scale))


def _median(node: Expr) -> Type:
    kind = _first(node)
    if not types.is_fixed(kind):
        return types.FLOAT
    leading, scale = types.digits(kind)
    return types.number(min(leading + scale + 3, 38), min(scale + 3, 37))


def _within(node: exp.WithinGroup) -> Type:
    if isinstance(node.this, exp.PercentileCont | exp.PercentileDisc):
        ordered = node.expression.expressions[0]
        return _median(ordered) if isinstance(node.this, exp.PercentileCont) else _of(ordered.this)
    return _nested(node)


def _timestamp_of(node: Expr) -> Type:
    return types.TZ if node.args.get("source_tz") is None else types.NTZ


_TIME_UNITS = {"HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND", "NANOSECOND"}


def _constant(kind: Type) -> Rule:
    return lambda node: kind


# Functions without a class of their own.
_BY_NAME: dict[str, Type] = {
    "AS_ARRAY": types.ARRAY,
    "AS_OBJECT": types.OBJECT,
    "OBJECT_DELETE": types.OBJECT,
    "OBJECT_PICK": types.OBJECT,
    "TO_OBJECT": types.OBJECT,
}
RULES: dict[type[Expr], Rule] = {
    exp.Literal: _literal,
    exp.Add: _added,
    exp.Sub: _added,
    exp.Mul: _multiplied,
    exp.Div: lambda node: quotient(_of(node.this), _of(node.expression)),
    exp.Mod: _remainder,
    exp.Neg: _negative,
    exp.Paren: _nested,
    exp.Alias: _nested,
    exp.Cast: lambda node: types.normal(node.to),
    exp.TryCast: lambda node: types.normal(node.to),
    exp.Sum: _sum,
    exp.Avg: lambda node: average(_first(node)),
    exp.Count: _constant(types.number(18, 0)),
    exp.CountIf: _constant(types.number(18, 0)),
    exp.ApproxDistinct: _constant(types.number(38, 0)),
    exp.Variance: _variance,
    exp.VariancePop: _variance,
    exp.Stddev: _constant(types.FLOAT),
    exp.StddevSamp: _constant(types.FLOAT),
    exp.StddevPop: _constant(types.FLOAT),
    exp.Median: _median,
    exp.Abs: _number_like,
    exp.Round: _rounded,
    exp.Trunc: _rounded,
    exp.Ceil: _rounded,
    exp.Floor: _rounded,
    exp.Case: _branches,
    exp.If: _branches,
    exp.Coalesce: _values,
    exp.Greatest: _values,
    exp.Least: _values,
    exp.Nullif: _nested,
    exp.Nvl2: _branches,
    exp.Concat: _concatenated,
    exp.DPipe: _concatenated,
    exp.DateAdd: _date_add,
    exp.DateSub: _date_add,
    exp.TimestampTrunc: _truncated_date,
    exp.DateTrunc: _truncated_date,
    exp.AddMonths: _truncated_date,
    exp.DateDiff: _constant(types.number(9, 0)),
    exp.LastDay: _constant(types.DATE),
    exp.ConvertTimezone: _timestamp_of,
    exp.CurrentTimestamp: lambda node: types.NTZ if node.args.get("sysdate") else types.LTZ,
    exp.CurrentDate: _constant(types.DATE),
    exp.Window: _window,
    exp.WithinGroup: _within,
    exp.Filter: _nested,
    exp.IgnoreNulls: _nested,
    exp.RespectNulls: _nested,
    exp.Order: _nested,
    exp.Ordered: _nested,
    exp.Lag: _lag,
    exp.Lead: _lag,
    exp.FirstValue: _first,
    exp.LastValue: _first,
    exp.NthValue: _first,
    exp.AnyValue: _first,
    exp.Min: _first,
    exp.Max: _first,
    exp.Mode: _first,
    exp.Subquery: _subquery,
    exp.JSONExtract: _constant(types.VARIANT),
    exp.GetExtract: _constant(types.VARIANT),
    exp.Bracket: _constant(types.VARIANT),
    exp.ParseJSON: _constant(types.VARIANT),
    exp.ToVariant: _constant(types.VARIANT),
    exp.Array: _constant(types.ARRAY),
    exp.ArrayDistinct: _constant(types.ARRAY),
    exp.ArrayExcept: _constant(types.ARRAY),
    exp.ArrayInsert: _constant(types.ARRAY),
    exp.ArrayIntersect: _constant(types.ARRAY),
    exp.ArrayMax: _constant(types.VARIANT),
    exp.ArrayMin: _constant(types.VARIANT),
    exp.ArrayRemoveAt: _constant(types.ARRAY),
    exp.Flatten: _constant(types.ARRAY),
    exp.JSONKeys: _constant(types.ARRAY),
    exp.ToArray: _constant(types.ARRAY),
    exp.ObjectInsert: _constant(types.OBJECT),
    exp.Anonymous: lambda node: _BY_NAME.get(node.name.upper(), types.UNKNOWN),
    exp.Struct: _constant(types.OBJECT),
    exp.StarMap: _constant(types.OBJECT),
    exp.JSONObject: _constant(types.OBJECT),
    exp.Lower: _constant(types.text()),
    exp.Upper: _constant(types.text()),
    exp.GroupConcat: _constant(types.text()),
    exp.Length: _constant(types.number(18, 0)),
    exp.RowNumber: _constant(types.number(18, 0)),
    exp.Rank: _constant(types.number(18, 0)),
    exp.DenseRank: _constant(types.number(18, 0)),
    exp.Ntile: _constant(types.number(18, 0)),
    exp.Null: _constant(types.plain(types.Kind.NULL)),
    exp.Placeholder: lambda node: node.meta.get("value_type", types.UNKNOWN),
    exp.Date: _constant(types.DATE),
    exp.TsOrDsToDate: _constant(types.DATE),
    exp.DateFromParts: _constant(types.DATE),
    exp.ToNumber: lambda node: types.number(
        *(int(v.name) for v in _number_arguments(node)) if _number_arguments(node) else (38, 0)
    ),
}


def _number_arguments(node: exp.ToNumber) -> list[Expr]:
    given = [node.args.get(name) for name in ("format", "precision", "scale")]
    return [value for value in given if isinstance(value, exp.Literal) and not value.is_string]
