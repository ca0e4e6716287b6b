"""`strata bootstrap` on the embedded cloud: the second run changes nothing, and what exists is adopted."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.ci.platform import Platform

pytestmark = pytest.mark.terraform

BUCKET = "strata-tfstate-dev-111122223333"


def test_aws_twice_and_once_more_with_the_state_lost(bootstrapped: Platform) -> None:
    platform = bootstrapped
    assert platform.made[:5] == [
        f"created bucket {BUCKET}",
        f"enabled versioning of {BUCKET}",
        f"set encryption of {BUCKET} to KMS",
        f"blocked public access to {BUCKET}",
        "created table strata-tflock-dev",
    ]
    assert platform.made[5].startswith("applied live/dev/github-oidc: ")
    assert len(platform.made) == 6
    assert platform.bootstrap("aws") == []

    # Somebody suspends versioning: that alone is put right.
    s3 = platform.client("s3")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    assert platform.bootstrap("aws") == [f"enabled versioning of {BUCKET}"]

    if not platform.real_terragrunt:
        pytest.skip("missing tool: terragrunt")
    # Provider and roles are there, the state is not: they are adopted, not made again.
    iam = platform.client("iam")
    ids = {iam.get_role(RoleName=f"strata-{name}-dev")["Role"]["RoleId"] for name in ("apply", "plan")}
    s3.delete_object(Bucket=BUCKET, Key="live/dev/github-oidc/terraform.tfstate")
    digest = {"LockID": {"S": f"{BUCKET}/live/dev/github-oidc/terraform.tfstate-md5"}}
    platform.client("dynamodb").delete_item(TableName="strata-tflock-dev", Key=digest)
    adopted = platform.bootstrap("aws")
    assert [line for line in adopted if line.startswith("imported")] == [
        "imported arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com",
        "imported arn:aws:iam::111122223333:policy/strata-boundary-dev",
        "imported strata-apply-dev",
        "imported strata-plan-dev",
    ]
    assert {
        iam.get_role(RoleName=f"strata-{name}-dev")["Role"]["RoleId"] for name in ("apply", "plan")
    } == ids
    assert platform.bootstrap("aws") == []


def test_snowflake_twice(platform: Platform) -> None:
    first = platform.bootstrap("snowflake")
    for user in ("STRATA_DEV_CI_APPLY", "STRATA_DEV_CI_DRIFT", "STRATA_DEV_CI_PLAN"):
        assert f"created user {user}" in first
    assert "granted STRATA_DEV_CI_DEPLOYER to STRATA_DEV_CI_APPLY" in first
    assert platform.bootstrap("snowflake") == []


def test_another_account_is_refused(platform: Platform) -> None:
    environ = {
        **platform.environ(platform.folder / "other"),
        "AWS_ACCESS_KEY_ID": "444455556666",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    done = subprocess.run(
        ["strata", "bootstrap", "dev", "--apply", "aws"],
        cwd=platform.repository.clone,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "the credentials are for account 444455556666" in done.stderr


def test_what_is_printed_can_be_typed(platform: Platform, tmp_path: Path) -> None:
    said = platform.operator("strata", "bootstrap", "dev").stdout
    assert said.startswith("# Bootstrap of dev\n")
    for step in json.loads(platform.operator("strata", "bootstrap", "dev", "--json").stdout):
        text = "\n".join(step["commands"])
        assert text in said
        if step["system"] != "snowflake":
            subprocess.run(["bash", "-n", "-c", text], check=True)


GH = """#!/bin/sh
echo "$*" >> "$GH_LOG"
case "$1 $2" in
  "api repos/"*) [ -f "$GH_STATE" ] && cat "$GH_STATE" || exit 1 ;;
  "variable get") [ -f "$GH_STATE.$3" ] && cat "$GH_STATE.$3" || exit 1 ;;
  "variable set") printf '%s' "$9" > "$GH_STATE.$3" ;;
  "label list") [ -f "$GH_STATE.labels" ] && grep -q "$6" "$GH_STATE.labels" && echo "[{\\"name\\": \\"$6\\"}]" || echo "[]" ;;
  "label create") echo "$3" >> "$GH_STATE.labels" ;;
  "api --method") echo '{"deployment_branch_policy": {"custom_branch_policies": true}, "branch_policies": [{"name": "main"}]}' > "$GH_STATE" ;;
esac
"""


def test_github_by_gh_twice(platform: Platform, tmp_path: Path) -> None:
    """With a stand-in for `gh` that keeps what it is told; the real one asks GitHub."""
    gh = tmp_path / "gh"
    gh.write_text(GH)
    gh.chmod(gh.stat().st_mode | stat.S_IXUSR)
    environ = {
        **platform.environ(tmp_path / "home"),
        "PATH": f"{tmp_path}:{platform.environ(tmp_path / 'home')['PATH']}",
        "GH_LOG": str(tmp_path / "log"),
        "GH_STATE": str(tmp_path / "state"),
    }

    def run() -> dict[str, list[str]]:
        done = subprocess.run(
            ["strata", "bootstrap", "dev", "--apply", "github", "--json"],
            cwd=platform.repository.clone,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, list[str]] = json.loads(done.stdout)
        return found

    first = run()
    assert sum(map(len, first.values())) >= 12
    assert sum(map(len, run().values())) == 0
    assert os.path.exists(tmp_path / "state.AWS_APPLY_ROLE")
