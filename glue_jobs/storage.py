"""Where a run's objects are, and whole objects read and written through Spark's own file systems.

What the jobs write and read again goes through the Hadoop client that Spark uses for data: the same
credentials, endpoint and encryption hold for reports. Only the raw object needs another client (`source.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pyspark.sql import SparkSession

from glue_jobs.arguments import JobArguments, TableArguments
from glue_jobs.errors import RefusedObject
from glue_jobs.formats import HEAD

Document = dict[str, Any]
BUFFER = 2**16
# What Java's decompressors raise of bytes that are broken or cut off.
BROKEN = {
    "java.io.EOFException",
    "java.util.zip.ZipException",
    "com.github.luben.zstd.ZstdIOException",
}


@dataclass(frozen=True)
class ObjectLayout:
    """The URIs of one raw object's outputs and of the reference files."""

    arguments: JobArguments

    @property
    def copies(self) -> str:
        """Folder of the copies of this object's versions that runs work on."""
        return self._processed(f"work/{self.arguments.dataset}/{self._object}")

    @property
    def cleaned(self) -> str:
        """Folder of the judged rows of this object's versions."""
        return self._processed(f"clean/{self.arguments.dataset}/{self._object}")

    @property
    def clean(self) -> str:
        """Folder of this version's judged rows: a run that should be dead writes beside its successor's."""
        return f"{self.cleaned}/sequencer={self.arguments.sequencer}"

    @property
    def judged(self) -> str:
        """Folder of all rows of this version, each with its verdict, as far as it tells one alone."""
        return f"{self.clean}/judged"

    @property
    def repeated(self) -> str:
        """Folder of the numbers of this version's rows that repeat others, with reason and detail."""
        return f"{self.clean}/repeated"

    @property
    def duplicates(self) -> str:
        """Folder of the numbers of duplicates, and which line each repeats, for people."""
        return self._processed(f"quarantine/duplicates/{self.arguments.dataset}/{self._object}")

    @property
    def quarantined_rows(self) -> str:
        """Folder of the rows that broke the contract."""
        return self._processed(f"quarantine/{self.arguments.dataset}/{self._object}")

    @property
    def quarantined_object(self) -> str:
        """Folder of an object that was refused whole."""
        return self._processed(f"quarantine/objects/{self._object}")

    @property
    def curated(self) -> str:
        """Folder of the curated table; an object's rows are in `<partition>/object=<id>` below it."""
        return self._processed(f"curated/{self.arguments.dataset}")

    def curated_partition(self, partition: str) -> str:
        """Folder of this object's rows in one partition such as `flight_date=2013-01-05`."""
        return f"{self.curated}/{partition}/{self._object}"

    def report(self, name: str) -> str:
        """A report of this object: `clean`, `curate` or `curate.started`."""
        return self._processed(f"reports/{self.arguments.dataset}/{self._object}/{name}.json")

    def reference(self, name: str) -> str:
        """A reference file."""
        return f"s3://{self.arguments.raw_bucket}/reference/{name}.csv"

    @property
    def _object(self) -> str:
        return f"object={self.arguments.object_id}"

    def _processed(self, path: str) -> str:
        return f"s3://{self.arguments.processed_bucket}/{path}"


@dataclass(frozen=True)
class TableLayout:
    """The URIs of a data set's curated table, and of what is made of it."""

    arguments: TableArguments

    @property
    def curated(self) -> str:
        """Folder of the curated table."""
        return self._processed(f"curated/{self.arguments.dataset}")

    @property
    def summary(self) -> str:
        """The data set's part of the table `daily_summary`, which the data set partitions."""
        return self._processed(f"daily_summary/dataset={self.arguments.dataset}/part.parquet")

    @property
    def work(self) -> str:
        """Folder of what a run works on; a lifecycle rule sweeps what killed runs leave there."""
        return self._processed(f"work/{self.arguments.dataset}")

    def _processed(self, path: str) -> str:
        return f"s3://{self.arguments.processed_bucket}/{path}"


