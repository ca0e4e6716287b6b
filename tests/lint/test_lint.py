"""`strata lint` as people run it: nothing is found in this repository, and what is wrong gets one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from strata.cli.app import run
from strata.errors import StrataError
from strata.lint import checkov
from strata.lint.findings import read_skips
from tests.checkout_copy import Checkout


@pytest.fixture(scope="module")
def checkout(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy that shares the developer's installation of checkov."""
    made = Checkout.copy(root, tmp_path_factory.mktemp("lint") / "checkout")
    (made.folder / ".strata" / "checkov").symlink_to(root / ".strata" / "checkov")
    return made


@pytest.mark.terraform
def test_nothing_is_found_in_this_repository(checkout: Checkout) -> None:
    ran = checkout.run("lint", "dev", "--json", timeout=600)
    assert ran.returncode in (0, 1), ran.stderr
    report = json.loads(ran.stdout)
    assert [f"{found['subject']}: {found['text']} [{found['check']}]" for found in report["findings"]] == []
    assert ran.returncode == 0
    assert report["modules"] == 12
    assert report["resources"] > 100
    # A skip that was not needed would be a finding; each has its reason in the one file.
    skips = read_skips(checkout.folder / "lint.toml")
    assert {skipped["check"] for skipped in report["skipped"]} <= {skip.check for skip in skips}
    assert not checkout.processes()


@pytest.mark.terraform
def test_checkov_is_installed_once_and_finds_what_is_wrong(checkout: Checkout, tmp_path: Path) -> None:
    program = checkov.ensure(checkout.folder, lambda text: None)
    assert checkov.ensure(checkout.folder, lambda text: pytest.fail(text)) == program
    queue = {
        "address": "aws_sqs_queue.plain",
        "mode": "managed",
        "type": "aws_sqs_queue",
        "name": "plain",
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "schema_version": 0,
        "values": {"name": "plain", "sqs_managed_sse_enabled": False},
    }
    document: dict[str, Any] = {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {"resources": [queue]}},
        "resource_changes": [
            {**queue, "change": {"actions": ["create"], "before": None, "after": queue["values"]}}
        ],
        "configuration": {"root_module": {}},
    }
    found = list(checkov.check(program, document, tmp_path))
    assert ("CKV_AWS_27", "aws_sqs_queue.plain") in {(finding.check, finding.subject) for finding in found}
    with pytest.raises(StrataError, match="checkov looked at no resource of the plan"):
        list(checkov.check(program, {**document, "planned_values": {}, "resource_changes": []}, tmp_path))


def test_a_failed_installation_says_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(StrataError, match=r"requirements-checkov\.txt: the file does not exist"):
        checkov.ensure(tmp_path, lambda text: None)
    (tmp_path / "requirements-checkov.txt").write_text("./nowhere\n")
    with pytest.raises(StrataError, match=r"checkov could not be installed: ERROR.*see .*checkov\.log"):
        checkov.ensure(tmp_path, lambda text: None)
    assert not (tmp_path / ".strata" / "checkov" / "ready").exists()


def test_a_program_that_fails_is_no_clean_bill(tmp_path: Path) -> None:
    program = tmp_path / "checkov"
    program.write_text("#!/bin/sh\necho 'no such framework' >&2\nexit 2\n")
    program.chmod(0o755)
    with pytest.raises(StrataError, match="checkov failed: no such framework"):
        list(checkov.check(program, {}, tmp_path))


@pytest.mark.parametrize(
    ("arguments", "text", "said"),
    [
        (["nowhere"], None, "environment `nowhere` does not exist"),
        (["--plan", "plan.json"], None, "error: plan.json: the plan cannot be read"),
        (["--plan", "plan.json"], "[", "error: plan.json: the plan is not JSON"),
        (["--plan", "plan.json"], "{}", "error: plan.json: this is not a plan of `terraform show -json`"),
        (
            ["--plan", "plan.json"],
            '{"format_version": "1.2", "planned_values": {}}',
            "error: plan.json: the plan has no resources",
        ),
    ],
)
def test_wrong_input_gets_one_line(
    arguments: list[str],
    text: str | None,
    said: str,
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name in ("modules", "live", "terragrunt.hcl", "glue_jobs", ".terragrunt-filters"):
        (tmp_path / name).symlink_to(root / name)
    (tmp_path / ".git").mkdir()
    if text is not None:
        (tmp_path / "plan.json").write_text(text)
    monkeypatch.chdir(tmp_path)
    code = run(["lint", *arguments])
    captured = capfd.readouterr()
    assert (code, captured.out, len(captured.err.strip().splitlines())) == (1, "", 1), captured.err
    assert said in captured.err
    assert not (tmp_path / ".strata" / "checkov").exists()
