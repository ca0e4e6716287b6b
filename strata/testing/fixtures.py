"""Fixtures for tests of one's own; docs/testing.md shows each at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from strata.testing.session import PLANS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from strata.cloud.endpoints import Endpoints
    from strata.live import LiveTree
    from strata.testing.jobs import JobRun
    from strata.testing.planning import Plan

__all__ = ["account", "cloud", "cloud_snapshot", "live", "plan", "run_job", "spark"]


@pytest.fixture(scope="session")
def plan(pytestconfig: pytest.Config) -> Plan:
    """Plans modules: `plan(module, inputs)` gives a tftest plan object."""
    from strata.testing.planning import Plan

    plans = pytestconfig.stash[PLANS]
    return Plan(plans.planner, plans.layout)


@pytest.fixture(scope="session")
def live(pytestconfig: pytest.Config) -> LiveTree:
    """The live tree as production sees it: units, their graph, each unit rendered."""
    from strata.workspace import load_tree

    plans = pytestconfig.stash[PLANS]
    return load_tree(plans.layout.root, plans.toolchain)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """An embedded AWS and Snowflake for the whole session."""
    from strata.testing.cloud import embedded_cloud

    with embedded_cloud(tmp_path_factory.mktemp("cloud")) as endpoints:
        yield endpoints


@pytest.fixture
def account(cloud: Endpoints) -> Endpoints:
    """An AWS account of the embedded cloud that no other test uses: empty, and thrown away with the cloud."""
    number = next(_ACCOUNTS)
    return cloud.for_account(f"{number:012}", cloud.region)


@pytest.fixture
def cloud_snapshot(cloud: Endpoints) -> Iterator[Endpoints]:
    """The session's cloud, put back after the test to what it was before."""
    from strata.testing.cloud import restored

    with restored(cloud):
        yield cloud


_ACCOUNTS = iter(range(200_000_000_000, 300_000_000_000))


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A local Spark session."""
    from strata.testing.jobs import local_spark

    with local_spark(tmp_path_factory.mktemp("spark")) as session:
        yield session


@pytest.fixture
def run_job(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., JobRun]:
    """Runs a Glue job on files: `run_job("clean", {"flights/a.csv": text})` gives report and output."""
    from strata.testing.jobs import job_runner

    def new_folder() -> Any:
        return tmp_path_factory.mktemp("buckets")

    return job_runner(spark, new_folder)