class JobStorage:
    """Whole objects by URI, read, written, copied and deleted from the driver."""

    def __init__(self, spark: SparkSession) -> None:
        # pyspark types neither the JVM gateway nor its Java context.
        context: Any = spark.sparkContext
        self._configuration: Any = context._jsc.hadoopConfiguration()
        self._jvm: Any = context._jvm
        # Kept: each dot of such a name searches the class path.
        self._path: Any = context._jvm.org.apache.hadoop.fs.Path
        self._files: Any = context._jvm.org.apache.hadoop.fs.FileUtil

    def size(self, uri: str) -> int | None:
        """An object's length in bytes; None where there is none (a folder is none)."""
        path, files = self._open(uri)
        if not files.exists(path):
            return None
        status = files.getFileStatus(path)
        return None if status.isDirectory() else int(status.getLen())

    def head(self, uri: str, compression: str | None = None, size: int = HEAD) -> bytes:
        """An object's first bytes, unpacked.

        Raises:
            RefusedObject: it cannot be unpacked.
        """
        with _unpacking(uri, compression):
            stream = self._input(uri, compression)
            try:
                return bytes(stream.readNBytes(size))
            finally:
                stream.close()

    def to_plain_text(self, uri: str, target: str, compression: str | None, encoding: str) -> None:
        """Writes an object unpacked and in UTF-8; no byte of it passes through Python.

        Raises:
            RefusedObject: it cannot be unpacked.
        """
        path, files = self._open(target)
        with _unpacking(uri, compression):
            stream, out = self._input(uri, compression), files.create(path)
            try:
                if encoding == "UTF-8":
                    stream.transferTo(out)
                else:
                    writer = self._jvm.java.io.OutputStreamWriter(out, "UTF-8")
                    self._jvm.java.io.InputStreamReader(stream, encoding).transferTo(writer)
                    writer.flush()
            finally:
                out.close()
                stream.close()

    def _input(self, uri: str, compression: str | None) -> Any:
        path, files = self._open(uri)
        stream = files.open(path)
        if compression == "gzip":
            return self._jvm.java.util.zip.GZIPInputStream(stream, BUFFER)
        if compression == "zstd":
            return self._jvm.com.github.luben.zstd.ZstdInputStream(stream)
        return stream

    def folders(self, uri: str) -> list[str]:
        """The names of the folders in a folder."""
        path, files = self._open(uri)
        if not files.exists(path):
            return []
        return [str(status.getPath().getName()) for status in files.listStatus(path) if status.isDirectory()]

    def files(self, uri: str) -> list[str]:
        """The names of the files in a folder."""
        path, files = self._open(uri)
        return [str(status.getPath().getName()) for status in files.listStatus(path) if status.isFile()]

    def text(self, uri: str) -> str | None:
        """An object's UTF-8 text; None where there is none."""
        path, files = self._open(uri)
        if not files.exists(path):
            return None
        stream = files.open(path)
        try:
            return bytes(stream.readAllBytes()).decode("utf-8-sig")
        finally:
            stream.close()

    def read(self, uri: str) -> Document | None:
        """A JSON document; None where there is none."""
        text = self.text(uri)
        if text is None:
            return None
        document: Document = json.loads(text)
        return document

    def write(self, uri: str, document: Document) -> None:
        """Writes a JSON document in one piece; on S3 it appears whole or not at all."""
        path, files = self._open(uri)
        stream = files.create(path)
        stream.write(bytearray(json.dumps(document, indent=1, ensure_ascii=False).encode()))
        # Closing is what uploads: after a failed write it must not happen, or half an object appears.
        stream.close()

    def copy(self, source: str, target: str) -> None:
        """Copies one object."""
        from_path, from_files = self._open(source)
        to_path, to_files = self._open(target)
        self._files.copy(from_files, from_path, to_files, to_path, False, True, self._configuration)

    def delete(self, uri: str) -> None:
        """Deletes an object or a whole folder; it may be missing."""
        path, files = self._open(uri)
        files.delete(path, True)

    def _open(self, uri: str) -> tuple[Any, Any]:
        path = self._path(uri)
        return path, path.getFileSystem(self._configuration)


@contextmanager
def _unpacking(uri: str, compression: str | None) -> Iterator[None]:
    """Makes what a decompressor says of bad bytes a refusal; other errors stay what they are."""
    from py4j.protocol import Py4JJavaError

    try:
        yield
    except Py4JJavaError as error:
        name = error.java_exception.getClass().getName()
        if compression is None or name not in BROKEN:
            raise
        detail = f"the file cannot be read as {compression}: {error.java_exception.getMessage()}"
        raise RefusedObject("bad_compression", detail) from None


def literal(uri: str) -> str:
    """A URI for Spark's readers, which take paths as glob patterns: a key's own `[` or `*` is escaped."""
    return re.sub(r"([\\*?\[\]{}])", r"\\\1", uri)
