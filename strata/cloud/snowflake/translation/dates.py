"""Dates and timestamps: a date stays a date, and each timestamp keeps its zone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlglot import Expr, exp

from strata.cloud.snowflake.errors import not_implemented
from strata.cloud.snowflake.translation import types
from strata.cloud.snowflake.translation.casts import convert, instant, local
from strata.cloud.snowflake.translation.formats import strftime_format
from strata.cloud.snowflake.translation.tree import call, cast, string, whole
from strata.cloud.snowflake.translation.types import Type

_of = types.type_of
_INTERVALS = {
    "YEAR": "to_years",
    "QUARTER": "to_quarters",
    "MONTH": "to_months",
    "WEEK": "to_weeks",
    "DAY": "to_days",
    "HOUR": "to_hours",
    "MINUTE": "to_minutes",
    "SECOND": "to_seconds",
    "MILLISECOND": "to_milliseconds",
    "MICROSECOND": "to_microseconds",
}
# Parts of DATE_PART whose name in the engine is another.
_PARTS = {
    "DAYOFWEEK": "dow",
    "DOW": "dow",
    "DOY": "doy",
    "DAYOFWEEKISO": "isodow",
    "DAYOFWEEK_ISO": "isodow",
    "WEEKISO": "week",
    "WEEK_ISO": "week",
    "DAYOFYEAR": "doy",
    "YEAROFWEEKISO": "isoyear",
    "EPOCH_SECOND": "epoch",
    "EPOCH": "epoch",
    "EPOCH_MILLISECOND": "epoch_ms",
}
_OF_TIME = ("HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND")
_PLAIN_PARTS = ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND")


def _unit(node: Expr) -> str:
    unit = node.args.get("unit")
    name = unit.name.upper() if isinstance(unit, Expr) else ""
    return name.removesuffix("S") if name.removesuffix("S") in _INTERVALS else name


def _interval(unit: str, number: Expr) -> Expr:
    if unit not in _INTERVALS:
        raise not_implemented(f"the date part {unit}")
    kind = types.Kind.INT if unit in ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY") else types.Kind.BIGINT
    return call(_INTERVALS[unit], whole(call("round", cast(number, types.FLOAT)), kind))


def _point(node: Expr) -> Expr:
    """Return an operand of a date function; text is converted to a timestamp."""
    kind = _of(node)
    if types.is_date(kind) or types.is_timestamp(kind) or kind.this == types.Kind.TIME:
        return node
    if not types.is_known(kind):
        return node
    return convert(node, types.NTZ)


def added(node: exp.DateAdd) -> Expr:
    """Add a number of units; a date stays a date unless the unit is shorter than a day."""
    return _shifted(_point(node.this), _interval(_unit(node), node.expression), _of(node))


def _shifted(point: Expr, interval: Expr, kind: Type, *, minus: bool = False) -> Expr:
    operator = exp.Sub if minus else exp.Add
    if _of(point) == types.TZ:
        moved = operator(this=exp.Paren(this=local(point)), expression=interval)
        return call("_sf_at", moved, call("struct_extract", point.copy(), string("z")))
    shifted = exp.Paren(this=operator(this=point, expression=interval))
    return cast(shifted, types.DATE) if types.is_date(kind) else shifted


def plus(node: exp.Add | exp.Sub) -> Expr | None:
    """Return date arithmetic with an operator; None for other operands."""
    left, right = node.this, node.expression
    if isinstance(left, exp.Interval):
        left, right = right, left
    point = _of(left)
    if isinstance(right, exp.Interval):
        found = left if types.is_date(point) or types.is_timestamp(point) else convert(left, types.NTZ)
        kind = _of(node)
        for unit, number in _parts_of(right):
            found = _shifted(found, _interval(unit, number), kind, minus=isinstance(node, exp.Sub))
            found.type = kind
        return found
    if types.is_date(point) and types.is_date(_of(right)):
        return exp.Paren(this=exp.Sub(this=left, expression=right))
    if types.is_fixed(point) and types.is_date(_of(right)):
        left, right, point = right, left, _of(right)
    if types.is_date(point):
        return _shifted(left, _interval("DAY", right), types.DATE, minus=isinstance(node, exp.Sub))
    if types.is_timestamp(point):
        raise not_implemented("arithmetic on a timestamp without an interval")
    return None


def _parts_of(interval: exp.Interval) -> list[tuple[str, Expr]]:
    if interval.args.get("unit") is not None:
        return [(_unit(interval), interval.this)]
    found: list[tuple[str, Expr]] = []
    for part in interval.this.name.split(","):
        number, _, unit = part.strip().partition(" ")
        name = unit.strip().upper() or "SECOND"
        found.append((name if name in _INTERVALS else name.removesuffix("S"), exp.Literal.number(number)))
    return found


def difference(node: exp.DateDiff) -> Expr:
    """Count the boundaries of a unit between two points in time."""
    unit = _unit(node)
    if unit not in _INTERVALS:
        raise not_implemented(f"DATEDIFF of {unit}")
    points = _walls("DATEDIFF", node.expression, node.this)
    if {_of(point).this for point in points} != {types.Kind.DATE}:
        points = [convert(point, types.NTZ) if types.is_date(_of(point)) else point for point in points]
    if unit == "WEEK":
        points = [call("date_trunc", string("week"), point) for point in points]
        days = call("date_diff", string("day"), *points)
        return exp.IntDiv(this=days, expression=exp.Literal.number(7))
    return call("date_diff", string(unit.lower()), *points)


def _walls(function: str, *sides: Expr) -> list[Expr]:
    """Return the wall clocks of two points in time.

    Snowflake's reference does not say whose offset counts where two TIMESTAMP_TZ have different ones.
    """
    points = [_point(side) for side in sides]
    if all(_of(point) != types.TZ for point in points):
        return [local(point) for point in points]
    first, second = (convert(point, types.TZ) for point in points)
    walls = [call("_sf_wall", first.copy(), second.copy(), string(function)), local(second)]
    walls[0].type = types.NTZ
    return walls


def truncated(node: exp.TimestampTrunc | exp.DateTrunc) -> Expr:
    """Cut a point in time to a unit; a date stays a date."""
    unit, point = _unit(node), _point(node.this)
    if unit not in _INTERVALS:
        raise not_implemented(f"DATE_TRUNC of {unit}")
    kind = _of(point)
    if types.is_date(kind):
        return cast(call("date_trunc", string(unit.lower()), point), types.DATE)
    if kind == types.TZ:
        cut = call("date_trunc", string(unit.lower()), local(point))
        return call("_sf_at", cut, call("struct_extract", point.copy(), string("z")))
    if kind == types.TIME:
        if unit not in _OF_TIME:
            raise not_implemented(f"DATE_TRUNC of {unit} of a TIME")
        return cast(call("date_trunc", string(unit.lower()), _on_a_day(point)), types.TIME)
    return call("date_trunc", string(unit.lower()), point)


def part(node: exp.Extract) -> Expr:
    """Return a part of a point in time."""
    name = node.this.name.upper()
    if name not in _PARTS and name not in _PLAIN_PARTS:
        raise not_implemented(f"DATE_PART of {name}")
    return _part(_PARTS.get(name, name.lower()), node.expression)


def _part(name: str, point: Expr) -> Expr:
    if name == "epoch_ms":
        return call("epoch_ms", _epoch_point(point))
    if name == "epoch":
        return whole(call("floor", call("epoch", _epoch_point(point))))
    return call("date_part", string(name), local(_point(point)))


def _epoch_point(point: Expr) -> Expr:
    found = _point(point)
    if _of(found) == types.TZ:
        return call("struct_extract", found, string("t"))
    return cast(found, types.NTZ) if types.is_date(_of(found)) else found


def part_named(name: str) -> Callable[[Any], Expr]:
    """Return the rule of a function such as YEAR that returns one part."""
    return lambda node: _part(name, node.this)


def last_day(node: exp.LastDay) -> Expr:
    """LAST_DAY: of the month unless another unit is named."""
    unit = _unit(node) or "MONTH"
    day = convert(_point(node.this), types.DATE)
    if unit == "MONTH":
        return call("last_day", day)
    if unit not in ("YEAR", "QUARTER", "WEEK"):
        raise not_implemented(f"LAST_DAY of {unit}")
    first = exp.Add(
        this=call("date_trunc", string(unit.lower()), day), expression=_interval(unit, exp.Literal.number(1))
    )
    return cast(
        exp.Paren(this=exp.Sub(this=first, expression=_interval("DAY", exp.Literal.number(1)))), types.DATE
    )


def counted(node: exp.Count) -> Expr | None:
    """COUNT: the same point in time with another offset is not distinct; None for other operands."""
    if not isinstance(node.this, exp.Distinct) or all(_of(e) != types.TZ for e in node.this.expressions):
        return None
    points = [instant(e) if _of(e) == types.TZ else e for e in node.this.expressions]
    node.this.set("expressions", points)
    return None


def months_added(node: exp.AddMonths) -> Expr:
    """ADD_MONTHS: the last day of a month stays one; a timestamp keeps its time and its offset."""
    point = _point(node.this)
    kind = _of(point)
    wall = local(point)
    day = call("_sf_add_months", wall, cast(node.expression, types.FLOAT))
    if types.is_date(kind):
        return day
    moved = exp.Paren(this=exp.Add(this=day, expression=cast(wall.copy(), types.TIME)))
    if kind == types.TZ:
        return call("_sf_at", moved, call("struct_extract", point.copy(), string("z")))
    moved.type = types.NTZ
    return convert(moved, kind)


def weekday(node: exp.NextDay | exp.PreviousDay) -> Expr:
    name = "_sf_next_day" if isinstance(node, exp.NextDay) else "_sf_previous_day"
    return call(name, convert(_point(node.this), types.DATE), node.expression)


def name_of_day(node: Expr) -> Expr:
    return call("strftime", local(_point(node.this)), string("%a" if isinstance(node, exp.Dayname) else "%b"))


def from_parts(node: exp.DateFromParts) -> Expr:
    """Return a date; months and days beyond the calendar carry over."""
    whole = [cast(node.args[name], types.number()) for name in ("year", "month", "day")]
    return call("_sf_date_from_parts", *whole)


def timestamp_from_parts(node: exp.TimestampFromParts) -> Expr:
    if node.args.get("zone"):
        raise not_implemented("TIMESTAMP_FROM_PARTS with a time zone")
    if node.this is not None:
        return exp.Paren(
            this=exp.Add(
                this=convert(_point(node.this), types.DATE), expression=convert(node.expression, types.TIME)
            )
        )
    day = [cast(node.args[name], types.number()) for name in ("year", "month", "day")]
    time = [
        _interval(unit, node.args[name])
        for unit, name in (("HOUR", "hour"), ("MINUTE", "min"), ("SECOND", "sec"))
    ]
    if node.args.get("nano") is not None:
        time.append(call("to_microseconds", call("_sf_microseconds", whole(node.args["nano"]))))
    found: Expr = cast(call("_sf_date_from_parts", *day), types.NTZ)
    for interval in time:
        found = exp.Add(this=found, expression=interval)
    return exp.Paren(this=found)


def parsed(node: exp.TsOrDsToDate | exp.StrToTime) -> Expr:
    """Read a text by a format, or convert what is not a text."""
    safe = bool(node.args.get("safe"))
    to = types.DATE if isinstance(node, exp.TsOrDsToDate) else types.normal(node.args.get("target_type"))
    pattern = node.args.get("format")
    if pattern is None:
        return convert(node.this, to, safe=safe)
    if to not in (types.DATE, types.NTZ) or not isinstance(pattern, exp.Literal):
        raise not_implemented("a format of a timestamp with a time zone, or that is not a literal")
    found = call("try_strptime" if safe else "strptime", node.this, pattern)
    return cast(found, to)


def time_parsed(node: exp.TsOrDsToTime) -> Expr:
    pattern, safe = node.args.get("format"), bool(node.args.get("safe"))
    if pattern is None:
        return convert(node.this, types.TIME, safe=safe)
    if not isinstance(pattern, exp.Literal):
        raise not_implemented("a format that is not a literal")
    return cast(call("try_strptime" if safe else "strptime", node.this, pattern), types.TIME)


def from_epoch(node: exp.UnixToTime) -> Expr:
    """Convert a number of seconds, or of fractions of one, or a text."""
    to = types.normal(node.args.get("target_type"))
    scale = node.args.get("scale")
    value = node.this
    if types.is_text(_of(value)):
        return convert(value, to)
    if scale is not None:
        unit = exp.Literal.number(10 ** int(scale.name))
        unit.type = types.number(11, 0)
        value = call("_sf_fraction", cast(value, types.number(38, 0)), unit)
        value.type = types.number(38, 9)
    return convert(value, to)


def zone_converted(node: exp.ConvertTimezone) -> Expr:
    """Convert a wall clock between zones, or a point in time to the wall clock of a zone."""
    source, target, point = node.args.get("source_tz"), node.args["target_tz"], node.args["timestamp"]
    if source is not None:
        wall = convert(point, types.NTZ)
        return call("timezone", target, call("timezone", source, wall))
    zoned = point if _of(point) == types.TZ else convert(point, types.TZ)
    return call("_sf_in_zone", call("struct_extract", zoned, string("t")), target)


def current(node: exp.CurrentTimestamp) -> Expr:
    now = call("now")
    return call("timezone", string("UTC"), now) if node.args.get("sysdate") else now


def slice_of(node: exp.TimeSlice) -> Expr:
    """TIME_SLICE: the start of a slice, or its end; slices are counted from 1970."""
    unit, point, kind = _unit(node), _point(node.this), _of(node.this)
    end = node.args.get("kind")
    if unit == "WEEK" and node.expression.name != "1":
        raise not_implemented("TIME_SLICE of more than one week")
    if types.is_known(kind) and not (types.is_date(kind) or kind == types.NTZ):
        raise not_implemented("TIME_SLICE of other than a date or a TIMESTAMP_NTZ")
    width = _interval(unit, node.expression)
    found: Expr = (
        call("date_trunc", string("week"), point) if unit == "WEEK" else call("_sf_time_slice", point, width)
    )
    if end is not None and end.name.upper() == "END":
        found = exp.Paren(this=exp.Add(this=found, expression=width.copy()))
    return cast(found, types.DATE) if types.is_date(kind) else found


def months_between(node: exp.MonthsBetween) -> Expr:
    return call("_sf_months_between", *_walls("MONTHS_BETWEEN", node.this, node.expression))


def time_from_parts(node: exp.TimeFromParts) -> Expr:
    """Return a time; minutes and seconds beyond the clock carry over."""
    parts = [
        _interval(unit, node.args[name])
        for unit, name in (("HOUR", "hour"), ("MINUTE", "min"), ("SECOND", "sec"))
    ]
    if node.args.get("nano") is not None:
        raise not_implemented("TIME_FROM_PARTS with nanoseconds")
    found: Expr = cast(string("1970-01-01"), types.NTZ)
    for part in parts:
        found = exp.Add(this=found, expression=part)
    return cast(exp.Paren(this=found), types.TIME)


def formatted(node: exp.TimeToStr) -> Expr:
    """Return a date or timestamp in a format that the grammar library has translated."""
    pattern = node.args["format"]
    # The grammar library reads dd as a day without a leading zero, DD with one.
    written = pattern.name.replace("%f_three", "%g").replace("%-d", "%d")
    if not isinstance(pattern, exp.Literal) or re.search(
        r"[A-Za-su-z]", re.sub(r"%-?[A-Za-z]|T", "", written)
    ):
        raise not_implemented("TO_CHAR with this format")
    return call("strftime", _on_a_day(local(_point(node.this))), string(written))


def _on_a_day(point: Expr) -> Expr:
    """Return a timestamp in the place of a TIME, which some functions of the engine do not take."""
    if _of(point).this != types.Kind.TIME:
        return point
    return exp.Paren(this=exp.Add(this=cast(string("1970-01-01"), types.DATE), expression=point))


def written(node: exp.ToChar) -> Expr | None:
    """Return a date or timestamp in a format; None if there is none."""
    pattern = node.args.get("format")
    if pattern is None:
        return None
    kind = _of(node.this)
    if not isinstance(pattern, exp.Literal) or not (types.is_date(kind) or types.is_timestamp(kind)):
        raise not_implemented("TO_CHAR with a format, of other than a date or timestamp")
    return call("strftime", local(node.this), string(strftime_format(pattern.name)))
