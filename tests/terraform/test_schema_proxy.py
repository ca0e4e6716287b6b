"""Which of a provider's schemas Terraform gets."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from strata.cloud.snowflake.provider import tfplugin6_pb2 as pb
from strata.terraform.kept_schemas import KeptSchemas
from strata.terraform.schema_proxy import SchemaProxy, Types, _Forward, only

# A field that this protocol file does not know (functions, number 7) and must come through.
FUNCTIONS = b"\x3a\x06\x0a\x04trim"
RESOURCES, DATA = ("aws_a", "aws_b"), ("aws_b", "aws_c")


def schemas() -> bytes:
    message = pb.GetProviderSchema.Response()
    message.provider.version = 1
    for name in RESOURCES:
        message.resource_schemas[name].version = 2
    for name in DATA:
        message.data_source_schemas[name].version = 3
    return bytes(message.SerializeToString()) + FUNCTIONS


@pytest.mark.parametrize(
    ("named", "declared", "resources", "data"),
    [
        ({"aws_a", "other"}, {"aws_a"}, {"aws_a"}, set()),
        ({"aws_b", "aws_c"}, set(), {"aws_b"}, {"aws_b", "aws_c"}),
        (set(), set(), set(), set()),
        # Another provider's type is none of this one's business.
        ({"aws_a", "null_resource"}, {"null_resource"}, {"aws_a"}, set()),
        # Terraform's words on a type that is not there name others.
        ({"aws_a", "aws_x"}, {"aws_a", "aws_x"}, set(RESOURCES), set(DATA)),
    ],
    ids=["a resource", "both kinds", "nothing", "another provider", "misspelt"],
)
def test_only_schemas_of_types_in_use(
    named: set[str], declared: set[str], resources: set[str], data: set[str]
) -> None:
    kept = only(schemas(), Types(frozenset(named), frozenset(declared)))
    message = pb.GetProviderSchema.Response.FromString(kept)
    assert (set(message.resource_schemas), set(message.data_source_schemas)) == (resources, data)
    assert {one.version for one in message.resource_schemas.values()} <= {2}
    assert message.provider.version == 1
    assert FUNCTIONS in kept


def test_a_provider_without_data_sources_keeps_all_for_a_misspelt_type() -> None:
    message = pb.GetProviderSchema.Response()
    message.resource_schemas["aws_a"].version = 2
    every = bytes(message.SerializeToString())
    assert only(every, Types(frozenset({"aws_x"}), frozenset({"aws_x"}))) == every


def test_types_of_a_configuration_and_of_states(tmp_path: Path) -> None:
    (tmp_path / "module").mkdir()
    (tmp_path / "module" / "main.tf").write_text(
        'resource "aws_a" "it" {}\ndata "aws_b" "it" {}\nmoved {\n  from = aws_c.it\n  to = aws_a.it\n}\n'
    )
    (tmp_path / "more.tf.json").write_text('{"resource": {"aws_d": {"it": {}}}}')
    types = Types.of(tmp_path.rglob("*.tf*"), [{"resources": [{"type": "aws_f"}]}, {}])
    assert {"aws_a", "aws_b", "aws_c", "aws_d", "aws_f"} <= types.named
    assert types.declared == {"aws_a", "aws_b", "aws_d"}


def large() -> bytes:
    """Schemas beyond the four megabytes that gRPC takes unless told otherwise."""
    message = pb.GetProviderSchema.Response.FromString(schemas())
    message.resource_schemas["aws_large"].block.description = "x" * 5_000_000
    return bytes(message.SerializeToString())


class Provider(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """Answers every call with its name and request; one is refused. Counts who asks for schemas."""

    asked = 0

    def service(self, details: Any) -> Any:
        method: str = details.method

        def answer(request: bytes, context: Any) -> bytes:
            if method == "/tfplugin6.Provider/GetProviderSchema":
                self.asked += 1
                return large()
            if method == "/tfplugin6.Provider/Refused":
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not now")
            return method.encode() + b" " + request

        return grpc.unary_unary_rpc_method_handler(answer)


OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
)


def listening(handler: Any) -> tuple[Any, int]:
    server = grpc.server(ThreadPoolExecutor(2), (handler,), options=OPTIONS)
    port: int = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def served(handler: Any) -> tuple[Any, Any]:
    server, port = listening(handler)
    return server, grpc.insecure_channel(f"127.0.0.1:{port}", options=OPTIONS)


@pytest.fixture
def proxied() -> Iterator[Any]:
    """A channel to a provider through the proxy's handler."""
    provider, behind = served(Provider())
    proxy, channel = served(_Forward(behind, {"/tfplugin6.Provider/GetProviderSchema": b"known"}))
    yield channel
    channel.close()
    behind.close()
    for server in (proxy, provider):
        server.stop(grace=0).wait()


