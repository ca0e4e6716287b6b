"""Views of a session's DuckDB connection on copies of files, kept for the next query of the same files."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from strata.cloud.snowflake.fakesnow_compat import duckdb_of
from strata.cloud.snowflake.file_cache import LocalFile
from strata.cloud.snowflake.parquet_view import Shown, shown_as

_KEPT = 16
_numbers = itertools.count(1)


@dataclass(frozen=True)
class FileView:
    """A view on files, and what it shows."""

    name: str
    shown: Shown


class FileViews:
    """The views of one session.

    Args:
        connection: of fakesnow.
        key_of: returns the SQL of a file's key, given the column of its path.
    """

    def __init__(self, connection: Any, key_of: Callable[[str], str]) -> None:
        self._connection = connection
        self._key_of = key_of
        # Copies never change, so their identity is that of their rows.
        self._views: OrderedDict[tuple[str, tuple[LocalFile, ...]], FileView] = OrderedDict()

    def show(self, kind: str, files: Sequence[LocalFile], *, keeps: bool) -> FileView:
        """Return a view on files of a TYPE.

        Args:
            kind: the TYPE.
            files: copies of the files.
            keeps: whether the next query may have it, too; it must be dropped otherwise.

        Raises:
            SqlError: a file has a column that the engine needs for itself.
        """
        key = (kind, tuple(files))
        found = self._views.get(key) if keeps else None
        if found is None:
            shown = shown_as(kind, files, self._key_of)
            found = FileView(f"_strata_scan_{next(_numbers)}", shown)
            duckdb_of(self._connection).execute(f'CREATE TEMP VIEW "{found.name}" AS {shown.query}')
            if not keeps:
                return found
            self._views[key] = found
        self._views.move_to_end(key)
        return found

    def trim(self) -> None:
        """Drop the views that were not read for longest."""
        while len(self._views) > _KEPT:
            self.drop(self._views.popitem(last=False)[1])

    def drop(self, view: FileView) -> None:
        duckdb_of(self._connection).execute(f'DROP VIEW IF EXISTS temp.main."{view.name}"')
