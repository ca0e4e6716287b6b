"""Builders of expressions for the engine."""

from __future__ import annotations

from sqlglot import Expr, exp

from strata.cloud.snowflake.translation import types
from strata.cloud.snowflake.translation.types import Type


def call(name: str, *arguments: Expr) -> Expr:
    """Return a call of a function of the engine, or of a macro in `macros`."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def cast(node: Expr, kind: Type) -> Expr:
    """Return a cast that the engine computes, of a type of Snowflake.

    It is marked, so that no rule for casts of Snowflake is applied to it.
    """
    found = exp.Cast(this=node, to=kind.copy())
    found.type = kind.copy()
    found.meta["engine"] = True
    return found


def try_cast(node: Expr, kind: Type) -> Expr:
    """Return the same, that is null for a value that cannot be cast."""
    found = exp.TryCast(this=node, to=kind.copy())
    found.type = kind.copy()
    found.meta["engine"] = True
    return found


def whole(node: Expr, kind: exp.DType = types.Kind.BIGINT) -> Expr:
    """Return a number as one of the engine's integers, which its functions count with."""
    found = exp.Cast(this=node, to=types.plain(kind))
    found.meta["engine"] = found.to.meta["engine"] = True
    return found


def string(text: str) -> Expr:
    found = exp.Literal.string(text)
    found.type = types.text(max(len(text), 1))
    return found


def error(message: Expr) -> Expr:
    """Return an expression that fails with a message when it is computed."""
    return call("error", message)
