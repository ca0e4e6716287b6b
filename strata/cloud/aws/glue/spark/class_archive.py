"""The archive of Spark's classes, which a JVM maps instead of reading and checking them in the jars.

Without it two fifths of a warm-up's CPU go to classes. It is Java's own application class-data sharing, see
"Application Class Data Sharing" of https://docs.oracle.com/en/java/javase/17/docs/specs/man/java.html. A JVM
uses an archive only if its Java and its class path are those that made it, and does without one otherwise.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from strata.cloud.aws.glue.spark.process import SparkJob, SparkProcess
from strata.cloud.aws.glue.spark.settings import SparkSettings, spark_home

# Ends the JVM, which writes the archive then; the driver waits for a JVM that no longer answers.
_END = b"from pyspark import SparkContext\nSparkContext._jvm.System.exit(0)\n"


def is_current(settings: SparkSettings) -> bool:
    """Whether the last attempt to make an archive was with this Java and these jars."""
    stamp = _stamp(settings)
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == _fingerprint(settings)


def make_archive(settings: SparkSettings, progress: Callable[[str], None]) -> bool:
    """Make the archive beside the jars.

    Args:
        settings: how Spark is started; an S3 answers at its endpoint.
        progress: gets one line per step.

    Returns:
        Whether there is one. Some builds of Java cannot make it; Spark starts without it then.
    """
    for stale in (_stamp(settings), settings.class_archive):
        stale.unlink(missing_ok=True)
    progress("a Spark process warms up, for all later ones")
    with tempfile.TemporaryDirectory(dir=settings.jars, prefix=".classes-") as folder:
        part = Path(folder) / settings.class_archive.name
        process = SparkProcess(replace(settings, archive_at_exit=part), Path(folder) / "process", warm_up=1)
        try:
            if process.wait_ready():
                process.run(SparkJob(_END))
        finally:
            process.stop()
        if part.is_file():
            part.replace(settings.class_archive)
    # Where none was made, the next set-up does not try again.
    _stamp(settings).write_text(_fingerprint(settings), encoding="utf-8")
    return settings.class_archive.is_file()


def _stamp(settings: SparkSettings) -> Path:
    return settings.class_archive.with_suffix(".key")


def _fingerprint(settings: SparkSettings) -> str:
    """What an archive depends on: the program of Java, and the class path's jars by name, size and time."""
    java = settings.java.path.resolve()
    jars = sorted([*(spark_home() / "jars").glob("*.jar"), *settings.jars.glob("*.jar")])
    entries = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in (java, *jars)]
    return hashlib.sha256(repr(entries).encode()).hexdigest()