def test_calls_pass_but_for_those_whose_answers_are_known(proxied: Any) -> None:
    def ask(method: str) -> Any:
        return proxied.unary_unary(method)(b"request", timeout=10)

    assert ask("/tfplugin6.Provider/PlanResourceChange") == b"/tfplugin6.Provider/PlanResourceChange request"
    assert ask("/tfplugin6.Provider/GetProviderSchema") == b"known"
    with pytest.raises(grpc.RpcError) as refused:
        ask("/tfplugin6.Provider/Refused")
    assert (refused.value.code(), refused.value.details()) == (grpc.StatusCode.FAILED_PRECONDITION, "not now")
    # go-plugin's own: Terraform may ask the provider to end, which others use.
    assert ask("/plugin.GRPCController/Shutdown") == b""
    assert list(proxied.unary_stream("/plugin.GRPCStdio/StreamStdio")(b"", timeout=10)) == []
    with pytest.raises(grpc.RpcError) as unknown:
        ask("/plugin.GRPCBroker/StartStream")
    assert unknown.value.code() == grpc.StatusCode.UNIMPLEMENTED


class Running:
    """A provider that runs, of some protocol, at some address."""

    def __init__(self, program: Path, protocol: int, port: int) -> None:
        self.program = program
        address = {"Network": "tcp", "String": f"127.0.0.1:{port}"}
        self.attachment = {"x/y/aws": {"ProtocolVersion": protocol, "Addr": address}}

    def attached(self, variables: dict[str, str], *, address: dict[str, str] | None = None) -> dict[str, str]:
        return {**variables, "AT": (address or {}).get("String", "its own")}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "terraform-provider-aws_v5.100.0_x5"
    path.write_text("a program", encoding="utf-8")
    return path


@pytest.fixture
def kept(tmp_path: Path) -> KeptSchemas:
    return KeptSchemas(tmp_path / "schemas")


def test_terraform_gets_the_schemas_in_use_whatever_their_size(
    program: Path, kept: KeptSchemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A proxy of the caller's is for the world outside.
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server, port = listening(Provider())
    proxy = SchemaProxy(Running(program, 6, port), kept)  # type: ignore[arg-type]
    proxy.start()
    variables = proxy.attached({"A": "1"}, Types(frozenset({"aws_large"}), frozenset()))
    assert (proxy.program, variables["A"]) == (program, "1")
    assert variables["AT"].startswith("127.0.0.1:")
    assert variables["AT"] != f"127.0.0.1:{port}"
    channel = grpc.insecure_channel(variables["AT"], options=OPTIONS)
    answer = channel.unary_unary("/tfplugin6.Provider/GetProviderSchema")(b"", timeout=20)
    assert set(pb.GetProviderSchema.Response.FromString(answer).resource_schemas) == {"aws_large"}
    request = b"y" * 5_000_000
    assert channel.unary_unary("/tfplugin6.Provider/ReadResource")(request, timeout=20).endswith(request)
    channel.close()
    proxy.stop()
    late = grpc.insecure_channel(variables["AT"], options=OPTIONS)
    with pytest.raises(grpc.RpcError):
        late.unary_unary("/tfplugin6.Provider/ReadResource")(b"", timeout=2)
    server.stop(grace=0).wait()


@pytest.mark.parametrize(
    ("protocol", "port"), [(4, None), (6, 9)], ids=["an unknown protocol", "it has ended"]
)
def test_a_provider_that_tells_no_schemas_is_used_as_it_is(
    program: Path, kept: KeptSchemas, protocol: int, port: int | None
) -> None:
    server, own = listening(Provider())
    proxy = SchemaProxy(Running(program, protocol, port or own), kept)  # type: ignore[arg-type]
    proxy.start()
    assert proxy.attached({}, Types(frozenset())) == {"AT": "its own"}
    proxy.stop()
    server.stop(grace=0).wait()


def test_a_program_is_asked_for_its_schemas_once(program: Path, kept: KeptSchemas) -> None:
    provider = Provider()
    server, port = listening(provider)
    for _ in range(2):
        proxy = SchemaProxy(Running(program, 6, port), kept)  # type: ignore[arg-type]
        proxy.start()
        proxy.attached({}, Types(frozenset()))
        proxy.stop()
    assert provider.asked == 1
    # Another program at the same place.
    program.write_text("a newer program", encoding="utf-8")
    proxy = SchemaProxy(Running(program, 6, port), kept)  # type: ignore[arg-type]
    proxy.start()
    proxy.stop()
    assert provider.asked == 2
    server.stop(grace=0).wait()


@pytest.mark.parametrize("damage", [b"", b"not gzip", None], ids=["empty", "other", "cut off"])
def test_damaged_schemas_are_as_none(
    program: Path, kept: KeptSchemas, tmp_path: Path, damage: bytes | None
) -> None:
    assert kept.read(program) == b""
    kept.write(program, b"schemas " * 1000)
    assert kept.read(program) == b"schemas " * 1000
    (file,) = (tmp_path / "schemas").iterdir()
    file.write_bytes(file.read_bytes()[:-9] if damage is None else damage)
    assert kept.read(program) == b""
