"""Transactions of a session, in the engine's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

from strata.cloud.snowflake.fakesnow_compat import duckdb_of
from strata.cloud.snowflake.faults import of_engine


class SessionTransaction:
    """The transaction of one session.

    Args:
        connection: of fakesnow.

    `open` tells whether there is one.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.open = False

    def begin(self) -> None:
        """Begin a transaction, unless one is open, as Snowflake does."""
        if not self.open:
            duckdb_of(self._connection).begin()
            self.open = True

    def end(self, verb: str) -> None:
        """COMMIT or ROLLBACK; without a transaction nothing happens.

        Raises:
            SqlError: another session has changed the same rows.
        """
        if not self.open:
            return
        self.open = False
        duck = duckdb_of(self._connection)
        try:
            if verb == "COMMIT":
                duck.commit()
            else:
                duck.rollback()
        except duckdb.Error as error:
            raise of_engine(error) from None

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Make what runs inside one change: all of it, or nothing where it fails."""
        if self.open:
            yield
            return
        self.begin()
        try:
            yield
        except BaseException:
            self.end("ROLLBACK")
            raise
        self.end("COMMIT")
