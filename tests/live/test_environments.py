"""`strata env`: a new environment, and what is refused; where environments differ."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from strata.errors import StrataError
from strata.live import LiveTree
from strata.live.check import check
from strata.live.difference import ALLOWED, differences
from strata.live.environments import create, environments, parsed_answer

TREE = Path(__file__).parent / "contracts" / "tree"
ACCOUNT = {"account_id": "444444444444"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small tree with dev alone."""
    shutil.copytree(TREE, tmp_path / "tree")
    (tmp_path / "tree" / ".git").mkdir()
    for name in ("staging", "prod"):
        shutil.rmtree(tmp_path / "tree" / "live" / name)
    return tmp_path / "tree"


def load(folder: Path) -> LiveTree:
    return LiveTree.load(folder, environ={"PATH": os.environ["PATH"], "HOME": str(folder)})


def test_a_new_environment_is_its_own(folder: Path) -> None:
    (folder / "live/dev/reader/.terragrunt-cache").mkdir()
    answers = {**ACCOUNT, "region": "eu-central-1", "glue.number_of_workers": 4, "protected": False}
    assert create(load(folder), "qa", "dev", answers) == folder / "live/qa"

    tree = load(folder)
    names = {found.name: found for found in environments(tree)}
    assert {name: found.units for name, found in names.items()} == {"dev": 2, "qa": 2}
    qa = names["qa"].settings
    assert (qa["env"], qa["account_id"], qa["region"]) == ("qa", "444444444444", "eu-central-1")
    assert qa["glue"]["number_of_workers"] == 4
    assert qa["producers"] == ["arn:aws:iam::444444444444:root"]
    dev, other = (tree.config(f"live/{name}/store") for name in ("dev", "qa"))
    assert other["remote_state"]["config"] == {
        "bucket": "shop-tfstate-qa-444444444444",
        "key": "live/qa/store/terraform.tfstate",
        "region": "eu-central-1",
    }
    assert other["inputs"]["buckets"] == dev["inputs"]["buckets"]
    assert not (folder / "live/qa/reader/.terragrunt-cache").exists()
    assert (folder / "live/qa/reader/.terraform.lock.hcl").is_file()
    assert {finding.rule for finding in check(tree)} <= {"read"}  # its modules have no tag here


def test_only_env_hcl_differs(folder: Path) -> None:
    create(load(folder), "qa", "dev", ACCOUNT)
    for path in sorted((folder / "live/dev").rglob("*")):
        twin = folder / "live/qa" / path.relative_to(folder / "live/dev")
        assert path.is_dir() or (twin.read_bytes() == path.read_bytes()) == (path.name != "env.hcl")


@pytest.mark.parametrize(
    ("name", "source", "answers", "says"),
    [
        ("dev", "dev", ACCOUNT, "live/dev exists"),
        ("QA", "dev", ACCOUNT, "is not a valid name of an environment"),
        ("../qa", "dev", ACCOUNT, "is not a valid name of an environment"),
        ("qa", "none", ACCOUNT, "environment `none` does not exist"),
        ("qa", "dev", {}, "environment dev already has account 111111111111"),
        ("qa", "dev", {"account_id": "12"}, "`account_id`"),
        ("qa", "dev", {**ACCOUNT, "glue.workers": 3}, "`glue.workers` is not a key of env.hcl"),
        ("qa", "dev", {**ACCOUNT, "glue.number_of_workers": "many"}, "`glue.number_of_workers`"),
        ("qa", "dev", {**ACCOUNT, "protected": True}, "not deleted with their content"),
    ],
)
def test_what_is_refused_leaves_nothing(
    name: str, source: str, answers: dict[str, object], says: str, folder: Path
) -> None:
    before = sorted(folder.rglob("*"))
    with pytest.raises(StrataError) as caught:
        create(load(folder), name, source, answers)
    assert says in caught.value.message
    assert caught.value.remedy
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        ("glue.number_of_worker", "glue.number_of_workers"),
        ("regoin", "region"),
        ("gleu.worker_type", "glue.worker_type"),
    ],
)
def test_a_key_that_is_misspelt(key: str, remedy: str, folder: Path) -> None:
    with pytest.raises(StrataError) as caught:
        create(load(folder), "qa", "dev", {**ACCOUNT, key: "x"})
    assert (caught.value.file, caught.value.remedy) == ("live/dev/env.hcl", f"did you mean {remedy}?")


def test_an_environment_without_locals_is_not_copied(folder: Path) -> None:
    (folder / "live/dev/env.hcl").write_text("inputs = {}\n")
    with pytest.raises(StrataError, match="no `locals` block") as caught:
        create(load(folder), "qa", "dev", ACCOUNT)
    assert caught.value.file == "live/dev/env.hcl"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("3", 3),
        ("0", 0),
        ("444455556666", "444455556666"),
        ("012345678901", "012345678901"),
        ("G.2X", "G.2X"),
        ('["a"]', ["a"]),
    ],
)
def test_answers_as_people_type_them(text: str, value: object) -> None:
    assert parsed_answer(text) == value


def test_differences_and_what_allows_them(folder: Path) -> None:
    create(
        load(folder), "qa", "dev", {**ACCOUNT, "retention_days.noncurrent": 9, "glue.number_of_workers": 3}
    )
    shown = [
        (found.unit, found.path, found.left, found.right) for found in differences(load(folder), "dev", "qa")
    ]
    assert shown == [("reader", "workers", 2, 3), ("store", "retention_days", 7, 9)]

    (folder / ALLOWED).write_text('[[allow]]\nunit = "store"\ninput = "retention_*"\nreason = "data"\n')
    assert [found.reason for found in differences(load(folder), "dev", "qa")] == ["", "data"]

    shutil.rmtree(folder / "live/qa/reader")
    found = differences(load(folder), "dev", "qa")[0]
    assert (found.unit, found.path, found.left, found.right) == ("reader", "", "a unit", "(absent)")
