"""Rules of a data contract's document: options of types, allowed values, and the standard's quality metrics.

A line that breaks a rule of a column is quarantined, so a metric that counts such lines has the one threshold
`mustBe: 0`. A file with another number of rows than `rowCount` says is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import ceil, floor
from typing import Any

from glue_jobs.contract import ANY_NUMBER
from glue_jobs.odcs_faults import FaultReader, Path, similar
from glue_jobs.rules import Bound, Span, Value, shown, value_of

BOUNDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
LENGTHS = ("minLength", "maxLength")
ENUMERABLE = ("string", "int", "bigint", "date")
COLUMN_METRICS = ("invalidValues", "duplicateValues")
# `required` says what these would.
_OF_REQUIRED = ("nullValues", "missingValues")
TABLE_METRICS = ("rowCount", "duplicateValues")
# What a rule says beside what it checks.
DESCRIPTIVE = {
    *("id", "name", "description", "dimension", "businessImpact", "severity", "tags", "method", "type"),
    *("authoritativeDefinitions", "unit"),
}
THRESHOLDS = (
    *("mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan"),
    *("mustBeLessOrEqualTo", "mustBeBetween", "mustNotBeBetween"),
)
Rule = tuple[Path, str, Mapping[str, Any]]


class RuleReader(FaultReader):
    """Reads the rules of columns and tables and notes what is wrong with them."""

    def rules(self, path: Path, kind: str, value: Mapping[str, Any]) -> dict[str, Any]:
        """The rules of a column, as arguments of `Column`."""
        options = value.get("logicalTypeOptions") or {}
        least, most = self.bounds((*path, "logicalTypeOptions"), kind, options)
        allowed = self.allowed((*path, "enum"), kind, [_enumerated(item) for item in value.get("enum") or []])
        pattern = self.pattern((*path, "logicalTypeOptions", "pattern"), options.get("pattern"))
        unique = bool(value.get("unique"))
        for at, metric, rule in self.quality(path, value, (*COLUMN_METRICS, *_OF_REQUIRED)):
            self.threshold(at, metric, rule)
            if metric in _OF_REQUIRED:
                self.fault(at, f"the jobs do not check `{metric}`", "write required: true in the column")
            elif metric == "duplicateValues":
                self.arguments(at, rule, ())
                unique = True
            else:
                arguments = self.arguments(at, rule, ("validValues", "pattern"))
                if not arguments:
                    self.fault(at, "invalidValues has no rule", "write arguments: {validValues: […]}")
                values = arguments.get("validValues")
                if values is not None and allowed:
                    self.fault(at, "the allowed values occur twice", "leave one list")
                if values is not None:
                    allowed = self.allowed((*at, "arguments", "validValues"), kind, values)
                if "pattern" in arguments and kind != "string":
                    self.fault((*at, "arguments", "pattern"), f"a pattern of {kind}", "leave it out")
                elif "pattern" in arguments and pattern is not None:
                    self.fault(at, "the pattern occurs twice", "leave one")
                elif "pattern" in arguments:
                    pattern = self.pattern((*at, "arguments", "pattern"), arguments["pattern"])
        return {
            "least": least,
            "most": most,
            "length": self.length((*path, "logicalTypeOptions"), options),
            "allowed": allowed,
            "unique": unique,
            "pattern": pattern,
        }

    def table_rules(
        self, path: Path, table: Mapping[str, Any], names: list[str]
    ) -> tuple[Span, tuple[tuple[str, ...], ...]]:
        """How many rows a file may have, and the columns that are unique together."""
        rows, unique = ANY_NUMBER, []
        for at, metric, rule in self.quality(path, table, TABLE_METRICS):
            if metric == "rowCount":
                self.arguments(at, rule, ())
                rows = self.row_count(at, rule, rows)
                continue
            self.threshold(at, metric, rule)
            found = self.arguments(at, rule, ("properties",)).get("properties")
            if not isinstance(found, list) or not found:
                self.fault(at, "duplicateValues names no columns", "write arguments: {properties: […]}")
                continue
            for name in map(str, found):
                if name not in names:
                    self.fault(
                        (*at, "arguments", "properties"), f"{name!r} is not a column", similar(name, names)
                    )
            unique.append(tuple(map(str, found)))
        return rows, tuple(unique)

    def quality(self, path: Path, value: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[Rule]:
        """The metrics of a column or a table; descriptions and other engines' rules are left alone."""
        for place, rule in enumerate(self.items(value, "quality", path)):
            at = (*path, "quality", place)
            if not isinstance(rule, Mapping):
                self.fault(at, "a rule is a mapping", "write - metric: …")
                continue
            kind = rule.get("type", "library")
            if kind in ("text", "custom"):
                continue
            metric = str(rule.get("metric"))
            if kind != "library" or metric not in known:
                what = f"rules of the type {kind}" if kind != "library" else f"the metric {metric!r} here"
                self.fault(at, f"the jobs do not check {what}", similar(metric, known))
                continue
            for field in sorted(set(rule) - DESCRIPTIVE - {"metric", "arguments", *THRESHOLDS}):
                self.fault((*at, field), f"the jobs do not check `{field}` of a rule", "leave it out")
            if rule.get("unit", "rows") != "rows":
                self.fault((*at, "unit"), "the jobs count rows", "write unit: rows, or leave it out")
            yield at, metric, rule

    def threshold(self, at: Path, metric: str, rule: Mapping[str, Any]) -> None:
        given = {name: rule[name] for name in THRESHOLDS if name in rule}
        if given != {"mustBe": 0} or given["mustBe"] is False:
            self.fault(
                at, f"{metric} has another threshold than 0", "write mustBe: 0: such lines are quarantined"
            )

    def arguments(self, at: Path, rule: Mapping[str, Any], known: tuple[str, ...]) -> Mapping[str, Any]:
        found = rule.get("arguments") or {}
        if not isinstance(found, Mapping):
            return {}
        for name in found:
            if name not in known:
                remedy = similar(str(name), known)
                self.fault((*at, "arguments", name), f"the argument {name!r} is unknown here", remedy)
        return found

    def row_count(self, at: Path, rule: Mapping[str, Any], rows: Span) -> Span:
        given = [(name, rule[name]) for name in THRESHOLDS if name in rule]
        name, bound = given[0] if len(given) == 1 else ("", None)
        ends = bound if name == "mustBeBetween" else [bound, bound]
        if (
            not name
            or name.startswith("mustNot")
            or not isinstance(ends, list)
            or len(ends) != 2
            or not all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends)
        ):
            self.fault(at, "rowCount has not one threshold in numbers", "write mustBeGreaterThan: 0, say")
            return rows
        least, most = {
            "mustBeGreaterThan": (floor(ends[0]) + 1, None),
            "mustBeGreaterOrEqualTo": (ceil(ends[0]), None),
            "mustBeLessThan": (0, ceil(ends[1]) - 1),
            "mustBeLessOrEqualTo": (0, floor(ends[1])),
        }.get(name, (ceil(ends[0]), floor(ends[1])))
        # Two rules hold both.
        limits = [limit for limit in (rows.most, most) if limit is not None]
        both = Span(max(rows.least, least), min(limits, default=None))
        if both.most is not None and both.most < both.least:
            self.fault(at, "no number of rows is allowed", "make the thresholds agree")
        return both

    def bounds(self, path: Path, kind: str, options: Mapping[str, Any]) -> tuple[Bound | None, Bound | None]:
        found: dict[str, Bound] = {}
        for name in BOUNDS:
            if name not in options:
                continue
            try:
                value = value_of(kind, options[name])
            except ValueError as error:
                self.fault((*path, name), f"{name} {options[name]!r} is not of type {kind}", str(error))
                continue
            end = name.removeprefix("exclusive").lower()
            if end in found:
                self.fault(
                    (*path, name), f"the column has two bounds of one end: {end} and {name}", "leave one"
                )
            found[end] = Bound(value, name.startswith("exclusive"))
        least, most = found.get("minimum"), found.get("maximum")
        if least is not None and most is not None:
            self.ordered(path, least, most)
        return least, most

    def ordered(self, path: Path, least: Bound, most: Bound) -> None:
        # Both are of the column's type.
        low, high = least.value, most.value
        open_ended = least.exclusive or most.exclusive
        if low > high or (low == high and open_ended):  # type: ignore[operator]
            self.fault(
                path,
                f"no value is allowed: the range goes from {shown(low)} to {shown(high)}",
                "correct an end",
            )

    def length(self, path: Path, options: Mapping[str, Any]) -> Span | None:
        found = {}
        for name in LENGTHS:
            length = options.get(name)
            if name not in options:
                continue
            if isinstance(length, bool) or not isinstance(length, int) or length < 0:
                self.fault((*path, name), f"{name} {length!r} is not a length", "write a whole number")
                continue
            found[name] = length
        if not found:
            return None
        span = Span(found.get("minLength", 0), found.get("maxLength"))
        if span.most is not None and span.most < span.least:
            self.fault(path, f"no text is {span.least} to {span.most} characters long", "correct an end")
        return span

    def allowed(self, path: Path, kind: str, values: object) -> tuple[Value, ...]:
        if values == []:
            return ()
        if not isinstance(values, list):
            self.fault(path, "the allowed values are not a list", "write [a, b]")
            return ()
        if kind not in ENUMERABLE and not kind.startswith("decimal"):
            self.fault(path, f"the jobs do not check allowed values of type {kind}", "leave them out")
            return ()
        found: list[Value] = []
        for value in values:
            try:
                found.append(value_of(kind, value))
            except ValueError as error:
                self.fault(path, f"the allowed value {value!r} is not of type {kind}", str(error))
        return tuple(found)

    def pattern(self, path: Path, pattern: object) -> str | None:
        if pattern is None:
            return None
        try:
            re.compile(str(pattern))
        except re.error as error:
            self.fault(path, f"the pattern {pattern!r} is not a regular expression: {error}", "correct it")
        return str(pattern)


def _enumerated(item: object) -> object:
    return item.get("value") if isinstance(item, Mapping) else item
