"""Empty buckets with the reference files, for each test or for a whole module."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from strata.testing.fixtures.jobs import Buckets


@pytest.fixture(scope="session")
def new_buckets(spark: SparkSession) -> Callable[[Path], Buckets]:
    """Makes empty buckets with the reference files."""
    return lambda folder: Buckets.make(spark, folder)


@pytest.fixture
def buckets(new_buckets: Callable[[Path], Buckets], tmp_path: Path) -> Buckets:
    return new_buckets(tmp_path)
