"""The server side of Terraform's plugin protocol."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import grpc
from snowflake.connector.errors import Error

from strata.cloud.snowflake.provider import planning, schema, validation
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
    DatabaseResource,
    SchemaResource,
    StorageIntegrationAws,
    WarehouseResource,
)
from strata.cloud.snowflake.provider.resources.planned import PlannedOnly
from strata.cloud.snowflake.provider.resources.stages import StageExternalS3
from strata.cloud.snowflake.provider.resources.tables import Execute, ExternalTableResource
from strata.cloud.snowflake.provider.resources.users import ResourceMonitor, ServiceUser
from strata.cloud.snowflake.provider.rules import is_suppressed
from strata.cloud.snowflake.provider.settling import filled, settled
from strata.cloud.snowflake.provider.values import Object, Unknown, conform, decode, encode, without_unknown

_log = logging.getLogger(__name__)
_APPLIED: dict[str, Resource] = {
    resource.type_name: resource
    for resource in (
        AccountRole(),
        DatabaseResource(),
        Execute(),
        ExternalTableResource(),
        GrantAccountRole(),
        GrantOwnership(),
        GrantPrivilegesToAccountRole(),
        ResourceMonitor(),
        SchemaResource(),
        ServiceUser(),
        StageExternalS3(),
        StorageIntegrationAws(),
        WarehouseResource(),
    )
}
RESOURCES: dict[str, Resource] = {name: PlannedOnly(name) for name in schema.resources()} | _APPLIED

# Experiments that change how the real provider treats a resource, and are unsupported here.
_NOT_DONE = ("GRANTS_IMPORT_VALIDATION", "GRANT_ACCOUNT_ROLE_SAFE_PUBLIC_ROLE", "HIERARCHY_RENAMES")


class ProviderRefusedError(Exception):
    """The provider refuses a request; the user sees the message."""


class Servicer:
    """Answers requests of many Terraform processes; each configuration is kept by its peer.

    Args:
        login: returns the arguments of `snowflake.connector.connect` for the embedded server's administrator.
    """

    def __init__(self, login: Callable[[], Mapping[str, Any]]) -> None:
        self._login = login
        self._clients: dict[str, Client] = {}
        self._lock = threading.Lock()

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """Return the handlers for a gRPC server."""
        calls: dict[str, tuple[Any, Any]] = {
            "GetProviderSchema": (pb.GetProviderSchema, self._schema),
            "GetResourceIdentitySchemas": (
                pb.GetResourceIdentitySchemas,
                _empty(pb.GetResourceIdentitySchemas),
            ),
            "GetFunctions": (pb.GetFunctions, _empty(pb.GetFunctions)),
            "ValidateProviderConfig": (pb.ValidateProviderConfig, self._validate_provider),
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
        """Keep an empty stream open while Terraform is connected, then drop its configuration."""
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

    def _validate_provider(
        self, request: Any, context: grpc.ServicerContext
    ) -> pb.ValidateProviderConfig.Response:
        found = validation.configuration_faults(decode(request.config) or {})
        return pb.ValidateProviderConfig.Response(diagnostics=[_diagnostic(*fault) for fault in found])

    def _validate(self, request: Any, context: grpc.ServicerContext) -> pb.ValidateResourceConfig.Response:
        found = validation.faults(schema.resources()[request.type_name], decode(request.config))
        return pb.ValidateResourceConfig.Response(diagnostics=[_diagnostic(*fault) for fault in found])

    def _upgrade(self, request: Any, context: grpc.ServicerContext) -> pb.UpgradeResourceState.Response:
        kind = schema.resources()[request.type_name].type
        state = conform(json.loads(request.raw_state.json), kind)
        return pb.UpgradeResourceState.Response(upgraded_state=encode(state, kind))

    def _configure(self, request: Any, context: grpc.ServicerContext) -> pb.ConfigureProvider.Response:
        config = without_unknown(decode(request.config)) or {}
        # Terraform's environment (SNOWFLAKE_*) is not visible here. The default is the embedded server's
        # administrator; host, port and account are always the embedded server's.
        login = dict(self._login())
        authenticator = str(config.get("authenticator") or "SNOWFLAKE").upper()
        if authenticator != "SNOWFLAKE":
            raise ProviderRefusedError(
                f"the stand-in provider supports password login only, not authenticator = {authenticator}"
            )
        for name in ("user", "password", "role", "warehouse"):
            if config.get(name):
                login[name] = config[name]
        experiments = set(config.get("experimental_features_enabled") or ())
        if experiments & set(_NOT_DONE):
            raise ProviderRefusedError(
                f"the stand-in provider does not support {', '.join(sorted(experiments & set(_NOT_DONE)))}"
            )
        client = Client(login, {*experiments, *(config.get("preview_features_enabled") or ())})
        self._forget(context.peer())
        with self._lock:
            self._clients[context.peer()] = client
        return pb.ConfigureProvider.Response()

    def _client(self, context: grpc.ServicerContext) -> Client:
        with self._lock:
            client = self._clients.get(context.peer())
        if client is None:
            raise ProviderRefusedError("the provider is not configured on this connection")
        return client

    @staticmethod
    def _enabled(type_name: str, client: Client) -> Resource:
        """Return a resource type; the real provider checks preview features in every step but the plan.

        Raises:
            ProviderRefusedError: it is a preview feature that is not enabled.
        """
        resource = RESOURCES[type_name]
        feature = resource.preview_feature
        if feature and not client.has(feature):
            raise ProviderRefusedError(
                f"{feature} is currently a preview feature, and must be enabled by adding {feature} to "
                "`preview_features_enabled` in Terraform configuration."
            )
        return resource

    def _read(self, request: Any, context: grpc.ServicerContext) -> pb.ReadResource.Response:
        client = self._client(context)
        resource = self._enabled(request.type_name, client)
        state: Object = decode(request.current_state)
        actual = resource.read(client, state)
        found = None
        if actual is not None:
            # An attribute that is read wins over its drift.
            actual = resource.drift(client, state, actual) | actual
            found = settled(resource.schema.type, state, actual, applied=False)
        return pb.ReadResource.Response(
            new_state=encode(found, resource.schema.type), private=request.private
        )

    def _plan(self, request: Any, context: grpc.ServicerContext) -> pb.PlanResourceChange.Response:
        client, resource = self._client(context), RESOURCES[request.type_name]
        kind = resource.schema.type
        config = decode(request.config)
        answer = pb.PlanResourceChange.Response(
            planned_private=request.prior_private, legacy_type_system=True
        )
        if config is None:
            answer.planned_state.CopyFrom(encode(None, kind))
            return answer
        rules = resource.rules
        draft = planning.Draft(
            resource.schema,
            decode(request.prior_state),
            config,
            decode(request.proposed_new_state),
            lambda *difference: is_suppressed(rules, *difference),
        )
        resource.customise(client, draft)
        draft.finish()
        resource.check(draft.state)
        answer.planned_state.CopyFrom(encode(draft.state, kind))
        answer.requires_replace.extend(_path(steps) for steps in draft.replace)
        return answer

    def _apply(self, request: Any, context: grpc.ServicerContext) -> pb.ApplyResourceChange.Response:
        client = self._client(context)
        resource = self._enabled(request.type_name, client)
        kind = resource.schema.type
        prior, planned, config = (
            decode(value) for value in (request.prior_state, request.planned_state, request.config)
        )
        answer = pb.ApplyResourceChange.Response(private=request.planned_private, legacy_type_system=True)
        if planned is None:
            resource.delete(client, prior)
            answer.new_state.CopyFrom(encode(None, kind))
            return answer
        state = prior
        try:
            unknown = [name for name, value in planned.items() if isinstance(value, Unknown)]
            wanted = without_unknown(planned | {name: config.get(name) for name in unknown})
            if prior is None:
                identifier = resource.create(client, wanted)
            else:
                identifier = resource.update(client, prior, wanted, unknown)
            known = planned | {"id": identifier}
            state = settled(kind, known, {}, applied=True, prior=prior)
            actual = resource.read(client, state)
            if actual is None:
                raise ProviderRefusedError(
                    f"{request.type_name} {identifier} does not exist after it was applied"
                )
            configured = {name: config[name] for name in resource.rules.get("configured", ())}
            spelled = {name: value for name, value in configured.items() if value is not None}
            state = settled(kind, known, actual | spelled, applied=True, prior=prior)
        except (Error, ValueError, ProviderRefusedError) as error:
            # Terraform keeps the state of the part that was applied, tainted if it is new.
            answer.diagnostics.append(_error(error))
            if (
                state is not None
                and state is prior
                and not (resource.keeps_state and isinstance(error, Error))
            ):
                state = settled(kind, planned | {"id": prior["id"]}, {}, applied=True, prior=prior)
        answer.new_state.CopyFrom(encode(state, kind))
        return answer

    def _import(self, request: Any, context: grpc.ServicerContext) -> pb.ImportResourceState.Response:
        resource = RESOURCES[request.type_name]
        kind = resource.schema.type
        found = resource.imported(self._client(context), request.id) | {"id": request.id}
        state = {name: filled(value, kind[1][name]) for name, value in found.items()}
        imported = pb.ImportResourceState.ImportedResource(
            type_name=request.type_name, state=encode(schema.blank(resource.schema.block, state), kind)
        )
        return pb.ImportResourceState.Response(imported_resources=[imported])


def _answering(message: Any, call: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return errors as diagnostics: Terraform reports a gRPC error as a crash of the provider."""

    def answer(request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return call(request, context)
        except (Error, ValueError, ProviderRefusedError) as error:
            return message.Response(diagnostics=[_error(error)])
        except Exception as error:
            _log.exception("defect in the stand-in provider")
            return message.Response(diagnostics=[_error(error)])

    return answer


def _empty(message: Any) -> Callable[[Any, Any], Any]:
    return lambda request, context: message.Response()


def _error(error: Exception) -> pb.Diagnostic:
    return _diagnostic(str(error) or type(error).__name__)


def _diagnostic(summary: str, detail: str = "") -> pb.Diagnostic:
    return pb.Diagnostic(severity=pb.Diagnostic.ERROR, summary=summary, detail=detail)


def _path(steps: tuple[planning.Step, ...]) -> pb.AttributePath:
    return pb.AttributePath(
        steps=[
            pb.AttributePath.Step(element_key_int=step)
            if isinstance(step, int)
            else pb.AttributePath.Step(attribute_name=step)
            for step in steps
        ]
    )
