"""Empty buckets with the reference files, for each test or for a whole module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from pyspark.sql import SparkSession

from strata.cloud.aws import AwsServer, CloudContext
from strata.demo import data as demo_data
from strata.testing.fixtures.jobs import Buckets

ACCOUNT, REGION = "111122223333", "eu-west-1"
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


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Buckets `raw` with versions, `plain` without, and `processed`; the environment is a job's."""
    with pytest.MonkeyPatch.context() as patch:
        context = CloudContext(account_id=ACCOUNT, region=REGION, directory=tmp_path_factory.mktemp("aws"))
        server = AwsServer(context, leave_out=("glue", "lambda"))
        environment = {
            "AWS_ENDPOINT_URL": server.start(),
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "NO_PROXY": "127.0.0.1",
        }
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.delenv("AWS_SESSION_TOKEN", raising=False)
        # boto3's own session keeps the keys that it has found for an earlier test.
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        try:
            client = boto3.client("s3", config=Config(proxies={}))
            for bucket in ("raw", "plain", "processed"):
                client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
            client.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
            yield client
        finally:
            server.stop()
