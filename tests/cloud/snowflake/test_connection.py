"""While a fault makes Snowflake unreachable, its connections end without an answer."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest
import uvicorn

from strata.cloud.listen import listen
from strata.cloud.snowflake.connection import cut_off_by
from strata.faults import FaultRegistry
from strata.faults.client import new_fault


async def application(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"here"})


def test_an_outage_lasts_until_it_is_cleared() -> None:
    faults = FaultRegistry()
    listening = listen(0, "a test")
    config = uvicorn.Config(application, http=cut_off_by(faults), log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", trust_env=False
        ) as client:
            assert client.get("/").text == "here"
            faults.add(new_fault(operation="snowflake:Connection", effect="unreachable", times=1))
            for _ in range(3):
                # The connection that was open, and new ones.
                with pytest.raises(httpx.TransportError):
                    client.get("/")
            faults.clear()
            assert client.get("/").text == "here"
    finally:
        server.should_exit = True
        thread.join(10)
