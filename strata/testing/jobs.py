"""The Glue jobs on buckets that are folders: the jobs see s3:// paths, and no S3 is needed."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import urlsplit

from strata.errors import StrataError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_VIEW = "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"
_RAW = "org.apache.hadoop.fs.RawLocalFileSystem"


@contextmanager
def local_spark(folder: Path) -> Iterator[SparkSession]:
    """A local Spark that reads and writes `s3://` below folders.

    Args:
        folder: for what Spark keeps meanwhile.
    """
    from pyspark.sql import SparkSession

    os.environ |= {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_DIRS": str(folder)}
    settings = {
        "spark.driver.host": "127.0.0.1",
        # Short jobs are over before the second compiler pays.
        "spark.driver.extraJavaOptions": f"-XX:TieredStopAtLevel=1 -Djava.io.tmpdir={folder}",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        # A bucket is a mount point of Hadoop's view file system; the raw one below leaves no .crc files.
        "spark.hadoop.fs.s3.impl": _VIEW,
        "spark.hadoop.fs.file.impl": _RAW,
        "spark.hadoop.fs.viewfs.overload.scheme.target.file.impl": _RAW,
    }
    builder = SparkSession.builder.master("local[2]").appName("tests")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    # As the jobs' main sets it: what a transform makes of a time must not depend on the machine's zone.
    session.conf.set("spark.sql.session.timeZone", "UTC")
    session.conf.set("spark.sql.legacy.timeParserPolicy", "CORRECTED")
    try:
        yield session
    finally:
        session.stop()


@dataclass
class Buckets:
    """A raw and a processed bucket under a folder, and the jobs run on them.

    `versions` holds every content that `put` has written, by the version's id.
    """

    folder: Path
    raw_name: str
    processed_name: str
    versions: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def make(cls, spark: SparkSession, folder: Path) -> Buckets:
        """Empty buckets but for the example data set's reference files."""
        from strata.demo import data

        name = uuid.uuid4().hex[:12]
        buckets = cls(folder, f"raw-{name}", f"processed-{name}")
        context: Any = spark.sparkContext
        configuration = context._jsc.hadoopConfiguration()
        for bucket, path in ((buckets.raw_name, buckets.raw), (buckets.processed_name, buckets.processed)):
            path.mkdir(parents=True)
            configuration.set(f"fs.viewfs.mounttable.{bucket}.linkFallback", path.as_uri())
        data.reference(buckets.raw)
        return buckets

    @property
    def raw(self) -> Path:
        return self.folder / "raw"

    @property
    def processed(self) -> Path:
        return self.folder / "processed"

    def object_id(self, key: str) -> str:
        return hashlib.sha256(f"{self.raw_name}/{key}".encode()).hexdigest()

    def put(self, key: str, content: str | bytes) -> str:
        """Put an object; return the version's id."""
        path = self.raw / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        version_id = f"v{len(self.versions) + 1}"
        self.versions[version_id] = path.read_bytes()
        return version_id

    def run(
        self,
        job: str,
        key: str,
        sequencer: str = "01",
        version_id: str = "null",
        etag: str | None = None,
    ) -> dict[str, Any]:
        """Run a job on an object of the raw bucket; return its report, and raise what it raises.

        Args:
            job: `clean` or `curate`.
            key: the object.
            sequencer: of the event.
            version_id: of the event; by default as of a bucket without versions, where only what was put last
                is there.
            etag: of the event; by default of that version.
        """
        # The jobs are the repository's own, not part of the library.
        from glue_jobs import source
        from glue_jobs.main import run

        values = {
            "JOB_NAME": f"strata-{job}-dev",
            "raw_bucket": self.raw_name,
            "key": key,
            "etag": etag or _etag(self.content(key, version_id)),
            "version_id": version_id,
            "sequencer": sequencer,
            "object_id": self.object_id(key),
            "processed_bucket": self.processed_name,
            "dataset": "flights",
        }
        words = [word for name, value in values.items() for word in (f"--{name}", value)]
        with (
            patch.object(source, "Copies", partial(_FolderCopies, self)),
            patch.object(source, "is_gone", self._is_gone),
        ):
            return dict(run(job, words))

    def run_both(
        self, key: str, sequencer: str = "01", version_id: str = "null"
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Run both jobs, one after the other."""
        return self.run("clean", key, sequencer, version_id), self.run("curate", key, sequencer, version_id)

    def _is_gone(self, report: Mapping[str, Any]) -> bool:
        try:
            return _etag(self.content(report["key"], report["version_id"])) != str(report["etag"])
        except (KeyError, FileNotFoundError):
            return True

    def content(self, key: str, version_id: str) -> bytes:
        """A version's bytes; raises KeyError if it is gone."""
        if version_id == "null":
            return (self.raw / key).read_bytes()
        return self.versions[version_id]

    def files(self, below: str = "") -> dict[str, bytes]:
        """Every file in the processed bucket under a prefix, by path."""
        return {
            path.relative_to(self.processed).as_posix(): path.read_bytes()
            for path in sorted((self.processed / below).rglob("*"))
            if path.is_file()
        }


class _FolderCopies:
    """What `glue_jobs.source.Copies` does on S3, on folders: those have no versions and no ETags."""

    def __init__(self, buckets: Buckets, folder: str) -> None:
        self._buckets = buckets
        self._uri = folder
        self._folder = buckets.processed / urlsplit(folder).path.lstrip("/")

    def copy(self, arguments: Any, name: str) -> str:
        from glue_jobs.errors import SupersededVersion

        version = {"key": arguments.key, "version_id": arguments.version_id, "etag": arguments.etag}
        if self._buckets._is_gone(version):
            raise SupersededVersion(f"version {arguments.version_id} of {arguments.source} is gone")
        content = self._buckets.content(arguments.key, arguments.version_id)
        path = self._folder / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        return f"{self._uri}/{name}"

    def remove(self, name: str) -> None:
        (self._folder / name).unlink()


def _etag(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class JobRun:
    """What a job did: its report, and the buckets it worked on."""

    report: dict[str, Any]
    buckets: Buckets

    def files(self, below: str = "") -> dict[str, bytes]:
        """The files in the processed bucket under a prefix."""
        return self.buckets.files(below)


def job_runner(spark: SparkSession, new_folder: Callable[[], Path]) -> Callable[..., JobRun]:
    """The `run_job` fixture's function."""

    def run_job(job: str, files: Mapping[str, str | bytes], after: JobRun | None = None) -> JobRun:
        """Run a job on files.

        Args:
            job: `clean` or `curate`.
            files: content by key in the raw bucket; the job works on the first.
            after: a run in whose buckets this one works: `curate` needs what `clean` wrote.

        Raises:
            StrataError: no file to work on.
            JobError: what the job raises.
        """
        if not files:
            raise StrataError("run_job needs at least one file", remedy="give it as {key: content}")
        buckets = after.buckets if after is not None else Buckets.make(spark, new_folder())
        for key, content in files.items():
            buckets.put(key, content)
        return JobRun(buckets.run(job, next(iter(files))), buckets)

    return run_job
