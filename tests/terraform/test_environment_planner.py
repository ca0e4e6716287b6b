"""What the plan of an environment takes from the process that asks for it, and what it leaves in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strata.terraform.environment_plan import EnvironmentPlanner, _emptied


def test_a_plan_of_a_real_account_takes_logins_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "SNOWFLAKE_USER", "TF_VAR_secret", "EDITOR"):
        monkeypatch.setenv(name, name.lower())
    nothing: Any = None
    planner = EnvironmentPlanner(nothing, nothing, None, tmp_path, login={"AWS_SESSION_TOKEN": "t"})
    given = planner._cloud()
    assert (
        given
        | {
            "AWS_PROFILE": "aws_profile",
            "SNOWFLAKE_USER": "snowflake_user",
            "AWS_SESSION_TOKEN": "t",
        }
        == given
    )
    assert not {"TF_VAR_secret", "EDITOR", "PATH"} & given.keys()


def test_no_state_and_no_plan_are_left_by_this_run_or_one_that_was_killed(tmp_path: Path) -> None:
    root = tmp_path / "source/root"
    root.mkdir(parents=True)
    files = [tmp_path / "plan.tfplan", root / "terraform.tfstate", root / "terraform.tfstate.backup"]
    for file in files:
        file.write_text("a secret")
    with _emptied(tmp_path):
        assert not any(file.exists() for file in files)
        for file in files:
            file.write_text("a secret")
    assert not any(file.exists() for file in files)
