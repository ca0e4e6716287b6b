"""Semi-structured values, which the engine holds as JSON with its keys in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import Expr, exp

from strata.cloud.snowflake.errors import invalid_arguments, not_implemented
from strata.cloud.snowflake.translation import types
from strata.cloud.snowflake.translation.casts import convert, to_text, variant_text
from strata.cloud.snowflake.translation.tree import call, cast, string

_of = types.type_of


def variant(node: Expr) -> Expr:
    """Convert an operand to VARIANT."""
    return convert(node, types.VARIANT) if types.is_known(_of(node)) else call("to_json", node)


def type_name(node: exp.Typeof) -> Expr:
    """Name the type of a VARIANT; text is not taken for one.

    Raises:
        SqlError: the argument is text.
    """
    kind = types.type_of(node.this)
    if types.is_known(kind) and types.is_text(kind):
        raise invalid_arguments("TYPEOF", types.sql_name(kind))
    return call("_sf_typeof", variant(node.this))


def parsed(node: exp.ParseJSON) -> Expr:
    if node.expression:
        raise not_implemented("PARSE_JSON with a parameter")
    return call("_sf_try_parse_json" if node.args.get("safe") else "_sf_parse_json", to_text(node.this))


def path(node: exp.JSONExtract) -> Expr:
    """Return what is at a path; SQL's null if nothing is."""
    steps = node.expression
    if not isinstance(steps, exp.JSONPath):
        return call("_sf_get_path", _document(node.this), to_text(steps))
    written = "$"
    for step in steps.expressions:
        if isinstance(step, exp.JSONPathKey):
            key = str(step.this).replace('"', '\\"')
            written += f'."{key}"'
        elif isinstance(step, exp.JSONPathSubscript) and isinstance(step.this, int) and step.this < 0:
            # The engine counts from the end.
            return call("_sf_index", _document(node.this), exp.Literal.number(-1))
        elif isinstance(step, exp.JSONPathSubscript):
            written += f"[{step.this}]" if isinstance(step.this, int) else f'."{step.this}"'
        elif not isinstance(step, exp.JSONPathRoot):
            raise not_implemented("a wildcard in a path")
    return call("json_extract", _document(node.this), string(written))


def _document(node: Expr) -> Expr:
    kind = _of(node)
    if types.is_known(kind) and not types.is_variant(kind):
        raise not_implemented(f"a path into a {types.sql_name(kind)}")
    return node


def element(node: exp.Bracket) -> Expr:
    """Return an element of an array by its index, or of an object by its key."""
    if len(node.expressions) != 1 or isinstance(node.expressions[0], exp.Slice):
        raise not_implemented("a slice of an array")
    return _element(node.this, node.expressions[0])


def _element(document: Expr, index: Expr) -> Expr:
    by_key = types.is_text(_of(index))
    return call("_sf_key" if by_key else "_sf_index", _document(document), index)


def got(node: exp.GetExtract) -> Expr:
    return _element(node.this, node.expression)


def array(node: exp.Array) -> Expr:
    return call("json_array", *[_member(item) for item in node.expressions])


def _member(node: Expr) -> Expr:
    """Return a member of an array: SQL's null is JSON's null in it."""
    return exp.Coalesce(this=variant(node), expressions=[call("_sf_json_null")])


def compact_array(node: exp.ArrayConstructCompact) -> Expr:
    return call("_sf_compact", call("json_array", *[_member(item) for item in node.expressions]))


def object_of(node: exp.Struct | exp.JSONObject) -> Expr:
    """Return an object; OBJECT_CONSTRUCT leaves out keys whose value is null."""
    pairs: list[Expr] = []
    for item in node.expressions:
        key, value = (item.this, item.expression)
        if isinstance(key, exp.Identifier):
            key = string(key.name)
        pairs.append(to_text(key) if types.is_known(_of(key)) else key)
        pairs.append(_held(value))
    if any(isinstance(item, exp.Star) for item in node.expressions):
        raise not_implemented("OBJECT_CONSTRUCT_KEEP_NULL(*)")
    name = "_sf_object_of" if isinstance(node, exp.Struct) else "_sf_object_keeping"
    return call(name, call("to_json", exp.Array(expressions=[call("to_json", pair) for pair in pairs])))


def size(node: exp.ArraySize) -> Expr:
    return call("_sf_array_size", variant(node.this))


def function(name: str, *operands: str) -> Callable[[Any], Expr]:
    """Return a rule that calls a function of `functions` on operands as VARIANT, in their order."""

    def rule(node: Expr) -> Expr:
        if isinstance(node, exp.Anonymous):
            return call(name, *[variant(item) for item in node.expressions])
        found: list[Expr] = []
        for operand in operands:
            value = node.args.get(operand)
            found += [
                variant(item) for item in (value if isinstance(value, list) else [value]) if item is not None
            ]
        return call(name, *found)

    return rule


def array_of_texts(node: exp.Split | exp.StrtokToArray) -> Expr:
    delimiter = node.args.get("expression") or string(" ")
    name = "_sf_split" if isinstance(node, exp.Split) else "_sf_strtok_to_array"
    return call(name, to_text(node.this), to_text(delimiter))


