"""Conversions between types, as Snowflake makes them."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import Expr, exp

from strata.cloud.snowflake.errors import SqlError, not_implemented
from strata.cloud.snowflake.translation import types
from strata.cloud.snowflake.translation.tree import call, cast, string, try_cast
from strata.cloud.snowflake.translation.types import Type

_of = types.type_of


def converted(node: exp.Cast | exp.TryCast) -> Expr:
    """Return what a cast computes."""
    if node.meta.get("engine"):
        return node
    kind = _of(node.this)
    if node.args.get("requires_string") and types.is_known(kind) and not types.is_text(kind):
        to = types.sql_name(types.normal(node.to))
        raise SqlError(
            "SQL compilation error:\nFunction TRY_CAST cannot be used with arguments of types "
            f"{types.sql_name(kind)} and {to}",
            code=1065,
            sqlstate="22023",
        )
    return convert(node.this, types.normal(node.to), safe=isinstance(node, exp.TryCast))


def convert(node: Expr, to: Type, *, safe: bool = False) -> Expr:
    """Convert an expression to a type; `safe` makes it null where it cannot be converted."""
    found = _CONVERSIONS.get(to.this, _other)(node, _of(node), to, safe)
    found.type = to.copy()
    return found


def _engine(node: Expr, to: Type, safe: bool) -> Expr:
    return try_cast(node, to) if safe else cast(node, to)


def _to_number(node: Expr, kind: Type, to: Type, safe: bool) -> Expr:
    if types.is_variant(kind):
        return _from_variant(node, to, safe, "FIXED" if types.is_fixed(to) else "REAL")
    if types.is_date(kind) or types.is_timestamp(kind):
        raise not_implemented(f"a cast of {types.sql_name(kind)} to {types.sql_name(to)}")
    if types.is_text(kind) and not (isinstance(node, exp.Literal) and "_" not in node.name):
        node = call("_sf_try_numeral" if safe else "_sf_numeral", node)
    return _engine(node, to, safe)


def _from_variant(node: Expr, to: Type, safe: bool, word: str) -> Expr:
    text = variant_text(node)
    if safe:
        return try_cast(text, to)
    message = exp.DPipe(
        this=exp.DPipe(
            this=string("Failed to cast variant value "), expression=cast(node.copy(), types.text())
        ),
        expression=string(f" to {word}"),
    )
    failed = exp.And(
        this=exp.Is(this=try_cast(text.copy(), to), expression=exp.Null()),
        expression=exp.Not(this=exp.Is(this=text.copy(), expression=exp.Null())),
    )
    return exp.Case(
        ifs=[exp.If(this=failed, true=cast(call("error", message), to))], default=try_cast(text.copy(), to)
    )


def variant_text(node: Expr) -> Expr:
    """Return a VARIANT as text: a text in it without quotes, JSON's null as null."""
    found = call("_sf_variant_text", node)
    found.type = types.text()
    return found


def to_text(node: Expr) -> Expr:
    """Return an expression as Snowflake converts it to text."""
    kind = _of(node)
    if types.is_text(kind):
        return node
    found: Expr
    if types.is_variant(kind):
        found = variant_text(node)
    elif types.is_float(kind):
        found = call("_sf_float_text", node)
    elif kind == types.NTZ:
        found = call("strftime", node, string("%Y-%m-%d %H:%M:%S.%g"))
    elif kind == types.LTZ:
        found = call("_sf_zoned_text", call("_sf_zoned", node))
    elif kind == types.TZ:
        found = call("_sf_zoned_text", node)
    elif kind == types.TIME:
        found = exp.Left(this=cast(node, types.text()), expression=exp.Literal.number(8))
    elif kind == types.BINARY:
        found = call("hex", node)
    else:
        found = cast(node, types.text())
    found.type = types.text()
    return found


def _to_text(node: Expr, kind: Type, to: Type, safe: bool) -> Expr:
    length = types.length_of(to)
    if length >= types.LONGEST:
        return node if types.is_text(kind) else to_text(node)
    if types.is_text(kind) and safe:
        return call("_sf_try_fit", node, exp.Literal.number(length))
    if types.is_text(kind):
        return exp.Left(this=node, expression=exp.Literal.number(length))
    return call("_sf_fit", to_text(node), exp.Literal.number(length))


def _to_boolean(node: Expr, kind: Type, to: Type, safe: bool) -> Expr:
    if types.is_fixed(kind) or types.is_float(kind):
        return cast(node, to)
    if types.is_variant(kind):
        node = variant_text(node)
        kind = types.text()
    if types.is_text(kind):
        return call("_sf_try_boolean" if safe else "_sf_boolean", node)
    return _engine(node, to, safe)


