"""One JVM for all the mutants whose tests use Spark: each would start its own, for half a minute."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pyspark import SparkContext
from pyspark.java_gateway import launch_gateway

from strata.testing.fixtures.jobs import JAVA_OPTIONS, spark_environment


class SparkJvm:
    """A pytest plugin: a Spark session of this run uses the JVM that the parent process has started.

    Args:
        folder: for what Spark keeps meanwhile.
    """

    def __init__(self, folder: Path) -> None:
        self._variables = spark_environment(folder, os.environ)
        os.environ |= self._variables | {
            "PYSPARK_SUBMIT_ARGS": f'--driver-java-options "{JAVA_OPTIONS}" pyspark-shell'
        }
        # The JVM ends when this process does: it reads from a pipe of it.
        self._gateway = launch_gateway()
        java = self._gateway.java_parameters
        self._variables |= {"PYSPARK_GATEWAY_PORT": str(java.port), "PYSPARK_GATEWAY_SECRET": java.auth_token}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        # Not before: the suite takes the caller's settings away when it is configured.
        os.environ |= self._variables
        SparkContext._ensure_initialized()
        assert SparkContext._jvm is not None
        module = SparkContext._jvm.java.lang.Class.forName("org.apache.spark.SparkContext$")
        left = module.getField("MODULE$").get(None).getActive()
        if left.isDefined():
            # A run that took too long has left it, and a JVM has one at a time.
            left.get().stop()
