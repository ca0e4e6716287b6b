"""One local Spark per worker, and a pair of buckets that are folders: the jobs see s3:// and no S3 is needed."""

from __future__ import annotations

import hashlib
import os
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from glue_jobs.main import run  # noqa: E402
from strata.demo import data as demo_data  # noqa: E402

VIEW = "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"
RAW = "org.apache.hadoop.fs.RawLocalFileSystem"


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    folder = tmp_path_factory.mktemp("spark")
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
        "spark.hadoop.fs.s3.impl": VIEW,
        "spark.hadoop.fs.file.impl": RAW,
        "spark.hadoop.fs.viewfs.overload.scheme.target.file.impl": RAW,
    }
    builder = SparkSession.builder.master("local[2]").appName("tests")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    # As main sets it: what a transform makes of a time must not depend on the machine's zone.
    session.conf.set("spark.sql.session.timeZone", "UTC")
    session.conf.set("spark.sql.legacy.timeParserPolicy", "CORRECTED")
    yield session
    session.stop()


@dataclass
class Buckets:
    """A raw and a processed bucket under a folder, and the jobs run on them."""

    folder: Path
    raw_name: str
    processed_name: str
    reports: list[dict[str, Any]] = field(default_factory=list)

    @property
    def raw(self) -> Path:
        return self.folder / "raw"

    @property
    def processed(self) -> Path:
        return self.folder / "processed"

    def object_id(self, key: str) -> str:
        return hashlib.sha256(f"{self.raw_name}/{key}".encode()).hexdigest()

    def put(self, key: str, content: str | bytes) -> None:
        path = self.raw / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def run(self, job: str, key: str, sequencer: str = "01") -> dict[str, Any]:
        values = {
            "JOB_NAME": f"strata-{job}-dev",
            "raw_bucket": self.raw_name,
            "key": key,
            "etag": hashlib.md5((self.raw / key).read_bytes()).hexdigest(),
            "sequencer": sequencer,
            "object_id": self.object_id(key),
            "processed_bucket": self.processed_name,
            "dataset": "flights",
        }
        return run(job, [word for name, value in values.items() for word in (f"--{name}", value)])

    def run_both(self, key: str, sequencer: str = "01") -> tuple[dict[str, Any], dict[str, Any]]:
        return self.run("clean", key, sequencer), self.run("curate", key, sequencer)

    def files(self, below: str = "") -> dict[str, bytes]:
        """Every file in the processed bucket under a prefix, by path."""
        return {
            path.relative_to(self.processed).as_posix(): path.read_bytes()
            for path in sorted((self.processed / below).rglob("*"))
            if path.is_file()
        }


@pytest.fixture(scope="session")
def new_buckets(spark: SparkSession) -> Callable[[Path], Buckets]:
    """Makes empty buckets with the reference files."""

    def make(folder: Path) -> Buckets:
        name = uuid.uuid4().hex[:12]
        buckets = Buckets(folder, f"raw-{name}", f"processed-{name}")
        context: Any = spark.sparkContext
        configuration = context._jsc.hadoopConfiguration()
        for bucket, path in ((buckets.raw_name, buckets.raw), (buckets.processed_name, buckets.processed)):
            path.mkdir(parents=True)
            configuration.set(f"fs.viewfs.mounttable.{bucket}.linkFallback", path.as_uri())
        demo_data.reference(buckets.raw)
        return buckets

    return make


@pytest.fixture
def buckets(new_buckets: Callable[[Path], Buckets], tmp_path: Path) -> Buckets:
    return new_buckets(tmp_path)
