"""The provider's side of Terraform's plugin protocol."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import grpc
from snowflake.connector.errors import Error

from strata.cloud.snowflake.provider import planning, schema
from strata.cloud.snowflake.provider import tfplugin6_pb2 as pb
from strata.cloud.snowflake.provider.client import Client
from strata.cloud.snowflake.provider.resources.base import Resource
from strata.cloud.snowflake.provider.resources.grants import (
    GrantAccountRole,
    GrantOwnership,
    GrantPrivilegesToAccountRole,
)
from strata.cloud.snowflake.provider.resources.objects import (
    AccountRole,
    Database,
    Schema,
    StorageIntegrationAws,
    Warehouse,
)
from strata.cloud.snowflake.provider.resources.planned import PlannedOnly
from strata.cloud.snowflake.provider.resources.tables import Execute, ExternalTable, StageExternalS3
from strata.cloud.snowflake.provider.resources.users import ResourceMonitor, ServiceUser
from strata.cloud.snowflake.provider.values import Object, conform, decode, encode, without_unknown

_log = logging.getLogger(__name__)
_APPLIED: dict[str, Resource] = {
    resource.type_name: resource
    for resource in (
        AccountRole(),
        Database(),
        Execute(),
        ExternalTable(),
        GrantAccountRole(),
        GrantOwnership(),
        GrantPrivilegesToAccountRole(),
        ResourceMonitor(),
        Schema(),
        ServiceUser(),
        StageExternalS3(),
        StorageIntegrationAws(),
        Warehouse(),
    )
}
RESOURCES: dict[str, Resource] = {name: PlannedOnly(name) for name in schema.resources()} | _APPLIED

# Terraform hands this back with the first read after an import.
_IMPORTED = b"imported"


class Refused(Exception):
    """What the provider refuses, in words for the user."""


class Servicer:
    """Answers Terraform. One servicer serves many Terraform processes: what one configured is kept by its
    peer.

    Args:
        login: gives the arguments of `snowflake.connector.connect` for the embedded server's administrator.
    """

    def __init__(self, login: Callable[[], Mapping[str, Any]]) -> None:
        self._login = login
        self._clients: dict[str, Client] = {}
        self._lock = threading.Lock()

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """What to add to a gRPC server."""
        calls: dict[str, tuple[Any, Any]] = {
            "GetProviderSchema": (pb.GetProviderSchema, self._schema),
            "GetResourceIdentitySchemas": (
                pb.GetResourceIdentitySchemas,
                _empty(pb.GetResourceIdentitySchemas),
            ),
            "GetFunctions": (pb.GetFunctions, _empty(pb.GetFunctions)),
            "ValidateProviderConfig": (pb.ValidateProviderConfig, _empty(pb.ValidateProviderConfig)),
            "ValidateResourceConfig": (pb.ValidateResourceConfig, self._validate),
            "UpgradeResourceState": (pb.UpgradeResourceState, self._upgrade),
            "ConfigureProvider": (pb.ConfigureProvider, self._configure),
            "ReadResource": (pb.ReadResource, self._read),
            "PlanResourceChange": (pb.PlanResourceChange, self._plan),
            "ApplyResourceChange": (pb.ApplyResourceChange, self._apply),
            "ImportResourceState": (pb.ImportResourceState, self._import),
            "StopProvider": (pb.StopProvider, _empty(pb.StopProvider)),
        }
        provider = {
            name: grpc.unary_unary_rpc_method_handler(
                _answering(message, call),
                request_deserializer=message.Request.FromString,
                response_serializer=message.Response.SerializeToString,
            )
            for name, (message, call) in calls.items()
        }
        # go-plugin's own services; their messages are empty or never sent.
        controller = {"Shutdown": grpc.unary_unary_rpc_method_handler(lambda request, context: b"")}
        stdio = {"StreamStdio": grpc.unary_stream_rpc_method_handler(self._stdio)}
        return [
            grpc.method_handlers_generic_handler("tfplugin6.Provider", provider),
            grpc.method_handlers_generic_handler("plugin.GRPCController", controller),
            grpc.method_handlers_generic_handler("plugin.GRPCStdio", stdio),
        ]

    def close(self) -> None:
        for peer in list(self._clients):
            self._forget(peer)

    def _stdio(self, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """An empty stream that lasts as long as Terraform is connected; its end is the end of the
        configuration."""
        ended = threading.Event()
        context.add_callback(ended.set)
        ended.wait()
        self._forget(context.peer())
        yield from ()

    def _forget(self, peer: str) -> None:
        with self._lock:
            client = self._clients.pop(peer, None)
        if client is not None:
            client.close()

    def _schema(self, request: Any, context: grpc.ServicerContext) -> pb.GetProviderSchema.Response:
        return pb.GetProviderSchema.Response(
            provider=schema.provider_message(),
            resource_schemas={name: found.message() for name, found in schema.resources().items()},
            server_capabilities=pb.ServerCapabilities(plan_destroy=False),
        )

    def _validate(self, request: Any, context: grpc.ServicerContext) -> pb.ValidateResourceConfig.Response:
        found = schema.faults(schema.resources()[request.type_name], decode(request.config))
        diagnostics = [pb.Diagnostic(severity=pb.Diagnostic.ERROR, summary=fault) for fault in found]
        return pb.ValidateResourceConfig.Response(diagnostics=diagnostics)

    def _upgrade(self, request: Any, context: grpc.ServicerContext) -> pb.UpgradeResourceState.Response:
        kind = schema.resources()[request.type_name].type
        state = conform(json.loads(request.raw_state.json), kind)
        return pb.UpgradeResourceState.Response(upgraded_state=encode(state, kind))

    def _configure(self, request: Any, context: grpc.ServicerContext) -> pb.ConfigureProvider.Response:
        config = without_unknown(decode(request.config)) or {}
        # Terraform's own environment (SNOWFLAKE_*) is out of sight here: what the block leaves out is the
        # embedded server's administrator. Host, port and account always are the embedded server's.
        login = dict(self._login())
        authenticator = str(config.get("authenticator") or "SNOWFLAKE").upper()
        if authenticator != "SNOWFLAKE":
            raise Refused(
                f"the stand-in provider logs in with a password, not with authenticator = {authenticator}"
            )
        for name in ("user", "password", "role", "warehouse"):
            if config.get(name):
                login[name] = config[name]
        client = Client(login, config.get("preview_features_enabled") or ())
        self._forget(context.peer())
        with self._lock:
            self._clients[context.peer()] = client
        return pb.ConfigureProvider.Response()

    def _client(self, context: grpc.ServicerContext) -> Client:
        with self._lock:
            client = self._clients.get(context.peer())
        if client is None:
            raise Refused("the provider is not configured on this connection")
        return client

    def _resource(self, type_name: str, client: Client) -> Resource:
        resource = RESOURCES[type_name]
        feature = resource.preview_feature
        if feature and feature not in client.preview_features:
            raise Refused(
                f"{feature} is currently a preview feature, and must be enabled by adding {feature} to "
                "`preview_features_enabled` in Terraform configuration."
            )
        return resource

    def _read(self, request: Any, context: grpc.ServicerContext) -> pb.ReadResource.Response:
        client = self._client(context)
        resource = self._resource(request.type_name, client)
        state: Object = decode(request.current_state)
        if request.private == _IMPORTED:
            actual = resource.read(client, state)
            found = None if actual is None else planning.adopt(resource.schema, state, actual)
        else:
            found = self._refreshed(client, resource, state)
        return pb.ReadResource.Response(new_state=encode(found, resource.schema.type))

    @staticmethod
    def _refreshed(client: Client, resource: Resource, state: Object) -> Object | None:
        actual = resource.read(client, state)
        return None if actual is None else planning.merge(resource.schema, state, actual, resource.same)

    def _plan(self, request: Any, context: grpc.ServicerContext) -> pb.PlanResourceChange.Response:
        resource = self._resource(request.type_name, self._client(context))
        kind = resource.schema.type
        config = decode(request.config)
        if config is None:
            return pb.PlanResourceChange.Response(
                planned_state=encode(None, kind),
                planned_private=request.prior_private,
                legacy_type_system=True,
            )
        planned = planning.plan(resource.schema, decode(request.prior_state), config, resource.same)
        resource.check(planned.state)
        return pb.PlanResourceChange.Response(
            planned_state=encode(planned.state, kind),
            requires_replace=[_path(steps) for steps in planned.replace],
            planned_private=request.prior_private,
            legacy_type_system=True,
        )

    def _apply(self, request: Any, context: grpc.ServicerContext) -> pb.ApplyResourceChange.Response:
        client = self._client(context)
        resource = self._resource(request.type_name, client)
        kind = resource.schema.type
        prior, planned = decode(request.prior_state), decode(request.planned_state)
        answer = pb.ApplyResourceChange.Response(private=request.planned_private, legacy_type_system=True)
        if planned is None:
            resource.delete(client, prior)
            answer.new_state.CopyFrom(encode(None, kind))
            return answer
        state = prior
        try:
            if prior is None:
                identifier = resource.create(client, planned)
            else:
                identifier = resource.update(client, prior, planned)
            state = without_unknown(planned) | {"id": identifier}
            state = self._refreshed(client, resource, state)
            if state is None:
                raise Refused(f"{request.type_name} {identifier} is gone right after it was applied")
        except (Error, ValueError, Refused) as error:
            # With the state of what was done so far: Terraform keeps it, tainted if it is new.
            answer.diagnostics.append(_error(error))
        answer.new_state.CopyFrom(encode(state, kind))
        return answer

    def _import(self, request: Any, context: grpc.ServicerContext) -> pb.ImportResourceState.Response:
        resource = self._resource(request.type_name, self._client(context))
        kind = resource.schema.type
        state = schema.blank(resource.schema.block, resource.imported(request.id))
        imported = pb.ImportResourceState.ImportedResource(
            type_name=request.type_name, state=encode(state, kind), private=_IMPORTED
        )
        return pb.ImportResourceState.Response(imported_resources=[imported])


def _answering(message: Any, call: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Turn what goes wrong into a diagnostic: a gRPC error would read as a crash of the provider."""

    def answer(request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return call(request, context)
        except (Error, ValueError, Refused) as error:
            return message.Response(diagnostics=[_error(error)])
        except Exception as error:
            _log.exception("defect in the stand-in provider")
            return message.Response(diagnostics=[_error(error)])

    return answer


def _empty(message: Any) -> Callable[[Any, Any], Any]:
    return lambda request, context: message.Response()


def _error(error: Exception) -> pb.Diagnostic:
    text = str(error) or type(error).__name__
    return pb.Diagnostic(severity=pb.Diagnostic.ERROR, summary=text.split("\n")[0], detail=text)


def _path(steps: tuple[planning.Step, ...]) -> pb.AttributePath:
    return pb.AttributePath(
        steps=[
            pb.AttributePath.Step(element_key_int=step)
            if isinstance(step, int)
            else pb.AttributePath.Step(attribute_name=step)
            for step in steps
        ]
    )
