"""`--env`: `strata put`, `query` and `status` go to the account and the names of the environment that it names."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.cli.commands import put, query, status
from strata.cloud.endpoints import Endpoints
from strata.live import LiveTree
from strata.platform import warehouse
from strata.platform.session import Running
from strata.platform.warehouse import Answer
from strata.platform.workspace import Workspace
from tests.endpoints import nowhere

TREE = Path(__file__).parents[1] / "live" / "contracts" / "tree"
CLOUD = nowhere("111111111111")
# Without --env it is the session's own.
ENVIRONMENTS = [(None, "dev", "111111111111"), ("staging", "staging", "222222222222")]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """A session of dev in the tree of the contracts; what it is asked: account, and bucket or database."""
    asked: list[tuple[str, str]] = []
    tree = tmp_path / "tree"
    shutil.copytree(TREE, tree)
    (tree / ".git").mkdir()
    monkeypatch.chdir(tree)
    monkeypatch.setenv("SNOWFLAKE_HOME", "")
    # Staging as tests have it runs released modules, which are not here.
    shutil.copytree(tree / "live/dev", tree / "live/staging", dirs_exist_ok=True)
    env = tree / "live/staging/env.hcl"
    env.write_text(env.read_text().replace("111111111111", "222222222222"))

    def dropped(endpoints: Endpoints, bucket: str, key: str, body: bytes) -> Any:
        asked.append((endpoints.account_id, bucket))
        return SimpleNamespace(bucket=bucket, etag="etag", version_id="v")

    @contextlib.contextmanager
    def connected(endpoints: Endpoints, **session: str) -> Iterator[None]:
        asked.append((endpoints.account_id, session["database"]))
        yield

    def platform(workspace: Workspace) -> Any:
        name = workspace.environment
        names = dict.fromkeys(("state_machine_arn", "reader_role", "warehouse", "schema"), "")
        return SimpleNamespace(raw_bucket=f"raw-{name}", database=f"database-{name}", **names)

    monkeypatch.setattr(Workspace, "tree", LiveTree.load(tree, environ={"PATH": os.environ["PATH"]}))
    monkeypatch.setattr(Workspace, "platform", platform)
    monkeypatch.setattr(Workspace, "states", lambda _: {"store": None})
    for command in (put, query, status):
        monkeypatch.setattr(command, "require_running", lambda root: Running(1, "dev", CLOUD))
    monkeypatch.setattr(put.pipeline, "put", dropped)
    monkeypatch.setattr(put.pipeline, "starts_execution", lambda endpoints, *_: False)
    monkeypatch.setattr(status.freshness, "read", lambda endpoints: [])
    monkeypatch.setattr(warehouse, "connect", connected)
    monkeypatch.setattr(warehouse, "ask", lambda connection, sql: Answer(["n"], [(1,)]))
    return asked


@pytest.mark.parametrize(("given", "name", "account"), ENVIRONMENTS)
def test_the_environment_is_the_one_named(
    given: str | None,
    name: str,
    account: str,
    asked: list[tuple[str, str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    put.run(TREE / "terragrunt.hcl", "reference/x.csv", environment=given, json_=True)
    query.run("SELECT 1", environment=given, json_=True)
    assert asked == [(account, f"raw-{name}"), (account, f"database-{name}")]
    capsys.readouterr()
    status.run(given, json_=True)
    document = json.loads(capsys.readouterr().out)
    assert [unit["unit"] for unit in document["units"]] == [f"live/{name}/store"]
    assert document["endpoints"]["account_id"] == account
