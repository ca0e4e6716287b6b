"""The warm-up of a Spark process: its rounds, its end, and the bucket of which nothing is left."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any
from unittest.mock import MagicMock, call

import pytest

from strata.cloud.aws.glue.spark.warm_up import warm_up

REGION = "eu-west-1"
# What a round writes, in its order; it looks after each whether a job waits.
WRITTEN = ["text", "names", "bad", "clean", "curated"]


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    """A session whose frames hold nothing."""
    monkeypatch.setitem(sys.modules, "pyspark.sql", MagicMock())
    return MagicMock()


def files(session: MagicMock) -> Any:
    return session._jvm.org.apache.hadoop.fs.Path.return_value.getFileSystem.return_value


def buckets(session: MagicMock) -> Any:
    return files(session).getAmazonS3ClientForTesting.return_value


def written(session: MagicMock, bucket: str) -> list[str]:
    """The folders that were written, in their order."""
    kinds = (".text", ".csv", ".json", ".parquet")
    found = [made for made in session.mock_calls if ".write." in made[0] and made[0].endswith(kinds)]
    begin = f"s3://{bucket}/warm-up/"
    assert all(made.args[0].startswith(begin) for made in found)
    return [made.args[0].removeprefix(begin) for made in found]


def warmed(session: MagicMock, rounds: int, waits: Iterable[bool], region: str = REGION) -> str:
    """Warm up; return the bucket's name. Fails if the bucket is not emptied and deleted, in this order."""
    answers = iter(waits)
    noted = MagicMock()
    noted.attach_mock(files(session).delete, "empty")
    noted.attach_mock(buckets(session).deleteBucket, "delete")
    try:
        warm_up(session, rounds, region, lambda: next(answers))
    finally:
        (made,) = buckets(session).createBucket.call_args_list
        name = str(made.args[0])
        root = session._jvm.org.apache.hadoop.fs.Path
        assert root.call_args_list == [call(f"s3://{name}/warm-up")]
        assert noted.mock_calls == [call.empty(root.return_value, True), call.delete(name)]
    # As often as it looks.
    assert list(answers) == []
    return name


@pytest.mark.parametrize("rounds", [1, 2])
def test_each_round_does_what_jobs_do(session: MagicMock, rounds: int) -> None:
    bucket = warmed(session, rounds, [False] * 5 * rounds)
    assert written(session, bucket) == WRITTEN * rounds


@pytest.mark.parametrize("steps", [1, 2, 5, 6])
def test_a_job_that_waits_ends_it_after_the_step(session: MagicMock, steps: int) -> None:
    bucket = warmed(session, 3, [*[False] * (steps - 1), True])
    assert written(session, bucket) == (WRITTEN * 2)[:steps]


@pytest.mark.parametrize(("region", "constraint"), [(REGION, (REGION,)), ("us-east-1", ())])
def test_the_bucket_is_in_the_region(session: MagicMock, region: str, constraint: tuple[str, ...]) -> None:
    first, second = warmed(session, 1, [True], region), buckets(session).createBucket
    assert second.call_args_list == [call(first, *constraint)]
    assert len(first) <= 63


def test_two_processes_have_a_bucket_each(session: MagicMock) -> None:
    names = [warmed(session, 0, [])]
    buckets(session).createBucket.reset_mock()
    session._jvm.org.apache.hadoop.fs.Path.reset_mock()
    assert warmed(session, 0, []) not in names


def test_a_fault_leaves_no_bucket(session: MagicMock) -> None:
    session.read.text.side_effect = OSError("S3")
    with pytest.raises(OSError, match="S3"):
        warmed(session, 1, [False] * 2)
