"""What sessions share is touched only under its lock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from strata.cloud.aws.context import CloudContext
from strata.cloud.github.issuer import Issuer
from strata.cloud.snowflake import dispatch, snapshot
from strata.cloud.snowflake.api import Api
from strata.cloud.snowflake.provider.servicer import ProviderRefusedError, Servicer
from strata.cloud.snowflake.requests import QueryRequests
from strata.cloud.snowflake.results import status
from strata.cloud.snowflake.served_account import new_account
from strata.cloud.snowflake.server import ADMIN
from strata.cloud.snowflake.session import SnowflakeAccount
from strata.cloud.snowflake.storage import StageStorage, StoredObject

from .conftest import ACCOUNT, REGION, refused_role
from .console import Console


class Guarded(SnowflakeAccount):
    """An account whose catalogue fails a test that touches it without the lock."""

    @property
    def catalog(self) -> Any:
        assert self.lock._is_owned(), "the catalogue was touched without its lock"
        return self._catalog

    @catalog.setter
    def catalog(self, value: Any) -> None:
        self._catalog = value


class Held(dict):
    """A dictionary that fails a test that reads or changes it without a lock."""

    def __init__(self, held: Callable[[], bool], values: Any = ()) -> None:
        super().__init__(values)
        self._held = held

    def _check(self) -> None:
        assert self._held(), "a shared dictionary was touched without its lock"

    def __iter__(self) -> Any:
        self._check()
        return super().__iter__()

    def __setitem__(self, key: Any, value: Any) -> None:
        self._check()
        super().__setitem__(key, value)

    def __delitem__(self, key: Any) -> None:
        self._check()
        super().__delitem__(key)

    def get(self, *arguments: Any) -> Any:
        self._check()
        return super().get(*arguments)

    def pop(self, *arguments: Any) -> Any:
        self._check()
        return super().pop(*arguments)

    def values(self) -> Any:
        self._check()
        return super().values()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    context = CloudContext(ACCOUNT, REGION, tmp_path)
    made = new_account(context, "STRATA-LOCAL", ADMIN, "secret", refused_role)
    yield Guarded(made.catalog, made.engine, made.storage)
    made.storage.close()
    made.engine.close()


STATEMENTS = """
CREATE ROLE R; CREATE DATABASE D; CREATE SCHEMA D.S; CREATE VIEW V AS SELECT 1 AS X; CREATE TABLE T (A INT);
CREATE STORAGE INTEGRATION I TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE
  STORAGE_AWS_ROLE_ARN = 'arn:x' STORAGE_ALLOWED_LOCATIONS = ('*');
CREATE STAGE S URL = 's3://bucket/' STORAGE_INTEGRATION = I FILE_FORMAT = (TYPE = PARQUET);
CREATE EXTERNAL TABLE E LOCATION = @S REFRESH_ON_CREATE = FALSE AUTO_REFRESH = FALSE;
ALTER EXTERNAL TABLE E SET COMMENT = 'c';
INSERT INTO T VALUES (1); SELECT CURRENT_ROLE(), A FROM T; GRANT SELECT ON VIEW V TO ROLE R; SHOW GRANTS TO ROLE R;
SHOW VIEWS; DESC VIEW V; USE SCHEMA D.S; REVOKE SELECT ON VIEW V FROM ROLE R; DROP TABLE T; DROP DATABASE D
"""


def test_every_statement_holds_the_lock(guarded: Guarded) -> None:
    Console(guarded).script(STATEMENTS)
    with guarded.lock:
        assert "D" not in guarded.catalog.databases


def test_a_snapshot_holds_the_lock(guarded: Guarded) -> None:
    saved = snapshot.save(guarded)
    Console(guarded).script("CREATE DATABASE D; CREATE ROLE R")
    snapshot.load(guarded, saved, ADMIN)
    with guarded.lock:
        assert (list(guarded.catalog.databases), "R" in guarded.catalog.roles) == ([], False)


def test_a_login_holds_the_lock(guarded: Guarded) -> None:
    with guarded.lock:
        guarded.catalog.users = Held(guarded.lock._is_owned, guarded.catalog.users)
    _, session = Api(guarded, lambda: "", Issuer(), ADMIN)._open(
        {"LOGIN_NAME": ADMIN, "PASSWORD": "secret"}, {}
    )
    assert (session.user, session.role) == (ADMIN, "ACCOUNTADMIN")


def test_a_refresh_holds_the_lock(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(guarded)
    console.script(STATEMENTS.partition("INSERT")[0])
    with guarded.lock:
        table = guarded.catalog.get("EXTERNAL TABLE", ("D", "S", "E"))
    table.files = Held(guarded.lock._is_owned)

    class Bucket:
        keys = ["a", "b"]  # noqa: RUF012

        def objects(self, prefix: str) -> list[StoredObject]:
            return [StoredObject(prefix + key, "etag", 1, None) for key in self.keys]

    monkeypatch.setattr(StageStorage, "open", lambda *_: Bucket())
    refresh = "ALTER EXTERNAL TABLE E REFRESH"
    assert [row["status"] for row in console.run(refresh)] == ["REGISTERED_NEW", "REGISTERED_NEW"]
    Bucket.keys = ["b"]
    assert [row["file"] for row in console.run(refresh)] == ["a"]


def test_the_providers_clients_are_shared_under_a_lock() -> None:
    servicer = Servicer(dict)
    servicer._clients = Held(servicer._lock.locked, {"peer": Mock()})
    context = Mock(peer=lambda: "peer")
    client = servicer._client(context)
    servicer._forget("peer")
    client.close.assert_called_once_with()
    with pytest.raises(ProviderRefusedError, match="the provider is not configured on this connection"):
        servicer._client(context)


def most_at_once(works: list[Callable[[], Any]], inside: Callable[[Callable[[], Any]], None]) -> int:
    """Run works in threads, and return how many of them were inside `inside` at a time."""
    counts, counter = [0], threading.Lock()
    active = 0

    def enter(*_: Any, **__: Any) -> Any:
        nonlocal active
        with counter:
            active += 1
            counts.append(active)
        time.sleep(0.02)
        with counter:
            active -= 1

    inside(enter)
    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(work) for work in works]:
            done.result()
    return max(counts)


def test_a_session_runs_one_statement_at_a_time(
    account: SnowflakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Console(account).session()

    def slow(enter: Callable[[], Any]) -> None:
        monkeypatch.setattr(dispatch, "execute", lambda *_: (enter(), status("done"))[1])

    requests = QueryRequests()

    def request() -> object:
        return requests.run("id", session, lambda: dispatch.execute(session, "SELECT 1"), 0)

    assert most_at_once([request] * 3, slow) == 1
