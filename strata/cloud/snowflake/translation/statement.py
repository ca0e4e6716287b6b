"""Translation of one statement."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlglot import Expr, exp

from strata.cloud.snowflake.translation import contract, rules, spellings, stored, types, typing
from strata.cloud.snowflake.translation.scopes import Tables
from strata.cloud.snowflake.translation.types import Type

Parameters = Sequence[Any] | Mapping[str, Any] | None


@dataclass(frozen=True)
class Translated:
    """A statement for the engine; `columns` are name and type of each column of its result, if known."""

    tree: Expr
    columns: Sequence[tuple[str, Type]] | None


def translate(tree: Expr, tables: Tables, parameters: Parameters = None) -> Translated:
    """Translate a statement whose tables are resolved and whose identifiers are normalised.

    Raises:
        SqlError: it has a function or a clause that is not implemented, or a name that does not exist.
    """
    spellings.rewrite(tree)
    contract.check(tree)
    _bind(tree, parameters)
    columns = typing.annotate(tree, tables)
    stored.convert_values(tree, tables, columns)
    tree = rules.store(rules.apply(tree))
    return Translated(tree, columns)


def _bind(tree: Expr, parameters: Parameters) -> None:
    """Give placeholders the types of their values."""
    for index, placeholder in enumerate(tree.find_all(exp.Placeholder, bfs=False)):
        if isinstance(parameters, Sequence) and index < len(parameters):
            placeholder.meta["value_type"] = _type_of(parameters[index])


def _type_of(value: Any) -> Type:
    if isinstance(value, bool):
        return types.BOOLEAN
    if isinstance(value, int):
        return types.number()
    if isinstance(value, float):
        return types.FLOAT
    if isinstance(value, Decimal):
        return types.number(38, max(-int(value.as_tuple().exponent), 0))
    if isinstance(value, datetime.datetime):
        return types.NTZ
    if isinstance(value, datetime.date):
        return types.DATE
    if isinstance(value, bytes):
        return types.BINARY
    return types.UNKNOWN if value is None else types.text()
