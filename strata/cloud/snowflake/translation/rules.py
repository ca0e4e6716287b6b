"""The rule that translates each class of expression, and the step that applies them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fakesnow.transforms import SERVER_VERSION
from sqlglot import Expr, exp

from strata.cloud.snowflake.errors import not_implemented
from strata.cloud.snowflake.fakesnow_compat import object_of_columns
from strata.cloud.snowflake.translation import (
    casts,
    comparisons,
    dates,
    flattening,
    numbers,
    patterns,
    texts,
    types,
    variants,
    windows,
)
from strata.cloud.snowflake.translation.tree import call, cast, string, whole

Rule = Callable[[Any], Expr | None]
_of = types.type_of


def apply(tree: Expr) -> Expr:
    """Translate every expression of an annotated statement, inner ones first, and return the statement."""
    for node in list(_inner_first(tree)):
        rule = _rule(node)
        if rule is None:
            continue
        # A rule may put the node into a new one, so its place is read first.
        kind, parent, key, index = node.type, node.parent, node.arg_key, node.index
        found = rule(node)
        if found is None or found is node:
            continue
        if found.type is None and kind is not None:
            found.type = kind
        if node is tree or parent is None or key is None:
            tree = found
        else:
            parent.set(key, found, index)
    return tree


def store(tree: Expr) -> Expr:
    """Write every type as the one that the engine stores its values in."""
    for node in list(tree.find_all(exp.DataType)):
        if isinstance(node.parent, exp.DataType) or node.meta.get("engine"):
            continue
        kind = types.normal(node)
        if kind == types.TZ:
            node.replace(_ZONED.copy())
        elif kind == types.LTZ:
            node.replace(types.plain(types.Kind.TIMESTAMPTZ))
        elif types.is_variant(kind):
            node.replace(types.plain(types.Kind.JSON))
        elif kind == types.NTZ:
            node.replace(types.plain(types.Kind.TIMESTAMP))
        elif types.is_known(kind) and kind.this != node.this:
            node.replace(kind)
    return tree


_ZONED = exp.DataType(
    this=types.Kind.STRUCT,
    nested=True,
    expressions=[
        exp.ColumnDef(this=exp.to_identifier("t", quoted=True), kind=types.plain(types.Kind.TIMESTAMPTZ)),
        exp.ColumnDef(this=exp.to_identifier("z", quoted=True), kind=types.plain(types.Kind.SMALLINT)),
    ],
)


def _inner_first(tree: Expr) -> Iterator[Expr]:
    stack = [(tree, False)]
    while stack:
        node, seen = stack.pop()
        if seen:
            yield node
            continue
        stack.append((node, True))
        stack.extend((child, False) for child in node.iter_expressions())


def _rule(node: Expr) -> Rule | None:
    if isinstance(node, exp.Anonymous):
        return _BY_NAME.get(node.name.upper())
    return _BY_CLASS.get(type(node))


def _sum_or_difference(node: exp.Add | exp.Sub) -> Expr:
    found = dates.plus(node)
    return numbers.arithmetic(node) if found is None else found


def _ordered_group(node: exp.WithinGroup) -> Expr:
    if isinstance(node.this, exp.PercentileCont | exp.PercentileDisc):
        return numbers.percentile(node)
    return variants.aggregated_in_order(node)


def _digest(node: exp.SHA2) -> Expr:
    length = node.args.get("length")
    if length is not None and length.name != "256":
        raise not_implemented("SHA2 of other than 256 bits")
    return call("sha256", texts.as_text(node.this))


def _random(node: exp.Rand) -> Expr:
    if node.this is not None:
        raise not_implemented("RANDOM with a seed")
    shifted = exp.Paren(this=exp.Sub(this=call("random"), expression=exp.Literal.number("0.5")))
    return whole(exp.Mul(this=shifted, expression=exp.Literal.number(2**64 - 2**11)))


def _named_values(node: exp.Values) -> Expr:
    """Name the columns of VALUES as Snowflake does, where an alias does not."""
    alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier("_", quoted=True))
    if not alias.columns and node.find_ancestor(exp.Select) and node.expressions:
        columns = [
            exp.to_identifier(f"COLUMN{i}", quoted=True)
            for i in range(1, len(node.expressions[0].expressions) + 1)
        ]
        alias.set("columns", columns)
        node.set("alias", alias)
    return node


_BY_CLASS: dict[type[Expr], Any] = {
    exp.Add: _sum_or_difference,
    exp.Sub: _sum_or_difference,
    exp.Mul: numbers.arithmetic,
    exp.Div: numbers.division,
    exp.Mod: numbers.remainder,
    exp.Neg: numbers.negative,
    exp.Avg: numbers.average,
    exp.Filter: numbers.average_over,
    exp.Window: windows.windowed,
    exp.Sum: numbers.total,
    exp.Variance: numbers.statistic,
    exp.VariancePop: numbers.statistic,
    exp.Median: numbers.statistic,
    exp.Round: numbers.rounded,
    exp.Trunc: numbers.rounded,
    exp.Ceil: numbers.rounded,
    exp.Floor: numbers.rounded,
    exp.Pow: numbers.as_floats,
    exp.Sqrt: lambda node: call("_sf_sqrt", cast(node.this, types.FLOAT)),
    exp.WidthBucket: numbers.bucket,
    exp.TimeToStr: dates.formatted,
    exp.Repeat: lambda node: call(
        "repeat", texts.as_text(node.this), whole(node.args["times"], types.Kind.BIGINT)
    ),
    exp.Exp: numbers.as_floats,
    exp.Ln: numbers.as_floats,
    exp.Cbrt: numbers.as_floats,
    exp.Sinh: numbers.as_floats,
    exp.Cosh: numbers.as_floats,
    exp.Tanh: numbers.as_floats,
    exp.Asinh: numbers.as_floats,
    exp.Acosh: numbers.as_floats,
    exp.Atanh: numbers.as_floats,
    exp.Cot: numbers.as_floats,
    exp.Log: numbers.as_floats,
    exp.BitwiseAnd: numbers.bits,
    exp.BitwiseOr: numbers.bits,
    exp.BitwiseXor: numbers.bits,
    exp.BitwiseNot: numbers.bits,
    exp.Cast: casts.converted,
    exp.TryCast: casts.converted,
    exp.ToNumber: casts.number,
    exp.ToDouble: casts.to(types.FLOAT),
    exp.ToBoolean: casts.to(types.BOOLEAN),
    exp.ToVariant: casts.to(types.VARIANT),
    exp.ToArray: casts.to(types.ARRAY),
    exp.ToBinary: texts.binary,
    exp.ToChar: texts.written,
    exp.EQ: comparisons.compared,
    exp.NEQ: comparisons.compared,
    exp.LT: comparisons.compared,
    exp.LTE: comparisons.compared,
    exp.GT: comparisons.compared,
    exp.GTE: comparisons.compared,
    exp.NullSafeEQ: comparisons.compared,
    exp.NullSafeNEQ: comparisons.compared,
    exp.EqualNull: comparisons.equal_null,
    exp.Between: comparisons.between,
    exp.In: comparisons.member,
    exp.Ordered: comparisons.ordered,
    exp.Min: comparisons.extreme,
    exp.Max: comparisons.extreme,
    exp.Case: comparisons.branches,
    exp.Nvl2: comparisons.branches,
    exp.Coalesce: comparisons.values,
    exp.Greatest: comparisons.values,
    exp.Least: comparisons.values,
    exp.DecodeCase: comparisons.decoded,
    exp.DateAdd: dates.added,
    exp.DateDiff: dates.difference,
    exp.Count: dates.counted,
    exp.TimestampTrunc: dates.truncated,
    exp.DateTrunc: dates.truncated,
    exp.Extract: dates.part,
    exp.Year: dates.part_named("year"),
    exp.Month: dates.part_named("month"),
    exp.Day: dates.part_named("day"),
    exp.Quarter: dates.part_named("quarter"),
    exp.Hour: dates.part_named("hour"),
    exp.Minute: dates.part_named("minute"),
    exp.Second: dates.part_named("second"),
    exp.DayOfWeek: dates.part_named("dow"),
    exp.DayOfWeekIso: dates.part_named("isodow"),
    exp.DayOfMonth: dates.part_named("day"),
    exp.DayOfYear: dates.part_named("doy"),
    exp.WeekOfYear: dates.part_named("week"),
    exp.Week: dates.part_named("week"),
    exp.YearOfWeek: dates.part_named("isoyear"),
    exp.YearOfWeekIso: dates.part_named("isoyear"),
    exp.LastDay: dates.last_day,
    exp.MonthsBetween: dates.months_between,
    exp.TimeFromParts: dates.time_from_parts,
    exp.TsOrDsToTime: dates.time_parsed,
    exp.AddMonths: dates.months_added,
    exp.NextDay: dates.weekday,
    exp.PreviousDay: dates.weekday,
    exp.Dayname: dates.name_of_day,
    exp.Monthname: dates.name_of_day,
    exp.DateFromParts: dates.from_parts,
    exp.TimestampFromParts: dates.timestamp_from_parts,
    exp.TsOrDsToDate: dates.parsed,
    exp.StrToTime: dates.parsed,
    exp.UnixToTime: dates.from_epoch,
    exp.ConvertTimezone: dates.zone_converted,
    exp.CurrentTimestamp: dates.current,
    exp.TimeSlice: dates.slice_of,
    exp.DPipe: texts.concatenated,
    exp.Concat: texts.concatenated,
    exp.ConcatWs: texts.joined,
    exp.Lower: texts.with_text("this"),
    exp.Upper: texts.with_text("this"),
    exp.Length: texts.with_text("this"),
    exp.ByteLength: texts.with_text("this"),
    exp.Reverse: texts.with_text("this"),
    exp.Replace: texts.with_text("this", "expression", "replacement"),
    exp.Contains: texts.with_text("this", "expression"),
    exp.StartsWith: texts.with_text("this", "expression"),
    exp.EndsWith: texts.with_text("this", "expression"),
    exp.Left: texts.with_text("this"),
    exp.Right: texts.with_text("this"),
    exp.Initcap: texts.with_text("this"),
    exp.Substring: texts.part_of,
    exp.SplitPart: texts.part_split,
    exp.Strtok: texts.token,
    exp.StrPosition: texts.located,
    exp.Trim: texts.trimmed,
    exp.Pad: texts.padded,
    exp.Space: texts.spaces,
    exp.Stuff: texts.inserted,
    exp.RegexpReplace: patterns.replaced,
    exp.RegexpExtract: patterns.extracted,
    exp.RegexpExtractAll: patterns.extracted,
    exp.RegexpLike: patterns.matched,
    exp.RegexpCount: patterns.counted,
    exp.RegexpInstr: patterns.located,
    exp.Like: texts.alike,
    exp.ILike: texts.alike,
    exp.GroupConcat: texts.listed,
    exp.Hex: texts.hexadecimal,
    exp.HexDecodeString: texts.from_hexadecimal,
    exp.Base64Encode: texts.base64,
    exp.Base64DecodeString: texts.from_base64,
    exp.ParseJSON: variants.parsed,
    exp.JSONExtract: variants.path,
    exp.Bracket: variants.element,
    exp.GetExtract: variants.got,
    exp.Array: variants.array,
    exp.ArrayConstructCompact: variants.compact_array,
    exp.Struct: variants.object_of,
    exp.JSONObject: variants.object_of,
    exp.ArraySize: variants.size,
    exp.ArrayAgg: variants.array_aggregated,
    exp.WithinGroup: _ordered_group,
    exp.ObjectAgg: variants.object_aggregated,
    exp.ArrayContains: variants.function("_sf_array_contains", "this", "expression"),
    exp.ArrayPosition: variants.function("_sf_array_position", "this", "expression"),
    exp.ArrayAppend: variants.function("_sf_array_append", "this", "expression"),
    exp.ArrayPrepend: variants.function("_sf_array_prepend", "this", "expression"),
    exp.ArrayConcat: variants.function("_sf_array_cat", "this", "expressions"),
    exp.ArraySlice: variants.function("_sf_array_slice", "this", "start", "end"),
    exp.ArrayDistinct: variants.function("_sf_array_distinct", "this"),
    exp.ArrayIntersect: variants.function("_sf_array_intersection", "expressions"),
    exp.ArrayExcept: variants.function("_sf_array_except", "this", "expression"),
    exp.ArrayOverlaps: variants.function("_sf_arrays_overlap", "this", "expression"),
    exp.ArrayMin: variants.function("_sf_array_min", "this"),
    exp.ArrayMax: variants.function("_sf_array_max", "this"),
    exp.ArrayInsert: variants.function("_sf_array_insert", "this", "position", "expression"),
    exp.ArrayRemove: variants.function("_sf_array_remove", "this", "expression"),
    exp.ArrayRemoveAt: variants.function("_sf_array_remove_at", "this", "position"),
    exp.ArrayReverse: variants.function("_sf_array_reverse", "this"),
    exp.ArrayCompact: variants.function("_sf_compact", "this"),
    exp.GetIgnoreCase: variants.of_key,
    exp.Flatten: variants.function("_sf_array_flatten", "this"),
    exp.SortArray: variants.sorted_array,
    exp.JSONKeys: variants.function("_sf_object_keys", "this"),
    exp.ObjectInsert: variants.inserted,
    exp.GenerateSeries: variants.array_range,
    exp.ArrayToString: lambda node: call(
        "_sf_array_to_string", variants.variant(node.this), casts.to_text(node.expression)
    ),
    exp.Split: variants.array_of_texts,
    exp.StrtokToArray: variants.array_of_texts,
    exp.JSONFormat: variants.json_text,
    exp.IsNullValue: variants.is_json_null,
    exp.StripNullValue: variants.without_json_null,
    exp.CheckJson: lambda node: call("_sf_check_json", casts.to_text(node.this)),
    exp.IsArray: variants.kind_is("ARRAY"),
    exp.Typeof: variants.type_name,
    exp.CurrentDate: lambda node: cast(call("now"), types.DATE),
    exp.Unicode: lambda node: call("_sf_unicode", texts.as_text(node.this)),
    exp.RtrimmedLength: lambda node: call("length", call("rtrim", texts.as_text(node.this), string(" "))),
    exp.BitLength: lambda node: exp.Paren(
        this=exp.Mul(this=call("strlen", texts.as_text(node.this)), expression=exp.Literal.number(8))
    ),
    exp.Soundex: lambda node: call("_sf_soundex", casts.to_text(node.this)),
    exp.MD5: texts.with_text("this"),
    exp.SHA: texts.with_text("this"),
    exp.CurrentVersion: lambda node: string(SERVER_VERSION),
    exp.SHA2: _digest,
    exp.HexString: lambda node: call("from_hex", string(str(node.this))),
    exp.Rand: _random,
    exp.StarMap: object_of_columns,
    exp.Values: _named_values,
    exp.Lateral: flattening.table_function,
    exp.TableFromRows: flattening.table_function,
    exp.If: comparisons.branches,
}
_INTEGER, _NUMBER = ("INTEGER",), ("INTEGER", "DECIMAL")
_BY_NAME: dict[str, Any] = {
    "TO_DATE": casts.to(types.DATE),
    "TO_TIMESTAMP": casts.to(types.NTZ),
    "TO_TIMESTAMP_NTZ": casts.to(types.NTZ),
    "TO_TIMESTAMP_LTZ": casts.to(types.LTZ),
    "TO_TIMESTAMP_TZ": casts.to(types.TZ),
    "TO_TIME": casts.to(types.TIME),
    "TO_OBJECT": casts.to(types.OBJECT),
    "AS_VARCHAR": variants.kept_as(types.text(), "VARCHAR"),
    "AS_CHAR": variants.kept_as(types.text(), "VARCHAR"),
    "AS_INTEGER": variants.kept_as(types.number(), *_INTEGER),
    "AS_NUMBER": variants.kept_as(types.number(), *_NUMBER),
    "AS_REAL": variants.kept_as(types.FLOAT, *_NUMBER, "DOUBLE"),
    "IS_REAL": variants.kind_is(*_NUMBER, "DOUBLE"),
    "AS_DOUBLE": variants.kept_as(types.FLOAT, *_NUMBER, "DOUBLE"),
    "AS_BOOLEAN": variants.kept_as(types.BOOLEAN, "BOOLEAN"),
    "AS_ARRAY": variants.kept_as(types.ARRAY, "ARRAY"),
    "AS_OBJECT": variants.kept_as(types.OBJECT, "OBJECT"),
    "IS_OBJECT": variants.kind_is("OBJECT"),
    "IS_VARCHAR": variants.kind_is("VARCHAR"),
    "IS_CHAR": variants.kind_is("VARCHAR"),
    "IS_INTEGER": variants.kind_is(*_INTEGER),
    "IS_BOOLEAN": variants.kind_is("BOOLEAN"),
    "IS_DECIMAL": variants.kind_is(*_NUMBER),
    "IS_DOUBLE": variants.kind_is(*_NUMBER, "DOUBLE"),
    "OBJECT_DELETE": variants.picked("_sf_object_without"),
    "OBJECT_PICK": variants.picked("_sf_object_with"),
}
