"""A job's Spark is killed at any of its writes, and the jobs run again: the rows are those of a run that lived.

The suite kills each job once. Twenty times each takes about twenty minutes:
`pytest tests/cloud/aws/glue/test_kills.py --kill-seeds 20`.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import flask
import pyarrow.parquet as pq
import pytest
import yaml

from strata.artifacts.archive import zip_folder
from strata.cloud.aws.gateway import application
from strata.cloud.aws.glue import api as glue
from strata.cloud.aws.glue.spark.pool import SparkPool
from strata.cloud.aws.glue.spark.process import SparkProcess, run_script
from tests.cloud.aws.whole_server import ACCOUNT, Cloud

pytestmark = pytest.mark.spark

ROOT = Path(__file__).resolve().parents[4]
RAW, PROCESSED = "kills-raw", "kills-processed"
KEY, OTHER = "trips/a.csv", "trips/b.csv"
HEADER = "trip_id,start,fare,shared,payment"
# Noon in New York, so that the date in UTC is the same.
OLD = [f"{number},2026-03-0{1 + number % 3} 12:00:00,1.50,no,card" for number in range(1, 10)]
NEW = [
    *(f"{number},2026-03-0{2 + number % 3} 12:00:00,2.50,yes,cash" for number in range(5, 17)),
    "16,2026-03-03 12:00:00,2.50,yes,cash",
    "17,2026-03-03 12:00:00,far,yes,cash",
]
JOBS = ("clean", "curate", "remove")


def text(lines: list[str]) -> bytes:
    return "\n".join([HEADER, *lines, ""]).encode()


def rows_of(lines: list[str]) -> list[tuple[int, str]]:
    """What the table shows of some lines: number and date."""
    return sorted((int(line.split(",")[0]), line.split(",")[1][:10]) for line in lines)


@dataclass
class Writes:
    """The requests that change the processed bucket, counted; at one of them somebody may be killed."""

    count: int = 0
    victim: SparkProcess | None = None
    at: int = 0
    log: list[str] = field(default_factory=list)

    def note(self) -> None:
        request = flask.request
        if request.method not in ("PUT", "POST", "DELETE") or f"/{PROCESSED}" not in request.path:
            return
        self.count += 1
        self.log.append(f"{request.method} {request.path}")
        if self.victim is not None and self.count == self.at:
            self.victim.kill("the test killed it")


class Jobs:
    """The jobs of this checkout on two buckets, each run in a Spark process of the pool."""

    def __init__(self, cloud: Cloud, writes: Writes, py_files: dict[str, bytes]) -> None:
        self.cloud, self.writes, self.py_files = cloud, writes, py_files
        self.s3 = cloud.client("s3")
        for bucket in (RAW, PROCESSED):
            cloud.bucket(bucket)
        self.s3.put_bucket_versioning(Bucket=RAW, VersioningConfiguration={"Status": "Enabled"})

    def put(self, key: str, lines: list[str], sequencer: str) -> dict[str, str]:
        """Put a version; return its part of the arguments."""
        put = self.s3.put_object(Bucket=RAW, Key=key, Body=text(lines))
        return self.arguments(key, sequencer, put["ETag"].strip('"'), put["VersionId"])

    @staticmethod
    def arguments(key: str, sequencer: str, etag: str, version_id: str) -> dict[str, str]:
        return {
            "raw_bucket": RAW,
            "key": key,
            "etag": etag,
            "version_id": version_id,
            "sequencer": sequencer,
            "object_id": object_id(key),
            "processed_bucket": PROCESSED,
            "dataset": "trips",
        }

    def run(self, job: str, arguments: dict[str, str], kill_at: int = 0) -> str | None:
        """Run a job; return why it failed, if it did."""
        pool = self.cloud.server.services.glue.pool
        process = pool.take()
        process.wait_ready(240)
        self.writes.count, self.writes.at = 0, kill_at
        self.writes.victim, self.writes.log = process, []
        words = tuple(word for name, value in arguments.items() for word in (f"--{name}", value))
        try:
            script = ROOT / "glue_jobs/scripts" / f"{job}.py"
            keys = {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "test"}
            return run_script(script, words, process, py_files=self.py_files, credentials=keys)[1]
        finally:
            self.writes.victim = None
            pool.release(process)

    def both(self, arguments: dict[str, str]) -> None:
        for job in ("clean", "curate"):
            error = self.run(job, arguments)
            assert error is None, (job, error, self.writes.log)

    def listed(self) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=PROCESSED)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def read(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=PROCESSED, Key=key)["Body"].read())

    def rows(self, key: str) -> list[tuple[int, str]]:
        """What the table shows of an object."""
        found = []
        for name in self.listed():
            parts = name.split("/")
            # Readers leave out what begins with a dot or an underscore.
            hidden = any(part.startswith((".", "_")) for part in parts)
            if name.startswith("curated/trips/") and f"object={object_id(key)}" in parts and not hidden:
                ids = pq.read_table(io.BytesIO(self.read(name)), columns=["trip_id"]).column(0).to_pylist()
                found += [(number, parts[2].partition("=")[2]) for number in ids]
        return sorted(found)

    def report(self, job: str) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.read(f"reports/trips/object={object_id(KEY)}/{job}.json"))
        return report

    def snapshot(self) -> dict[str, bytes]:
        return {key: self.read(key) for key in self.listed()}

    def restore(self, objects: dict[str, bytes]) -> None:
        for key in self.listed():
            self.s3.delete_object(Bucket=PROCESSED, Key=key)
        for key, content in objects.items():
            self.s3.put_object(Bucket=PROCESSED, Key=key, Body=content)


def object_id(key: str) -> str:
    return hashlib.sha256(f"{RAW}/{key}".encode()).hexdigest()


@dataclass(frozen=True)
class Lived:
    """What runs that live do: their arguments, how often they write, and the bucket before and after.

    Attributes:
        new, gone: the arguments of the newer version, and of its deletion.
        writes: job -> how often it writes.
        before: job -> the bucket before its execution.
        after: job -> the folders of the bucket after it.
    """

    new: dict[str, str]
    gone: dict[str, str]
    writes: dict[str, int]
    before: dict[str, dict[str, bytes]]
    after: dict[str, set[str]]


@pytest.fixture(scope="module")
def jobs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(ROOT / "glue_jobs", folder / "glue_jobs")
    shutil.copy(ROOT / "docs/examples/trips.odcs.yaml", folder / "glue_jobs/contracts")
    archives = {
        "glue_jobs.zip": (folder / "glue_jobs", "glue_jobs/"),
        "libraries.zip": (Path(yaml.__file__).parent, "yaml/"),
    }
    for name, (content, prefix) in archives.items():
        zip_folder(content, prefix, folder / name, (".py", ".yaml"))
    writes, refusal = Writes(), application._refusal

    def note(service: str, services: Any) -> Any:
        writes.note()
        return refusal(service, services)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(application, "_refusal", note)
        # A process that is to be killed need not be warm.
        patch.setattr(glue, "SparkPool", functools.partial(SparkPool, warm_up=0, quiet=0.0))
        cloud: Cloud = request.getfixturevalue("cloud")
        yield Jobs(cloud, writes, {name: (folder / name).read_bytes() for name in archives})


@pytest.fixture(scope="module")
def lived(jobs: Jobs) -> Lived:
    jobs.both(jobs.put(KEY, OLD, "01"))
    # What another object with the same rows has there.
    for key in jobs.listed():
        if key.startswith("curated/"):
            other = key.replace(object_id(KEY), object_id(OTHER))
            jobs.s3.put_object(Bucket=PROCESSED, Key=other, Body=jobs.read(key))
    assert jobs.rows(KEY) == jobs.rows(OTHER) == rows_of(OLD)
    new, writes = jobs.put(KEY, NEW, "02"), {}
    gone = jobs.arguments(KEY, "03", "deleted", "marker")
    before = jobs.snapshot()
    for job in ("clean", "curate"):
        assert jobs.run(job, new) is None
        writes[job] = jobs.writes.count
    present, curated = jobs.snapshot(), folders(jobs)
    assert jobs.run("remove", gone) is None
    writes["remove"] = jobs.writes.count
    return Lived(
        new,
        gone,
        writes,
        {"clean": before, "curate": before, "remove": present},
        {"clean": curated, "curate": curated, "remove": folders(jobs)},
    )


def folders(jobs: Jobs) -> set[str]:
    """The folders with objects; empty ones are what S3A makes of a folder whose last object it deletes."""
    return {key.rpartition("/")[0] for key in jobs.listed() if not key.endswith("/")}


@pytest.mark.parametrize("job", JOBS)
def test_a_job_that_is_killed_and_run_again_leaves_what_one_that_lives_does(
    jobs: Jobs, lived: Lived, job: str, kill_seed: int
) -> None:
    rng = random.Random(f"{job} {kill_seed}")
    jobs.restore(lived.before[job])
    arguments = lived.gone if job == "remove" else lived.new
    if job == "curate":
        assert jobs.run("clean", arguments) is None
    moments = [rng.randint(1, lived.writes[job]) for _ in range(rng.choice([1, 1, 2]))]
    for moment in moments:
        error = jobs.run(job, arguments, kill_at=moment)
        story = f"{job} killed at {moments} of {lived.writes[job]}: {jobs.writes.log}"
        # A kill at the last writes may come too late for this run.
        assert error in (None, "the test killed it"), f"{error}: {story}"
        assert jobs.rows(OTHER) == rows_of(OLD), story
    if job == "remove":
        assert jobs.run("remove", arguments) is None
        assert jobs.rows(KEY) == [], story
    else:
        jobs.both(arguments)
        assert jobs.rows(KEY) == rows_of(NEW[:-2]), story
        report = jobs.report("clean")
        counts = ("rows_read", "rows_clean", "rows_quarantined", "rows_duplicate")
        assert [report[name] for name in counts] == [14, 12, 1, 1], story
        assert jobs.report("curate")["removed"] == ["started_at_date=2026-03-01"], story
    assert jobs.rows(OTHER) == rows_of(OLD), story
    assert folders(jobs) == lived.after[job], story
    assert jobs.s3.list_multipart_uploads(Bucket=PROCESSED).get("Uploads", []) == [], story
