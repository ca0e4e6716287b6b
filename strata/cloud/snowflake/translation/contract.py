"""What of Snowflake's SQL is implemented: the rest is refused by its name, never computed in another way.

The lists are in contract.toml, from which docs/fidelity-snowflake.md is made too.
"""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import Expr, exp
from sqlglot.errors import SqlglotError

from strata.cloud.snowflake.errors import SqlError, not_implemented, unknown_table_function

_FILE = Path(__file__).with_name("contract.toml")
_SYNTAX: dict[type[Expr], str] = {
    exp.MatchRecognize: "MATCH_RECOGNIZE",
    exp.Connect: "CONNECT BY",
    exp.Collate: "COLLATE",
    exp.HistoricalData: "time travel (AT or BEFORE)",
    exp.Lambda: "a lambda",
    exp.BitwiseLeftShift: "BITSHIFTLEFT",
    exp.BitwiseRightShift: "BITSHIFTRIGHT",
}


# Types whose values the engine would hold in another way.
_TYPES = {
    exp.DType.DECFLOAT: "DECFLOAT",
    exp.DType.GEOGRAPHY: "GEOGRAPHY",
    exp.DType.GEOMETRY: "GEOMETRY",
    exp.DType.MAP: "MAP",
    exp.DType.UUID: "UUID",
    exp.DType.VECTOR: "VECTOR",
}
_TIMES = {
    exp.DType.DATETIME: "TIMESTAMP_NTZ",
    exp.DType.TIME: "TIME",
    exp.DType.TIMESTAMP: "TIMESTAMP_NTZ",
    exp.DType.TIMESTAMPLTZ: "TIMESTAMP_LTZ",
    exp.DType.TIMESTAMPNTZ: "TIMESTAMP_NTZ",
    exp.DType.TIMESTAMPTZ: "TIMESTAMP_TZ",
}
_MICROSECONDS, _LONGEST_BINARY = 6, 8388608


def read() -> dict[str, Any]:
    """Return the contract as its file holds it."""
    with _FILE.open("rb") as file:
        return tomllib.load(file)


@functools.cache
def _names() -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of the functions that are implemented, and of those that are refused."""
    functions = read()["functions"]
    done: set[str] = set()
    for names in functions["exact"].values():
        done |= set(names)
    done |= {name for group in functions["partial"].values() for name in group}
    refused = {name for names in functions["refused"].values() for name in names}
    return frozenset(done), frozenset(refused)


def _is_done(kind: type[exp.Func]) -> bool:
    """Return whether the class that the parser makes of a function is one of those implemented."""
    # Parsing each function in all its forms takes a second, and most classes have Snowflake's name.
    return not _names()[0].isdisjoint(kind.sql_names()) or kind in _classes()


@functools.cache
def _classes() -> frozenset[type[Expr]]:
    """Return the classes that the parser makes of the implemented functions."""
    found: set[type[Expr]] = set()
    for name in _names()[0]:
        for arguments in ("", "a", "a, b", "a, b, c", "day, a, b", "a, b, c, d", "a, b, c, d, e, f"):
            try:
                tree = sqlglot.parse_one(f"SELECT {name}({arguments})", read="snowflake")
            except (SqlglotError, AttributeError, IndexError, TypeError, ValueError):
                continue
            found |= {type(node) for node in tree.find_all(exp.Func)}
    return frozenset(found)


def _refused_name(node: exp.Func) -> str:
    """Return Snowflake's name of a function that the parser knows by another."""
    for name in sorted(_names()[1]):
        for arguments in ("a", "a, b", "a, b, c"):
            try:
                tree = sqlglot.parse_one(f"SELECT {name}({arguments})", read="snowflake")
            except (SqlglotError, AttributeError, IndexError, TypeError, ValueError):
                continue
            if tree.find(type(node)):
                return name
    return node.sql_name()


def check(tree: Expr) -> None:
    """Require that every function and clause of a statement is implemented.

    Raises:
        SqlError: one is not; the error names it.
    """
    done, refused = _names()
    for node in tree.walk():
        what = _SYNTAX.get(type(node))
        if what is not None:
            raise not_implemented(what)
        if isinstance(node, exp.DataType):
            _check_type(node)
        if isinstance(node, exp.Filter):
            raise SqlError("SQL compilation error:\nsyntax error: unexpected 'FILTER'.")
        if isinstance(node, exp.When) and node.args.get("source"):
            raise SqlError("SQL compilation error:\nsyntax error: unexpected 'BY'.")
        if isinstance(node, exp.WindowSpec) and node.args.get("exclude"):
            raise SqlError("SQL compilation error:\nsyntax error: unexpected 'EXCLUDE'.")
        if isinstance(node, exp.TableSample) and node.args.get("seed"):
            raise not_implemented("SAMPLE with a seed")
        if isinstance(node, exp.Column) and node.name == "NEXTVAL" and node.table:
            raise not_implemented("a sequence's NEXTVAL")
        if isinstance(node, exp.Anonymous):
            name = node.name.upper()
            if name in refused:
                raise not_implemented(name)
            if name not in done and isinstance(node.parent, exp.TableFromRows | exp.Lateral):
                raise unknown_table_function(name)
            if name not in done:
                raise SqlError(
                    f"SQL compilation error:\nUnknown function {name}.", code=2140, sqlstate="42601"
                )
        elif isinstance(node, exp.Func) and not isinstance(node, _OPERATORS) and not _is_done(type(node)):
            raise not_implemented(_refused_name(node))


def _check_type(kind: exp.DataType) -> None:
    if kind.this in _TYPES:
        raise not_implemented(f"the type {_TYPES[kind.this]}")
    if kind.this in (exp.DType.ARRAY, exp.DType.OBJECT) and kind.expressions:
        raise not_implemented(f"a structured {kind.this.value}")
    given = next((int(p.name) for p in kind.expressions if isinstance(p, exp.DataTypeParam)), None)
    if kind.this in _TIMES and given is not None and given < _MICROSECONDS:
        raise not_implemented(f"{_TIMES[kind.this]}({given}), a precision below microseconds")
    if kind.this == exp.DType.BINARY and given not in (None, _LONGEST_BINARY):
        raise not_implemented(f"BINARY({given}), a length")


# Classes that the parser calls functions and SQL calls operators or clauses.
_OPERATORS = (
    exp.And,
    exp.Or,
    exp.Xor,
    exp.Cast,
    exp.Case,
    exp.If,
    exp.Exists,
    exp.Array,
    exp.Struct,
    exp.Explode,
    exp.JSONExtract,
    exp.Coalesce,
    exp.RegexpLike,
    exp.Div,
    exp.Mod,
    exp.Extract,
    exp.Concat,
    exp.Cube,
    exp.Rollup,
    exp.GroupingSets,
    exp.CurrentUser,
    exp.DateTrunc,
    exp.StarMap,
    exp.StrToTime,
    exp.TimestampTrunc,
    exp.TimeToStr,
    exp.TsOrDsToDate,
    exp.UnixToTime,
)
