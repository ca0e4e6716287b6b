"""Copies of objects on disk, as Parquet, which the engine reads in parallel."""

from __future__ import annotations

import importlib
import itertools
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa

from strata.cloud.aws.s3.stored_objects import StoredObject
from strata.cloud.snowflake.text_files import Conversion, Converted

_CACHE_BYTES = 2 * 1024**3
_WORKERS = 4
# Of the number that a copy's path begins with.
_DIGITS = 16
# File systems take names of up to 255 bytes.
_NAME = 200
_numbers = itertools.count()
# Bucket, key, ETag, and the key of a conversion.
_Name = tuple[str, str, str, str]


@dataclass(frozen=True, eq=False)
class LocalFile:
    """A copy of an object.

    `schema` is that of Parquet, None if the object has none; `fault` says where a text cannot be read on.
    """

    key: str
    path: Path
    size: int
    schema: pa.Schema | None
    fault: str = ""


class FileCache:
    """Keeps copies by bucket, key, ETag and conversion, and drops those not read for longest.

    Args:
        folder: where they lie; made when the first one comes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._files: OrderedDict[_Name, LocalFile] = OrderedDict()
        self._trusted: set[Path] = set()
        self._size = 0
        self._readers = 0
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="snowflake-files")

    def close(self) -> None:
        """Delete all copies."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Keep every copy meanwhile: the engine opens files late."""
        with self._lock:
            if not self._readers:
                self._shrink()
            self._readers += 1
        try:
            yield
        finally:
            with self._lock:
                self._readers -= 1

    def copies(
        self,
        bucket: str,
        objects: Sequence[StoredObject],
        body: Callable[[StoredObject], bytes | None],
        convert: Conversion | None = None,
    ) -> list[LocalFile]:
        """Return the copies of objects, without those that have no body now.

        Args:
            bucket: the objects' bucket.
            objects: the objects.
            body: returns the bytes of one that has not been copied.
            convert: makes Parquet of the bytes; None if they are Parquet.

        Raises:
            SqlError: an object holds what is not implemented.
        """
        names = [(bucket, stored.key, stored.etag, convert.key if convert else "") for stored in objects]
        with self._lock:
            found = [self._files.get(name) for name in names]
            for name in names:
                with suppress(KeyError):
                    self._files.move_to_end(name)

        def copied(missing: Sequence[tuple[_Name, StoredObject]]) -> list[LocalFile | None]:
            copies: list[LocalFile | None] = []
            for name, stored in missing:
                content = body(stored)
                if content is None:
                    copies.append(None)
                else:
                    copies.append(self._copy(name, convert(content) if convert else Converted(content)))
            return copies

        missing = [(n, s) for n, s, have in zip(names, objects, found, strict=True) if have is None]
        # A few parts, each some files: handing over a small file takes as long as copying it.
        size = max(-(-len(missing) // _WORKERS), 1)
        parts = [missing[at : at + size] for at in range(0, len(missing), size)]
        new = itertools.chain.from_iterable(self._pool.map(copied, parts))
        return [copy for have in found if (copy := have or next(new)) is not None]

    def distrust(self, files: Sequence[LocalFile]) -> bool:
        """Read files whole, once; what cannot be read stops counting as Parquet.

        Returns:
            Whether there is one.
        """
        with self._lock:
            doubtful = {copy.path for copy in files} - self._trusted
        broken = {path for path in doubtful if not _is_readable(path)}
        with self._lock:
            self._trusted |= doubtful - broken
            for name, copy in self._files.items():
                if copy.path in broken:
                    self._files[name] = replace(copy, schema=None)
        return bool(broken)

    def key_of(self, column: str) -> str:
        """Return the SQL of the key of a copy, whose path is in a column."""
        start = len(str(self.folder)) + 1 + _DIGITS + 1
        return f"url_decode(replace(substr({column}, {start + 1}), '/', ''))"

    def _copy(self, name: _Name, content: Converted) -> LocalFile:
        key, body = name[1], content.parquet
        # The path holds the key, without what the engine takes for a pattern or a folder.
        coded = f"{next(_numbers):0{_DIGITS}}-{quote(key, safe='').replace('.', '%2E')}"
        path = self.folder.joinpath(*(coded[at : at + _NAME] for at in range(0, len(coded), _NAME)))
        try:
            path.write_bytes(body)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        copy = LocalFile(key, path, len(body), _schema(body), content.fault)
        with self._lock:
            known = self._files.setdefault(name, copy)
            if known is copy:
                self._size += copy.size
        if known is not copy:
            # Another session has copied it meanwhile, and the engine may read that copy already.
            path.unlink()
        return known

    def _shrink(self) -> None:
        while self._size > _CACHE_BYTES and len(self._files) > 1:
            _, dropped = self._files.popitem(last=False)
            self._size -= dropped.size
            dropped.path.unlink(missing_ok=True)
            self._trusted.discard(dropped.path)


def load_reader() -> None:
    """Import what a first query of files needs, so that it need not: a fifth of a second."""
    # With pyarrow.compute, values are cast to Snowflake's types.
    for name in ("pyarrow.compute", "pyarrow.parquet", "sqlglot.dialects.duckdb"):
        importlib.import_module(name)


def _schema(body: bytes) -> pa.Schema | None:
    # Imported here and below: with it come the clients of four clouds.
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(pa.BufferReader(body)).schema_arrow if body else None
    except (pa.ArrowException, OSError, ValueError):
        return None


def _is_readable(path: Path) -> bool:
    import pyarrow.parquet as pq

    try:
        pq.read_table(path, use_threads=False)
    except (pa.ArrowException, OSError, ValueError):
        return False
    return True
