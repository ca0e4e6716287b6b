"""Empty buckets with the reference files, for each test or for a whole module."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from strata.demo import data as demo_data
from strata.testing.fixtures.jobs import Buckets

# Its tests share a Spark session.
pytestmark = pytest.mark.one_worker("glue_jobs")


@pytest.fixture(scope="session")
def new_buckets(spark: SparkSession) -> Callable[[Path], Buckets]:
    """Makes empty buckets with the reference files."""

    def make(folder: Path) -> Buckets:
        buckets = Buckets.make(spark, folder)
        demo_data.reference(buckets.raw)
        return buckets

    return make


@pytest.fixture
def buckets(new_buckets: Callable[[Path], Buckets], tmp_path: Path) -> Buckets:
    return new_buckets(tmp_path)
