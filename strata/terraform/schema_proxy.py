"""Between Terraform and a running provider: of its schemas, Terraform gets those of the types in use.

The AWS provider has schemas for more than two thousand types, and every Terraform process takes most of a
second to read them; an environment uses forty. All other calls pass through as they are.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from strata.cloud.snowflake.provider import tfplugin6_pb2 as pb
from strata.errors import StrataError
from strata.terraform.kept_schemas import KeptSchemas
from strata.terraform.warm_provider import WarmProvider

# What the call is named in protocol 5 and in protocol 6; the messages have the same numbers in both.
_SCHEMA_CALLS = {5: "/tfplugin5.Provider/GetSchema", 6: "/tfplugin6.Provider/GetProviderSchema"}
# go-plugin's own: the streams for a provider's output and for further connections are not used here.
_PLUGIN = "/plugin."
_WORKERS = 32
_SECONDS = 30.0
_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.enable_http_proxy", 0),
)
_WORD = re.compile(r"\w+")
_DECLARED = re.compile(r'\b(?:resource|data|ephemeral)"?[:{\s]*"(\w+)"')


@dataclass(frozen=True)
class Types:
    """The types that a configuration may use.

    Attributes:
        named: every word in it, and so every type that it uses.
        declared: the types of its blocks. One that the provider does not have is an error that Terraform
            explains with the names it knows: then it gets all schemas.
    """

    named: frozenset[str]
    declared: frozenset[str] = frozenset()

    @classmethod
    def of(cls, files: Iterable[Path], states: Iterable[Mapping[str, Any]] = ()) -> Types:
        """The types of all configuration among files, and of the resources in states."""
        found = [path.read_text(encoding="utf-8", errors="replace") for path in files]
        applied = (str(resource["type"]) for state in states for resource in state.get("resources", ()))
        return cls(
            frozenset(word for text in found for word in _WORD.findall(text)).union(applied),
            frozenset(name for text in found for name in _DECLARED.findall(text)),
        )


class SchemaProxy:
    """Serves a running provider to Terraform.

    Args:
        provider: started; stopped before this is.
        kept: schemas that a provider has told before.

    Attributes:
        program: the provider's program.
    """

    def __init__(self, provider: WarmProvider, kept: KeptSchemas) -> None:
        self.program = provider.program
        self._kept = kept
        self._provider = provider
        self._channel: grpc.Channel | None = None
        self._server: grpc.Server | None = None
        self._whole = b""
        self._thread = threading.Thread(target=self._read_schemas, daemon=True)

    def start(self) -> None:
        """Begin to read what is kept of its schemas, or to ask it; it takes a moment to build them."""
        self._thread.start()

    def attached(self, variables: Mapping[str, str], types: Types) -> dict[str, str]:
        """Terraform's variables, with which it uses the provider through this proxy, for these types only.

        What was attached before is not served any more.

        Raises:
            StrataError: no port is free.
        """
        self._thread.join()
        self._end_server()
        if self._channel is None or not self._whole:
            return self._provider.attached(variables)
        schemas = only(self._whole, types)
        handler = _Forward(self._channel, dict.fromkeys(_SCHEMA_CALLS.values(), schemas))
        self._server = grpc.server(ThreadPoolExecutor(_WORKERS), (handler,), options=_OPTIONS)
        try:
            port = self._server.add_insecure_port("127.0.0.1:0")
        except RuntimeError as error:
            raise StrataError(f"the provider's proxy cannot listen on 127.0.0.1: {error}") from None
        self._server.start()
        return self._provider.attached(variables, address={"Network": "tcp", "String": f"127.0.0.1:{port}"})

    def stop(self) -> None:
        """Stop to serve."""
        self._thread.join()
        self._end_server()
        if self._channel is not None:
            self._channel.close()

    def _end_server(self) -> None:
        if self._server is not None:
            self._server.stop(grace=0).wait()
            self._server = None

    def _read_schemas(self) -> None:
        for attachment in self._provider.attachment.values():
            call = _SCHEMA_CALLS.get(attachment["ProtocolVersion"])
            if call is None:
                return
            network, address = attachment["Addr"]["Network"], attachment["Addr"]["String"]
            target = f"unix:{address}" if network == "unix" else address
            self._channel = grpc.insecure_channel(target, options=_OPTIONS)
            self._whole = self._kept.read(self.program)
            if self._whole:
                return
            try:
                self._whole = self._channel.unary_unary(call)(b"", timeout=_SECONDS)
            except grpc.RpcError:
                # The provider has stopped; Terraform, which starts its own then, says why.
                return
            # Where they cannot be kept, the next provider is asked.
            with contextlib.suppress(OSError):
                self._kept.write(self.program, self._whole)


def only(response: bytes, types: Types) -> bytes:
    """The schemas of these types, of a provider's answer to `GetProviderSchema`.

    Args:
        response: a GetProviderSchema.Response.
        types: what the configuration uses.

    Returns:
        The response without the resources and data sources that are not named; whole if one that is declared
        is neither.
    """
    message = pb.GetProviderSchema.Response.FromString(response)
    kinds = (message.resource_schemas, message.data_source_schemas)
    if not all(any(name in kind for kind in kinds) for name in types.declared if _of(name, kinds)):
        return response
    for kind in kinds:
        for name in [name for name in kind if name not in types.named]:
            del kind[name]
    kept: bytes = message.SerializeToString()
    return kept


def _of(name: str, kinds: Iterable[Collection[str]]) -> bool:
    """Whether a type is this provider's, by its first part."""
    prefix = name.split("_")[0] + "_"
    return any(next(iter(kind), "").startswith(prefix) for kind in kinds)


class _Forward(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """Passes calls on, but for those whose answers are known."""

    def __init__(self, channel: grpc.Channel, known: Mapping[str, bytes]) -> None:
        self._channel = channel
        self._known = known

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        method: str = details.method
        if method.startswith(_PLUGIN):
            return _OWN.get(method)
        if method in self._known:
            return grpc.unary_unary_rpc_method_handler(lambda request, context: self._known[method])
        return grpc.unary_unary_rpc_method_handler(_passing(self._channel.unary_unary(method)))


def _passing(call: Callable[[bytes], bytes]) -> Callable[[bytes, grpc.ServicerContext], bytes]:
    def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            return call(request)
        except grpc.RpcError as error:
            context.abort(error.code(), error.details())
            raise

    return answer


def _nothing(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
    yield from ()


_OWN = {
    "/plugin.GRPCController/Shutdown": grpc.unary_unary_rpc_method_handler(lambda request, context: b""),
    "/plugin.GRPCStdio/StreamStdio": grpc.unary_stream_rpc_method_handler(_nothing),
}
