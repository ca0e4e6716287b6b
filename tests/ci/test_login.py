"""What a job's login reaches: the environment plan has its Snowflake token, and no child can ask for another."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from strata.ci import impact as downstream
from strata.ci.affected import Affected
from strata.ci.fingerprint import Record, new_key
from strata.ci.impact import with_downstream
from strata.ci.planning import PlanningResult
from strata.ci.plans import PlanSet
from strata.errors import StrataError
from strata.terraform.environment_plan import EnvironmentPlanner
from strata.terraform.terragrunt import run_all

AFFECTED = Affected("dev", {"live/dev/snowflake": ("x",)}, (), (("live/dev/snowflake",),))
PLANNED = PlanningResult(
    PlanSet(environment="dev", commit="c"), Record(environment="dev", commit="c", key=new_key())
)


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that may log in, and GitHub's token service: a token says for whom it is."""

    def get(url: httpx.URL, headers: dict[str, str], timeout: float) -> httpx.Response:
        assert headers == {"Authorization": "bearer job-secret"}
        return httpx.Response(
            200, json={"value": f"for {url.params['audience']}"}, request=httpx.Request("GET", url)
        )

    monkeypatch.setattr(httpx, "get", get)
    for name, value in {
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://tokens.example/?run=1",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "job-secret",
        "AWS_SESSION_TOKEN": "session",
        "GITHUB_TOKEN": "repository-secret",
        "SNOWFLAKE_WORKLOAD_IDENTITY_PROVIDER": "OIDC",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("job")
def test_the_environment_plan_is_logged_in_to_snowflake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clouds = []

    class Planner(EnvironmentPlanner):
        def plan_json(self, environment: str, units: Any = None) -> Any:
            clouds.append(self._cloud())
            raise StrataError("seen")

    monkeypatch.setattr(downstream, "EnvironmentPlanner", Planner)
    monkeypatch.setattr(downstream, "find_toolchain", lambda folder: SimpleNamespace(terraform="terraform"))
    monkeypatch.setattr(downstream, "LiveTree", SimpleNamespace(load=lambda root, **more: None))
    assert with_downstream(tmp_path, AFFECTED, PLANNED).plans.downstream_error == "seen"
    assert clouds == [
        {
            "AWS_SESSION_TOKEN": "session",
            "SNOWFLAKE_TOKEN": "for snowflakecomputing.com",
            "SNOWFLAKE_WORKLOAD_IDENTITY_PROVIDER": "OIDC",
        }
    ]


@pytest.mark.usefixtures("job")
def test_terragrunt_cannot_ask_for_a_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "terragrunt"
    program.write_text("#!/bin/sh\nenv\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(StrataError, match="ended with exit code 0"):
        run_all(
            tmp_path, "plan", ["live/dev/a"], tmp_path, tmp_path / "log", variables={"SNOWFLAKE_TOKEN": "t"}
        )
    said = (tmp_path / "log").read_text()
    assert "AWS_SESSION_TOKEN=session\n" in said
    assert "SNOWFLAKE_TOKEN=t\n" in said
    assert "job-secret" not in said
    assert "repository-secret" not in said
    assert "ACTIONS_" not in said