def aggregated(node: exp.ArrayAgg) -> Expr:
    """ARRAY_AGG: nulls are left out, and nothing makes an empty array."""
    argument, order = node.this, None
    if isinstance(argument, exp.Order):
        argument, order = argument.this, argument
    distinct = isinstance(argument, exp.Distinct)
    inner = argument.expressions[0] if isinstance(argument, exp.Distinct) else argument
    value = variant(inner)
    kept: Expr = exp.Distinct(expressions=[value]) if distinct else value
    if order is not None:
        kept = exp.Order(this=kept, expressions=order.expressions)
    inside = exp.Filter(
        this=call("list", kept),
        expression=exp.Where(this=exp.Not(this=exp.Is(this=inner.copy(), expression=exp.Null()))),
    )
    return call("_sf_listed", inside)


def aggregated_in_order(node: exp.WithinGroup) -> Expr:
    """Move the order of ARRAY_AGG into it, where the engine has it."""
    inner = node.this
    if isinstance(inner, exp.ArrayAgg) and isinstance(node.parent, exp.Window):
        raise not_implemented("ARRAY_AGG over a window")
    if isinstance(inner, exp.ArrayAgg) and isinstance(node.expression, exp.Order):
        inner.set("this", exp.Order(this=inner.this, expressions=node.expression.expressions))
        return aggregated(inner)
    return node


def object_aggregated(node: exp.ObjectAgg) -> Expr:
    kept = exp.Where(
        this=exp.And(
            this=exp.Not(this=exp.Is(this=node.this.copy(), expression=exp.Null())),
            expression=exp.Not(this=exp.Is(this=node.expression.copy(), expression=exp.Null())),
        )
    )
    pair = call("json_array", to_text(node.this), variant(node.expression))
    return call("_sf_object_of_pairs", call("to_json", exp.Filter(this=call("list", pair), expression=kept)))


def kind_is(*kinds: str) -> Callable[[Any], Expr]:
    """Return the rule of an IS_ function."""

    def rule(node: Expr) -> Expr:
        operand = node.this if not isinstance(node, exp.Anonymous) else node.expressions[0]
        return exp.In(this=call("_sf_typeof", variant(operand)), expressions=[string(kind) for kind in kinds])

    return rule


def kept_as(to: types.Type, *kinds: str) -> Callable[[Any], Expr]:
    """Return the rule of an AS_ function: null for a value of another type."""

    def rule(node: Expr) -> Expr:
        operand = variant(node.expressions[0])
        test = exp.In(this=call("_sf_typeof", operand), expressions=[string(kind) for kind in kinds])
        typed = operand.copy()
        typed.type = types.VARIANT
        return exp.Case(ifs=[exp.If(this=test, true=convert(typed, to, safe=True))])

    return rule


def json_text(node: exp.JSONFormat) -> Expr:
    return cast(variant(node.this), types.text())


def is_json_null(node: exp.IsNullValue) -> Expr:
    return exp.EQ(this=call("json_type", variant(node.this)), expression=string("NULL"))


def without_json_null(node: exp.StripNullValue) -> Expr:
    return call("_sf_strip_null", variant(node.this))


def text_if_variant(node: Expr) -> Expr:
    return variant_text(node) if types.is_variant(_of(node)) else node


def inserted(node: exp.ObjectInsert) -> Expr:
    update = node.args.get("update_flag") or exp.false()
    return call(
        "_sf_object_insert",
        variant(node.this),
        variant(node.args["key"]),
        exp.Coalesce(this=_held(node.args["value"]), expressions=[call("_sf_json_null")]),
        call("to_json", update),
    )


def _held(value: Expr) -> Expr:
    """Return a value in an array of its own, which tells JSON's null from SQL's."""
    absent = exp.Is(this=value.copy(), expression=exp.Null())
    return exp.Case(ifs=[exp.If(this=absent, true=exp.Null())], default=call("json_array", variant(value)))


def sorted_array(node: exp.SortArray) -> Expr:
    """ARRAY_SORT: nulls are last in ascending order and first in descending order, unless it is said."""
    ascending, nulls_first = node.args.get("asc"), node.args.get("nulls_first")
    if ascending is None:
        return call("_sf_array_sort", variant(node.this))
    first = call("json_array", nulls_first if nulls_first is not None else exp.Null())
    return call("_sf_array_sort_so", variant(node.this), call("to_json", ascending), first)


def of_key(node: exp.GetIgnoreCase) -> Expr:
    found = call("_sf_of_key", variant(node.this), variant(node.expression))
    return call("json_extract", found, string("$[0]"))


def picked(name: str) -> Callable[[Any], Expr]:
    def rule(node: exp.Anonymous) -> Expr:
        document, *keys = node.expressions
        listed = keys[0] if len(keys) == 1 and types.is_variant(_of(keys[0])) else None
        wanted = listed or call("json_array", *[variant(key) for key in keys])
        return call(name, variant(document), wanted)

    return rule


def array_range(node: exp.GenerateSeries) -> Expr:
    return call(
        "_sf_array_range",
        node.args["start"],
        node.args["end"],
        node.args.get("step") or exp.Literal.number(1),
    )


def array_aggregated(node: exp.ArrayAgg) -> Expr | None:
    if isinstance(node.parent, exp.Window):
        raise not_implemented("ARRAY_AGG over a window")
    return None if isinstance(node.parent, exp.WithinGroup) else aggregated(node)
