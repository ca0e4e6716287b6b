"""A snapshot file: what is refused, and that a refused one changes nothing."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError
from strata.platform import snapshot
from strata.platform.pipeline import client


def members(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(file: Path, **changed: bytes | None) -> None:
    kept = {**members(file), **changed}
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in kept.items():
            if content is not None:
                archive.writestr(name, content)


def manifest(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    found = json.loads(members(file)["manifest.json"])
    change(found)
    rewritten(file, **{"manifest.json": json.dumps(found).encode()})


@dataclass(frozen=True)
class Bad:
    name: str
    spoil: Callable[[Path], Any]
    message: str


BAD = (
    Bad("missing", Path.unlink, "no such snapshot"),
    Bad("empty", lambda file: file.write_bytes(b""), "the file is not a snapshot, or it is damaged"),
    Bad("text", lambda file: file.write_text("hello"), "the file is not a snapshot, or it is damaged"),
    Bad(
        "cut off",
        lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
        "the file is not a snapshot, or it is damaged",
    ),
    Bad(
        "no manifest",
        lambda file: rewritten(file, **{"manifest.json": None}),
        "the file is not a snapshot, or it is damaged",
    ),
    Bad(
        "a part is gone",
        lambda file: rewritten(file, snowflake=None),
        "the file is not a snapshot, or it is damaged",
    ),
    Bad(
        "a part is another's",
        lambda file: rewritten(file, aws=members(file)["snowflake"]),
        "the file is not a snapshot, or it is damaged: aws is not what was saved",
    ),
    Bad(
        "a part is not named",
        lambda file: manifest(file, lambda found: found["parts"].pop("aws")),
        "the file is not a snapshot, or it is damaged: its parts are snowflake",
    ),
    Bad(
        "a field more",
        lambda file: manifest(file, lambda found: found.update(more=1)),
        "the file is not a snapshot, or it is damaged",
    ),
    Bad(
        "an older layout",
        lambda file: manifest(file, lambda found: found.update(format=0)),
        "it was saved by another version: another layout (load it with that version, or apply and save it again)",
    ),
    Bad(
        "an older moto",
        lambda file: manifest(file, lambda found: found["versions"].update(moto="4.0.0")),
        "it was saved by another version: moto 4.0.0",
    ),
    Bad(
        "another environment",
        lambda file: manifest(file, lambda found: found.update(environment="prod")),
        "it is a snapshot of prod in account 111122223333, and dev in account 111122223333 runs "
        "(start the other with `strata up prod`)",
    ),
    Bad(
        "another account",
        lambda file: manifest(file, lambda found: found.update(account_id="444455556666")),
        "it is a snapshot of dev in account 444455556666",
    ),
)


@pytest.fixture(scope="module")
def saved(cloud: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("snapshot") / "good.snapshot"
    client(cloud, "s3").create_bucket(
        Bucket="saved", CreateBucketConfiguration={"LocationConstraint": cloud.region}
    )
    assert snapshot.save(cloud, "dev", file) == file.stat().st_size
    return file


def buckets(cloud: Endpoints) -> set[str]:
    return {bucket["Name"] for bucket in client(cloud, "s3").list_buckets()["Buckets"]}


def test_a_file_brings_back_what_was_saved(cloud: Endpoints, saved: Path) -> None:
    client(cloud, "s3").delete_bucket(Bucket="saved")
    client(cloud, "sqs").create_queue(QueueName="since")
    found = snapshot.load(cloud, "dev", saved)
    assert (found.environment, found.account_id, found.region) == ("dev", cloud.account_id, cloud.region)
    assert "saved" in buckets(cloud)
    assert "since" not in str(client(cloud, "sqs").list_queues().get("QueueUrls"))
    assert saved.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("bad", BAD, ids=[bad.name for bad in BAD])
def test_a_bad_file_is_refused_and_changes_nothing(
    cloud: Endpoints, saved: Path, tmp_path: Path, bad: Bad
) -> None:
    file = tmp_path / "bad.snapshot"
    file.write_bytes(saved.read_bytes())
    bad.spoil(file)
    before = buckets(cloud)
    with pytest.raises(StrataError) as refused:
        snapshot.load(cloud, "dev", file)
    assert str(refused.value).startswith(f"{file}: {bad.message}")
    assert buckets(cloud) == before


def test_a_file_that_cannot_be_written_leaves_the_old_one(cloud: Endpoints, tmp_path: Path) -> None:
    file = tmp_path / "kept.snapshot"
    file.write_text("old")
    gone = cloud.model_copy(update={"aws_url": "http://127.0.0.1:9"})
    with pytest.raises(StrataError, match="the embedded cloud does not answer"):
        snapshot.save(gone, "dev", file)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.snapshot"]
    assert file.read_text() == "old"