def _to_date(node: Expr, kind: Type, to: Type, safe: bool) -> Expr:
    if types.is_variant(kind):
        node, kind = variant_text(node), types.text()
    if types.is_text(kind):
        return call("_sf_try_date" if safe else "_sf_date", node)
    if kind == types.TZ:
        return cast(local(node), to)
    return _engine(node, to, safe)


def local(node: Expr) -> Expr:
    """Return a point in time as the wall clock of its zone shows it."""
    kind = _of(node)
    if kind == types.TZ:
        found = call("_sf_local", node)
    elif kind == types.NTZ or types.is_date(kind) or kind.this == types.Kind.TIME:
        return node
    else:
        found = convert(node, types.NTZ)
    found.type = types.NTZ
    return found


def instant(node: Expr) -> Expr:
    """Return a point in time without the offset that a TIMESTAMP_TZ keeps."""
    kind = _of(node)
    found = call("struct_extract", node, string("t")) if kind == types.TZ else convert(node, types.LTZ)
    found.type = types.LTZ
    return found


def _to_timestamp(node: Expr, kind: Type, to: Type, safe: bool) -> Expr:
    if types.is_variant(kind):
        node, kind = variant_text(node), types.text()
    if types.is_fixed(kind) or types.is_float(kind):
        wall = call("_sf_epoch", cast(node, types.number(38, 9)))
        wall.type = types.NTZ
        if to == types.NTZ:
            return wall
        found = call("timezone", string("UTC"), wall)
        return found if to == types.LTZ else call("_sf_zoned", found)
    if to == types.NTZ:
        if types.is_text(kind):
            return call("_sf_try_ntz" if safe else "_sf_ntz", node)
        return call("_sf_local", node) if kind == types.TZ else _engine(node, to, safe)
    if to == types.LTZ:
        if types.is_text(kind):
            return call("_sf_try_ltz" if safe else "_sf_ltz", node)
        return call("struct_extract", node, string("t")) if kind == types.TZ else _engine(node, to, safe)
    if kind == types.TZ:
        return node
    if types.is_text(kind):
        return call("_sf_try_tz" if safe else "_sf_tz", node)
    return call("_sf_zoned", _engine(node, types.LTZ, safe))


def _to_variant(node: Expr, kind: Type, to: Type, safe: bool) -> Expr:
    if types.is_variant(kind):
        return node
    if kind == types.TZ or kind == types.LTZ or kind == types.NTZ:
        return call("to_json", to_text(node))
    return call("to_json", node)


def _to_array(node: Expr, kind: Type, to: Type, safe: bool) -> Expr:
    if to == types.OBJECT and not types.is_variant(kind):
        raise not_implemented(f"a cast of {types.sql_name(kind)} to OBJECT")
    return call("_sf_array" if to == types.ARRAY else "_sf_object", _to_variant(node, kind, to, safe))


def _to_binary(node: Expr, kind: Type, to: Type, safe: bool) -> Expr:
    return call("unhex", node) if types.is_text(kind) else _engine(node, to, safe)


def _to_time(node: Expr, kind: Type, to: Type, safe: bool) -> Expr:
    if types.is_variant(kind):
        node, kind = variant_text(node), types.text()
    if types.is_text(kind):
        node = call("_sf_clock", node)
    return _engine(local(node) if types.is_timestamp(kind) else node, to, safe)


def _other(node: Expr, kind: Type, to: Type, safe: bool) -> Expr:
    return _engine(node, to, safe)


_CONVERSIONS = {
    types.Kind.DECIMAL: _to_number,
    types.Kind.DOUBLE: _to_number,
    types.Kind.VARCHAR: _to_text,
    types.Kind.BOOLEAN: _to_boolean,
    types.Kind.DATE: _to_date,
    types.Kind.TIME: _to_time,
    types.Kind.TIMESTAMPNTZ: _to_timestamp,
    types.Kind.TIMESTAMPLTZ: _to_timestamp,
    types.Kind.TIMESTAMPTZ: _to_timestamp,
    types.Kind.VARIANT: _to_variant,
    types.Kind.ARRAY: _to_array,
    types.Kind.OBJECT: _to_array,
    types.Kind.BINARY: _to_binary,
}


def to(kind: Type) -> Callable[[Expr], Expr]:
    def rule(node: Expr) -> Expr:
        operand = node.expressions[0] if isinstance(node, exp.Anonymous) else node.this
        if isinstance(node, exp.Anonymous) and len(node.expressions) != 1:
            raise not_implemented(f"{node.name.upper()} with a format")
        if node.args.get("format") is not None:
            raise not_implemented(f"{node.key.upper()} with a format")
        return convert(operand, kind, safe=bool(node.args.get("safe")))

    return rule


def number(node: exp.ToNumber) -> Expr:
    if isinstance(node.args.get("format"), exp.Literal) and node.args["format"].is_string:
        raise not_implemented("TO_NUMBER with a format")
    return convert(node.this, _of(node), safe=bool(node.args.get("safe")))
