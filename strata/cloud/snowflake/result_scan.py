"""RESULT_SCAN: a kept result in the place of a table."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
from sqlglot import Expr, exp

from strata.cloud.snowflake.errors import not_implemented
from strata.cloud.snowflake.history import KeptResult
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.translation.tree import cast


@dataclass
class ResultScan:
    """A result that a statement reads; `fill` completes `node` once the result is registered."""

    kept: KeptResult
    node: exp.Subquery

    @property
    def table(self) -> pa.Table:
        return self.kept.table

    def fill(self, name: str) -> None:
        """Complete the subquery over the registered table `name`."""
        columns: list[Expr] = [
            exp.alias_(cast(exp.column(column, quoted=True), kind), column, quoted=True)
            for column, kind in self.kept.columns
        ]
        table = exp.table_(name, db="main", catalog="temp", quoted=True)
        self.node.set("this", exp.Select(expressions=columns, from_=exp.From(this=table)))


def result_scan(session: SnowflakeSession, rows: exp.TableFromRows) -> ResultScan:
    """Replace `TABLE(RESULT_SCAN(id))` by a subquery that is completed later.

    Raises:
        SqlError: no result of this id is kept.
    """
    arguments = rows.this.expressions
    if len(arguments) != 1 or not isinstance(arguments[0], exp.Literal):
        raise not_implemented("RESULT_SCAN of other than a literal or LAST_QUERY_ID")
    alias = rows.args.get("alias") or exp.TableAlias(this=exp.to_identifier("_result", quoted=True))
    node = exp.Subquery(this=exp.select("1"), alias=alias)
    for name in ("joins", "laterals", "pivots"):
        if rows.args.get(name):
            node.set(name, rows.args[name])
    rows.replace(node)
    return ResultScan(session.history.result(arguments[0].name), node)
