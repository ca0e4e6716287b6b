"""A client of the plugin protocol, in Terraform's place: no process to start, and one resource at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from strata.cloud.snowflake.provider import schema
from strata.cloud.snowflake.provider import tfplugin6_pb2 as pb
from strata.cloud.snowflake.provider.server import ADDRESS, ProviderServer
from strata.cloud.snowflake.provider.values import decode, encode
from strata.cloud.snowflake.server import SnowflakeServer

from ..conftest import Snow

FEATURES = ("USER_ENABLE_DEFAULT_WORKLOAD_IDENTITY",)
State = dict[str, Any]


class RefusedError(Exception):
    """The provider has answered with a diagnostic."""


class Protocol:
    """Calls of a provider's server over gRPC."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address)
        # Terraform keeps this stream open; the provider drops the configuration with it.
        self._stdio = self._channel.unary_stream("/plugin.GRPCStdio/StreamStdio")(b"")

    def close(self) -> None:
        self._stdio.cancel()
        self._channel.close()

    def call(self, name: str, **fields: Any) -> Any:
        message = getattr(pb, name)
        response = self._channel.unary_unary(
            f"/tfplugin6.Provider/{name}", message.Request.SerializeToString, message.Response.FromString
        )(message.Request(**fields))
        if response.diagnostics:
            raise RefusedError("; ".join(f"{d.summary} {d.detail}".strip() for d in response.diagnostics))
        return response

    def configure(self, **config: Any) -> None:
        block = schema.provider_block()
        config = {"preview_features_enabled": ["snowflake_external_table_resource"]} | config
        value = encode(schema.blank(block, config), schema.block_type(block))
        self.call("ConfigureProvider", config=value)

    def validate(self, kind: str, **config: Any) -> None:
        found = schema.resources()[kind]
        value = encode(schema.blank(found.block, config), found.type)
        self.call("ValidateResourceConfig", type_name=kind, config=value)

    def _fields(self, kind: str, config: State | None, prior: State | None) -> State:
        found = schema.resources()[kind]
        given = None if config is None else schema.blank(found.block, config)
        proposed = given
        if given is not None and prior is not None:
            # As Terraform does: what is computed and not configured has the state's value.
            attributes = found.block["attributes"]
            kept = {n for n in attributes if attributes[n].get("computed") and given[n] is None}
            proposed = given | {name: prior[name] for name in kept}
        return {
            "type_name": kind,
            "prior_state": encode(prior, found.type),
            "config": encode(given, found.type),
            "proposed_new_state": encode(proposed, found.type),
        }

    def plan(self, kind: str, config: State, prior: State | None = None) -> tuple[State, list[str]]:
        """Return the planned state, and the attributes that force a new resource."""
        planned = self.call("PlanResourceChange", **self._fields(kind, config, prior))
        replaced = [path.steps[0].attribute_name for path in planned.requires_replace]
        return decode(planned.planned_state), replaced

    def apply(self, kind: str, config: State | None, prior: State | None = None) -> Any:
        """Plan and apply a change; return the new state."""
        fields = self._fields(kind, config, prior)
        planned = self.call("PlanResourceChange", **fields)
        del fields["proposed_new_state"]
        applied = self.call("ApplyResourceChange", **fields, planned_state=planned.planned_state)
        return decode(applied.new_state)

    def read(self, kind: str, state: State) -> Any:
        value = encode(state, schema.resources()[kind].type)
        return decode(self.call("ReadResource", type_name=kind, current_state=value).new_state)

    def imported(self, kind: str, identifier: str) -> Any:
        (found,) = self.call("ImportResourceState", type_name=kind, id=identifier).imported_resources
        return self.read(kind, decode(found.state))


@pytest.fixture(scope="module")
def address(server: SnowflakeServer) -> Iterator[str]:
    found = ProviderServer(server)
    yield json.loads(found.start())[ADDRESS]["Addr"]["String"]
    found.stop()


@pytest.fixture
def provider(address: str, admin: Snow) -> Iterator[Protocol]:
    found = Protocol(address)
    found.configure(experimental_features_enabled=list(FEATURES))
    yield found
    found.close()
