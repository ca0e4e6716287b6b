"""Sessions of an embedded Snowflake in this process: a statement takes no request, and starts no server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strata.cloud.snowflake import dispatch
from strata.cloud.snowflake.results import ArrowRows, Rows
from strata.cloud.snowflake.server import ADMIN
from strata.cloud.snowflake.session import SnowflakeAccount, SnowflakeSession

TIME = "<time>"
Records = list[dict[str, Any]]


class Console:
    """Runs statements, each role in a session of its own.

    Args:
        account: what the sessions share.
    """

    def __init__(self, account: SnowflakeAccount) -> None:
        self.account = account
        self._sessions: dict[tuple[str, str], SnowflakeSession] = {}

    def session(self, role: str = "ACCOUNTADMIN", user: str = ADMIN) -> SnowflakeSession:
        if (user, role) not in self._sessions:
            self._sessions[user, role] = SnowflakeSession(
                account=self.account,
                id=len(self._sessions) + 1,
                user=user,
                role=role,
                connection=self.account.engine.connect(),
                warehouse="COMPUTE_WH",
            )
        return self._sessions[user, role]

    def run(self, sql: str, role: str = "ACCOUNTADMIN", parameters: Any = None) -> Records:
        """Run a statement, and return its rows as a client gets them; a time is TIME."""
        return records(dispatch.execute(self.session(role), sql, parameters))

    def one(self, sql: str, role: str = "ACCOUNTADMIN") -> Any:
        """Return the only cell of the only row."""
        (row,) = self.run(sql, role)
        (cell,) = row.values()
        return cell

    def script(self, text: str, role: str = "ACCOUNTADMIN") -> None:
        for statement in text.split(";"):
            if statement.strip():
                self.run(statement, role)


def records(rows: Rows | ArrowRows) -> Records:
    """Return a result as records."""
    if isinstance(rows, ArrowRows):
        names = [column["name"] for column in rows.rowtype]
        return [dict(zip(names, row.values(), strict=True)) for row in rows.table.to_pylist()]
    data = rows.data()
    return [
        {column["name"]: _cell(column, cell) for column, cell in zip(data["rowtype"], row, strict=True)}
        for row in data["rowset"]
    ]


def _cell(column: Mapping[str, Any], cell: Any) -> Any:
    return TIME if cell is not None and column["type"].startswith("timestamp") else cell
