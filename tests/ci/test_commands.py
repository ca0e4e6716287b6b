"""The commands' own manners: help with an example, one clear error, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from strata.ci.fingerprint import Record, fingerprint
from strata.ci.planning import PLAN_SET, RECORD, write_public
from strata.ci.plans import PlanSet, ResourceChange, UnitPlan
from strata.cli import app as cli
from tests.ci.github_server import REPOSITORY, Server


@pytest.fixture
def here(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(root)
    return root


ERRORS = [
    (["affected"], 1, "give one of --base, --since-applied and --all"),
    (["affected", "--all", "--base", "HEAD"], 1, "give one of --base, --since-applied and --all"),
    (["affected", "--base", "nowhere"], 1, "commit `nowhere` is not in this checkout"),
    (["affected", "--base", "--upload-pack=id"], 1, "is not a commit"),
    (["affected", "--since-applied", "dev"], 1, "GITHUB_API_URL is not set"),
    (["gate"], 1, "there is nothing to check"),
    (["gate", "--base", "HEAD", "--pull-request", "7"], 1, "give --author"),
    (["gate", "--base", "HEAD", "--pull-request", "7", "--author", "a"], 1, "give --author and --head"),
    (["identity", "dev", "apply"], 1, "use plan or drift"),
    (["identity", "nowhere", "plan"], 1, "environment `nowhere` does not exist"),
    (["plan-summary", "dev", "--plans", "nowhere"], 1, "the folder has no plan JSON"),
    (["verify", "dev", "--plans", "nowhere", "--record", "nowhere"], 1, "the reviewed plans cannot be read"),
    (["store", "dev", "--plans", "nowhere"], 1, "the reviewed plans cannot be read"),
    (["unlock", "dev", "s3", "--lock-id", "1; id"], 1, "is not a lock ID"),
    (["unlock", "dev", "nothing", "--lock-id", "x"], 1, "has no unit nothing"),
    (["validate", "nothing"], 1, "module nothing does not exist"),
    (["comment", "plans", "--pull-request", "0", "--expect", "[]"], 2, "Invalid value"),
    (["plan", "dev"], 2, "Missing option"),
]


@pytest.mark.parametrize(("arguments", "code", "says"), ERRORS, ids=[" ".join(row[0]) for row in ERRORS])
def test_one_clear_error(
    here: Path, arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["ci", *arguments]) == code
    said = capsys.readouterr().err
    assert says in said
    assert code == 2 or len(said.splitlines()) == 1


def _plan(folder: Path, name: str) -> None:
    place = folder / "live/dev/s3"
    place.mkdir(parents=True)
    change = {"actions": ["create"], "before": None, "after": {"bucket": name}, "after_unknown": {}}
    item = {"address": "aws_s3_bucket.a", "type": "aws_s3_bucket", "mode": "managed", "change": change}
    (place / "tfplan.json").write_text(json.dumps({"format_version": "1.2", "resource_changes": [item]}))


def test_digest_then_verify(here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reviewed, same, other = tmp_path / "reviewed", tmp_path / "same", tmp_path / "other"
    for folder, name in ((reviewed, "a"), (same, "a"), (other, "b")):
        _plan(folder, name)
    record = tmp_path / RECORD
    assert cli.run(["ci", "digest", "dev", "--plans", str(reviewed), "--record", str(record), "--json"]) == 0
    digests = json.loads(capsys.readouterr().out)
    parsed = Record.model_validate_json(record.read_text())
    document = json.loads((reviewed / "live/dev/s3/tfplan.json").read_text())
    assert digests == {"live/dev/s3": fingerprint(document, parsed.key).digest}
    verify = ["ci", "verify", "dev", "--record", str(record), "--plans"]
    assert cli.run([*verify, str(same)]) == 0
    assert capsys.readouterr().out == "live/dev/s3: as reviewed\n"
    assert cli.run([*verify, str(other)]) == 1
    assert capsys.readouterr().out == (
        "live/dev/s3: not as reviewed\n  aws_s3_bucket.a: bucket differs from what was reviewed\n"
    )


def test_gate_of_plans(here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    resource = ResourceChange(address="aws_s3_bucket.a", type="aws_s3_bucket", action="delete")
    plans = PlanSet(
        environment="dev", commit="c", units=(UnitPlan(unit="live/dev/s3", resources=(resource,)),)
    )
    write_public(plans, tmp_path / "plan-dev")
    assert cli.run(["ci", "gate", "--plans", str(tmp_path)]) == 1
    assert (
        "live/dev/s3 aws_s3_bucket.a: data-lost: delete takes away what holds data, stored states, keys or the "
        "way in [approve:protected]" in capsys.readouterr().out
    )
    # A single artifact is extracted into the folder itself.
    for folder in (tmp_path, tmp_path / "plan-dev"):
        assert cli.run(["ci", "gate", "--plans", str(folder), "--label", "approve:protected"]) == 0
        assert "the gate is open" in capsys.readouterr().out


EXPECTED = [
    # folder of plans of dev or an empty one, what is expected, exit code, what is said
    ("dev", '["dev"]', 0, "the gate is open"),
    ("dev", None, 0, "the gate is open"),
    ("dev", '["dev", "prod"]', 1, "the folder has no plans of prod"),
    ("empty", '["dev"]', 1, "the folder has no plans of dev"),
    ("empty", "[]", 0, "the gate is open"),
    ("empty", None, 1, "the folder has no plans"),
    ("dev", "", 1, "`` is not a JSON list of environments"),
    ("dev", '{"dev": 1}', 1, "is not a JSON list of environments"),
]


@pytest.mark.parametrize(("folder", "expect", "code", "says"), EXPECTED)
def test_plans_that_should_be_there(
    here: Path,
    tmp_path: Path,
    folder: str,
    expect: str | None,
    code: int,
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_public(PlanSet(environment="dev", commit="c"), tmp_path / "dev")
    (tmp_path / "empty").mkdir()
    options = [] if expect is None else ["--expect", expect]
    assert cli.run(["ci", "gate", "--plans", str(tmp_path / folder), *options]) == code
    captured = capsys.readouterr()
    assert says in captured.out + captured.err


@pytest.fixture
def job(here: Path, github: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """GitHub as a job that may comment and open issues sees it."""
    github.tokens["job"] = {"pull-requests": "write", "issues": "write"}
    for name, value in {"API_URL": github.url, "REPOSITORY": REPOSITORY, "TOKEN": "job"}.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)
    return github


def test_the_comment_says_where_there_is_no_plan(job: Server, tmp_path: Path) -> None:
    comment = ["ci", "comment", str(tmp_path / "plans"), "--pull-request", "7", "--commit", "abc", "--expect"]
    assert cli.run([*comment, "[]"]) == 0
    assert job.comments == []
    assert cli.run([*comment, '["dev"]']) == 0
    assert [one["body"].splitlines()[1] for one in job.comments] == ["## Plan for `dev`: not planned"]
    write_public(
        PlanSet(environment="dev", commit="abc", units=(UnitPlan(unit="live/dev/s3"),)), tmp_path / "plans"
    )
    assert cli.run([*comment, '["dev"]']) == 0
    assert [one["body"].splitlines()[2] for one in job.comments] == ["## Plan for `dev`: no changes"]


def test_the_issue_of_what_was_not_looked_at_stays(job: Server, tmp_path: Path) -> None:
    issue = ["ci", "drift-issue", str(tmp_path), "--expect", '["dev"]']
    resource = ResourceChange(address="aws_s3_bucket.a", type="aws_s3_bucket", action="update")
    drifted = PlanSet(
        environment="dev", commit="c", units=(UnitPlan(unit="live/dev/s3", drifted=(resource,)),)
    )
    write_public(drifted, tmp_path)
    assert cli.run(issue) == 0
    (tmp_path / PLAN_SET).unlink()
    assert cli.run(issue) == 1
    assert [one["state"] for one in job.issues] == ["open"]
    write_public(PlanSet(environment="dev", commit="c"), tmp_path)
    assert cli.run(issue) == 0
    assert [one["state"] for one in job.issues] == ["closed"]


def test_a_lock_stays_while_an_apply_runs(job: Server, capsys: pytest.CaptureFixture[str]) -> None:
    job.tokens["job"] = {"actions": "read"}
    job.run("c", "alice", "terraform-post-merge-apply.yaml", "apply dev")
    assert cli.run(["ci", "unlock", "dev", "s3", "--lock-id", "8f0a2c3e-0000-4000-8000-000000000000"]) == 1
    assert "an apply of dev is in progress" in capsys.readouterr().err
