"""What a query reads beside ordinary tables, shown to the session's DuckDB connection while it runs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Self

import duckdb

from strata.cloud.snowflake import scan
from strata.cloud.snowflake.fakesnow_compat import duckdb_of
from strata.cloud.snowflake.file_cache import LocalFile
from strata.cloud.snowflake.file_views import FileView
from strata.cloud.snowflake.information_schema import CatalogScan
from strata.cloud.snowflake.result_scan import ResultScan
from strata.cloud.snowflake.scan import FileScan
from strata.cloud.snowflake.session import SnowflakeSession

_numbers = itertools.count(1)


class Readers:
    """Shows the rows of every scan; `files` are those that it reads, `views` those on them, one a scan."""

    def __init__(
        self,
        session: SnowflakeSession,
        scans: Sequence[FileScan],
        results: Sequence[ResultScan | CatalogScan] = (),
        *,
        opens: bool = True,
    ) -> None:
        self._session = session
        self._scans = scans
        self._results = results
        self._opens = opens
        # ROLLBACK would drop a view that was made in the transaction.
        self._keeps = not session.transaction.open
        self._registered: list[str] = []
        self._reading = ExitStack()
        self.views: list[FileView] = []
        self.files: list[LocalFile] = []

    def __enter__(self) -> Self:
        session, duck = self._session, duckdb_of(self._session.connection)
        try:
            if self._scans:
                self._reading.enter_context(session.storage.files.reading())
            for result in self._results:
                name = f"_strata_result_{next(_numbers)}_rows"
                duck.register(name, result.table)
                self._registered.append(name)
                result.fill(name)
            for found in self._scans:
                files = scan.prune(session, found)
                copies = scan.read(session, found, files) if self._opens else []
                self.files += copies
                kind = found.file_format["TYPE"]
                self.views.append(session.views.show(kind, copies, keeps=self._keeps))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._reading.close()
        views = self._session.views
        if self._keeps:
            views.trim()
        else:
            for view in self.views:
                views.drop(view)
        waiting = [*self._session.registered, *self._registered]
        self._session.registered.clear()
        for name in waiting:
            try:
                duckdb_of(self._session.connection).unregister(name)
            except duckdb.TransactionException:
                # The statement has failed and its transaction is still to be rolled back.
                self._session.registered.append(name)
