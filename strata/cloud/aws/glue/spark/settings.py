"""How Spark is started: its file of settings and the environment, so that job code needs none."""

from __future__ import annotations

import importlib.util
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from strata.cloud.aws.glue.spark.java import Java
from strata.errors import StrataError

# Account of the runner's scratch bucket, so that no ListBuckets of a user shows it. A 12-digit access key id
# is the account id in the embedded cloud.
RUNNER_ACCOUNT = "000000000000"
# Warnings about this machine that say nothing about the job.
_LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{yyyy-MM-dd HH:mm:ss,SSS} %p %c{1}: %m%n%ex
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
logger.metrics.name = org.apache.hadoop.metrics2
logger.metrics.level = error
"""
# The JVM's own warnings go to the log, not to the job's output; that it cannot use an archive is none.
LOGGED = "-Xlog:disable -Xlog:all=warning:stderr -Xlog:cds*=off:stderr"


@dataclass(frozen=True)
class SparkClasses:
    """The class path with which the archive of Spark's classes (class_archive.py) is made and used.

    Attributes:
        jars: the folder of S3A's jars, by its real path; the archive lies beside them.
    """

    jars: Path

    @property
    def archive(self) -> Path:
        """The archive."""
        return self.jars / "classes.jsa"

    @property
    def extra_path(self) -> str:
        """What comes before Spark's own jars."""
        return f"{self.jars}/*"

    @property
    def settings_folder(self) -> Path:
        """The folder of Spark's settings, which is on the class path: an empty one, the same for all."""
        return self.jars / "empty"

    @property
    def option(self) -> str:
        """The option of a JVM that uses the archive."""
        return f'"-XX:SharedArchiveFile={self.archive}"'


@dataclass(frozen=True)
class SparkSettings:
    """One kind of Spark process: which Java and jars, which S3, how much memory.

    Attributes:
        archive_at_exit: where the JVM writes the archive of its classes when it ends; None: it uses the one
            that there is.
    """

    java: Java
    jars: Path
    endpoint: str
    region: str
    memory: str = "1g"
    archive_at_exit: Path | None = None

    @property
    def classes(self) -> SparkClasses:
        """Its class path and archive."""
        return SparkClasses(self.jars)

    @property
    def class_archive(self) -> Path:
        """The archive of Spark's classes (class_archive.py)."""
        return self.classes.archive

    def defaults(self) -> dict[str, str]:
        """Return what spark-defaults.conf holds."""
        return {
            "spark.master": "local[*]",
            "spark.driver.memory": self.memory,
            "spark.driver.extraClassPath": self.classes.extra_path,
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.shuffle.partitions": "4",
            # Two jobs of the pipeline have more classes than the hundred that are kept by default.
            "spark.sql.codegen.cache.maxEntries": "1000",
            "spark.sql.session.timeZone": "UTC",
            "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
            "spark.hadoop.fs.s3a.endpoint": self.endpoint,
            "spark.hadoop.fs.s3a.endpoint.region": self.region,
            "spark.hadoop.fs.s3a.path.style.access": "true",
            "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
            # After each write S3A otherwise asks S3 to delete what may stand for the folders above it.
            "spark.hadoop.fs.s3a.directory.marker.retention": "keep",
            # S3A's own values wait for minutes before they say that an endpoint is dead.
            "spark.hadoop.fs.s3a.attempts.maximum": "2",
            "spark.hadoop.fs.s3a.retry.limit": "2",
            "spark.hadoop.fs.s3a.retry.interval": "200ms",
            "spark.hadoop.fs.s3a.connection.establish.timeout": "2000",
            # The keys of the runner, for its own scratch bucket only; a run gets the keys of its role.
            **session_properties({"AWS_ACCESS_KEY_ID": RUNNER_ACCOUNT, "AWS_SECRET_ACCESS_KEY": "test"}),
        }

    def write(self, folder: Path) -> None:
        """Write spark-defaults.conf and log4j2.properties for a process whose own folder is the parent."""
        folder.mkdir(parents=True, exist_ok=True)
        self.classes.settings_folder.mkdir(exist_ok=True)
        temporary = folder.parent / "tmp"
        # A process runs one short job: the second compiler never pays, and without it a warm-up takes 28 s of
        # CPU instead of 65.
        options = "-Duser.timezone=UTC -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData"
        options += f' "-Djava.io.tmpdir={temporary}" "-Dlog4j2.configurationFile={folder}/log4j2.properties"'
        options += f" {LOGGED}"
        if self.archive_at_exit:
            options += f' "-XX:ArchiveClassesAtExit={self.archive_at_exit}"'
        elif self.class_archive.is_file():
            options += f" {self.classes.option}"
        own = {
            "spark.driver.extraJavaOptions": options,
            # As Spark writes it itself, so that a context keeps the settings with which it was made.
            "spark.sql.warehouse.dir": f"file:{folder.parent / 'warehouse'}",
            "spark.hadoop.fs.s3a.buffer.dir": str(temporary),
        }
        lines = [f"{name} {value}\n" for name, value in {**self.defaults(), **own}.items()]
        (folder / "spark-defaults.conf").write_text("".join(lines))
        (folder / "log4j2.properties").write_text(_LOGGING)

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the whole environment of a process with this folder; nothing of the caller's leaks in."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "TMPDIR": str(folder / "tmp"),
            "JAVA_HOME": str(self.java.home),
            "SPARK_HOME": str(spark_home()),
            # On the class path, which has to be that of the archive, and without a file of this process.
            "SPARK_CONF_DIR": str(self.classes.settings_folder),
            "PYSPARK_SUBMIT_ARGS": shlex.join(
                ["--properties-file", f"{folder}/conf/spark-defaults.conf", "pyspark-shell"]
            ),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(folder / "tmp"),
            "PYSPARK_PYTHON": sys.executable,
            "PYSPARK_DRIVER_PYTHON": sys.executable,
            "PYTHONUNBUFFERED": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL": self.endpoint,
        }


def session_properties(credentials: Mapping[str, str]) -> dict[str, str]:
    """Return the Spark properties by which S3A uses the given AWS_* keys, of an assumed role or not."""
    kind = "Temporary" if "AWS_SESSION_TOKEN" in credentials else "Simple"
    provider = f"org.apache.hadoop.fs.s3a.{kind}AWSCredentialsProvider"
    properties = {
        "spark.hadoop.fs.s3a.aws.credentials.provider": provider,
        "spark.hadoop.fs.s3a.access.key": credentials["AWS_ACCESS_KEY_ID"],
        "spark.hadoop.fs.s3a.secret.key": credentials["AWS_SECRET_ACCESS_KEY"],
    }
    if "AWS_SESSION_TOKEN" in credentials:
        properties["spark.hadoop.fs.s3a.session.token"] = credentials["AWS_SESSION_TOKEN"]
    return properties


def spark_home() -> Path:
    """Return the folder of the installed PySpark, which is Spark's home."""
    found = importlib.util.find_spec("pyspark")
    if found is None or found.origin is None:
        raise StrataError("PySpark is not installed", remedy="run `make setup`")
    return Path(found.origin).parent
