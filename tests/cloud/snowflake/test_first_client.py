"""The first client loads the engine, and no client meets one that is half loaded."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from snowflake.connector.errors import Error

from strata.cloud.aws.context import CloudContext
from strata.cloud.snowflake import served_account
from strata.cloud.snowflake.provider import servicer
from strata.cloud.snowflake.provider import tfplugin6_pb2 as pb
from strata.cloud.snowflake.provider.server import ADDRESS, ProviderServer
from strata.cloud.snowflake.server import SnowflakeServer
from strata.errors import StrataError

from .conftest import ACCOUNT, REGION, Snow, refused_role
from .test_snapshot import ask

HEAVY = ("duckdb", "numpy", "pandas", "pyarrow", "snowflake.connector", "sqlglot", "starlette", "uvicorn")


@pytest.fixture
def idle(clean_environment: None, tmp_path: Path) -> Iterator[SnowflakeServer]:
    """A server that no client has asked yet."""
    found = SnowflakeServer(CloudContext(ACCOUNT, REGION, tmp_path), refused_role)
    found.start()
    yield found
    found.stop()


class Gate:
    """Stands in for `ServedAccount`: it is not made before `open` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.open = threading.Event(), threading.Event()
        made = served_account.ServedAccount

        def make(*arguments: Any) -> Any:
            self.reached.set()
            assert self.open.wait(30)
            return made(*arguments)

        monkeypatch.setattr(served_account, "ServedAccount", make)


def broken(*arguments: Any) -> Any:
    raise ImportError("No module named 'duckdb'")


def call(address: str, name: str) -> Any:
    """Send one request of Terraform's."""
    message = getattr(pb, name)
    with grpc.insecure_channel(address) as channel:
        method = channel.unary_unary(
            f"/tfplugin6.Provider/{name}", message.Request.SerializeToString, message.Response.FromString
        )
        return method(message.Request())


def test_an_idle_cloud_has_loaded_nothing_of_it(tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from strata.cloud.embedded import EmbeddedCloud
with EmbeddedCloud(Path({str(tmp_path)!r}), account_id={ACCOUNT!r}, region={REGION!r}):
    print([name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_first_client_waits_for_the_engine(
    idle: SnowflakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, found = Gate(monkeypatch), []
    client = threading.Thread(target=lambda: found.append(Snow(idle).rows("select 1 + 1")))
    client.start()
    assert gate.reached.wait(30)
    assert found == []
    gate.open.set()
    client.join(30)
    assert found == [[(2,)]]


def test_warming_up_loads_it_without_a_client(idle: SnowflakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    idle.warm_up()
    assert gate.reached.wait(30)
    gate.open.set()
    assert list(idle.catalog.warehouses) == ["COMPUTE_WH"]
    idle.warm_up()
    assert Snow(idle).rows("select 1 + 1") == [(2,)]


def test_a_notification_before_it_is_for_no_table(idle: SnowflakeServer) -> None:
    (arn,) = idle.context.channels._readers
    idle.context.channels.send(arn, "{}")
    assert idle.catalog.databases == {}


def test_a_server_that_is_stopped_while_it_loads_serves_nobody(
    idle: SnowflakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another test's platform may run in this process.
    before = set(threading.enumerate())
    gate = Gate(monkeypatch)
    idle.warm_up()
    assert gate.reached.wait(30)
    (loader,) = (each for each in threading.enumerate() if each is idle._loader)
    idle.stop()
    gate.open.set()
    loader.join(30)
    assert not [each for each in set(threading.enumerate()) - before if each.name == "snowflake-server"]
    with pytest.raises(StrataError, match="is not running"):
        _ = idle.catalog


def test_who_cannot_be_served_is_told_why(
    idle: SnowflakeServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(served_account, "ServedAccount", broken)
    told = "The embedded Snowflake cannot be loaded: ImportError: No module named 'duckdb'"
    for _ in range(2):
        with pytest.raises(Error, match=told):
            Snow(idle)
    assert ask(idle, "GET") == (409, told.encode())
    assert ask(idle, "PUT", b"x") == (409, told.encode())
    assert "the embedded Snowflake cannot be loaded" in caplog.text
    with pytest.raises(StrataError, match="cannot be loaded"):
        _ = idle.catalog


def test_terraform_is_told_why_the_provider_cannot_be_loaded(
    idle: SnowflakeServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    provider = ProviderServer(idle)
    address = json.loads(provider.start())[ADDRESS]["Addr"]["String"]
    try:
        with monkeypatch.context() as patched:
            patched.setattr(servicer, "Servicer", broken)
            with pytest.raises(grpc.RpcError) as caught:
                call(address, "GetProviderSchema")
            assert caught.value.details() == (
                "the stand-in for the Snowflake provider cannot be loaded: No module named 'duckdb'"
            )
            assert "the stand-in for the Snowflake provider cannot be loaded" in caplog.text
        with pytest.raises(grpc.RpcError) as caught, grpc.insecure_channel(address) as channel:
            channel.unary_unary("/tfplugin6.Provider/Unknown")(b"")
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
        assert "snowflake_database" in call(address, "GetProviderSchema").resource_schemas
    finally:
        provider.stop()
