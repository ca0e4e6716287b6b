"""Which units get a provider that runs already, and where its relative paths lead. No provider is started."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.live.model import ExtraArguments
from strata.terraform import provider_pool, warm_provider
from strata.terraform.kept_schemas import KeptSchemas
from strata.terraform.provider_pool import ProviderPool, RunningProvider
from strata.terraform.schema_proxy import Types
from strata.terraform.workdir import WorkingDirectory

PROGRAM = "data/providers/registry.terraform.io/hashicorp/aws/5.1.0/linux_amd64/terraform-provider-aws_v5"
TOPIC = 'resource "aws_sns_topic" "it" {\n}\n'


@dataclass(frozen=True)
class Run:
    """What the pool looks at in a unit's run."""

    directory: WorkingDirectory
    rendered: Any
    endpoints: dict[str, str] = field(default_factory=lambda: {"AWS_REGION": "x"})
    beside: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext


@dataclass
class Stub:
    """In the place of a running provider."""

    program: Path
    number: int
    types: list[Types] = field(default_factory=list)
    running: bool = True
    stopped: int = 0

    def attached(self, variables: dict[str, str], types: Types) -> dict[str, str]:
        self.types.append(types)
        return {**variables, "ATTACHED": str(self.number)}

    def beside(self, place: Path) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def stop(self) -> None:
        self.stopped += 1


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> list[Stub]:
    made: list[Stub] = []

    def make(program: Path, environment: Any, schemas: Any) -> Stub:
        made.append(Stub(program, len(made)))
        return made[-1]

    monkeypatch.setattr(provider_pool, "RunningProvider", make)
    return made


@pytest.fixture
def pool(stubs: list[Stub]) -> ProviderPool:
    toolchain: Any = SimpleNamespace(environment=dict, schemas=None)
    return ProviderPool(toolchain, {"AWS_REGION": "x"})


@pytest.fixture
def unit(tmp_path: Path) -> Callable[..., Any]:
    """Lays out a unit as it is after `init`."""

    def make(name: str, text: str = TOPIC, *, file: str = "main.tf", **rendered: Any) -> Run:
        folder = tmp_path / name
        place = folder / "source" / "topic"
        place.mkdir(parents=True)
        (place / file).write_text(text)
        program = folder / PROGRAM
        program.parent.mkdir(parents=True)
        # One program, as a plugin cache has it.
        program.symlink_to(tmp_path / "provider")
        given = {"env_vars": {}, "extra_arguments": ()} | rendered
        return Run(WorkingDirectory(place, folder, place, folder), SimpleNamespace(**given))

    return make


def lent_to(pool: ProviderPool, run: Any, state: Any = None) -> str | None:
    """The number of the provider that a run gets."""
    with pool.lent(run, state) as lent:
        return lent.endpoints.get("ATTACHED")


def test_one_after_another_share_a_provider_and_two_at_once_do_not(
    pool: ProviderPool, stubs: list[Stub], unit: Callable[..., Any]
) -> None:
    first, second = unit("first"), unit("second")
    assert [lent_to(pool, first), lent_to(pool, second)] == ["0", "0"]
    with pool.lent(first, None) as one:
        assert one.endpoints == {"AWS_REGION": "x", "ATTACHED": "0"}
        assert lent_to(pool, second) == "1"
    with contextlib.suppress(RuntimeError), pool.lent(first, None):
        raise RuntimeError("the unit failed")
    # Both are idle again.
    with pool.lent(first, None) as one, pool.lent(second, None) as two:
        assert {one.endpoints["ATTACHED"], two.endpoints["ATTACHED"]} == {"0", "1"}
    assert first.endpoints == {"AWS_REGION": "x"}
    pool.close()
    assert [stub.stopped for stub in stubs] == [1, 1]


def test_one_that_ended_is_not_lent_again(
    pool: ProviderPool, stubs: list[Stub], unit: Callable[..., Any]
) -> None:
    assert lent_to(pool, unit("a")) == "0"
    stubs[0].running = False
    assert lent_to(pool, unit("b")) == "1"
    assert lent_to(pool, unit("c")) == "1"


def test_another_version_is_another_provider(pool: ProviderPool, unit: Callable[..., Any]) -> None:
    other = unit("other")
    (other.directory.folder / PROGRAM).unlink()
    (other.directory.folder / PROGRAM).write_text("")
    assert [lent_to(pool, unit("a")), lent_to(pool, other), lent_to(pool, unit("b"))] == ["0", "1", "0"]


def test_a_unit_gets_the_types_of_its_modules_and_its_state(
    pool: ProviderPool, stubs: list[Stub], unit: Callable[..., Any]
) -> None:
    run = unit("a")
    nested = run.directory.path.parent / "queue"
    nested.mkdir()
    (nested / "main.tf").write_text('resource "aws_sqs_queue" "it" {\n}\n')
    (run.directory.path.parent / "unused.tf").write_text('resource "aws_vpc" "it" {\n}\n')
    modules = run.directory.data_dir / "modules"
    modules.mkdir()
    called = [{"Key": "", "Source": "", "Dir": "."}, {"Key": "q", "Source": "../queue", "Dir": "../queue"}]
    (modules / "modules.json").write_text(json.dumps({"Modules": called}))
    lent_to(pool, run, {"resources": [{"type": "aws_iam_role"}]})
    (types,) = stubs[0].types
    assert types.declared == {"aws_sns_topic", "aws_sqs_queue"}
    assert {"aws_sns_topic", "aws_sqs_queue", "aws_iam_role"} <= types.named
    assert "aws_vpc" not in types.named


@pytest.mark.parametrize(
    ("text", "more", "lent"),
    [
        (TOPIC, {}, True),
        ('provider "aws" {\n  region = "x"\n}\n', {}, True),
        ('resource "aws_sns_topic" "it" {\n  name = "provider of an alias"\n}\n', {}, True),
        ('provider "aws" {\n  default_tags {\n    tags = {}\n  }\n  alias = "b"\n}\n', {}, False),
        ("terraform {\n  required_providers {\n    aws = {\n      source = \"hashicorp/aws\"\n      configuration_aliases = [aws.b]\n    }\n  }\n}\n", {}, False),
        ('terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n', {}, True),
        ('terraform {\n  required_providers {\n    other = { source = "hashicorp/aws" }\n  }\n}\n', {}, False),
        ('terraform {\n  required_providers {\n    b = {\n      version = "5"\n      source = "registry.terraform.io/hashicorp/aws"\n    }\n  }\n}\n', {}, False),
        ('terraform {\n  required_providers {\n    other = { source = "acme/aws" }\n  }\n}\n', {}, True),
        ('{"provider": {"aws": [{}, {"alias": "b"}]}}', {"file": "main.tf.json"}, False),
        ('{"provider": {"aws": {}}}', {"file": "main.tf.json"}, True),
        ('{"resource": {"aws_route53_record": {"a": {"alias": {}}}}}', {"file": "main.tf.json"}, True),
        ('{"terraform": {"required_providers": {"b": {"source": "hashicorp/aws"}}}}', {"file": "main.tf.json"}, False),
        (TOPIC, {"env_vars": {"AWS_PROFILE": "x"}}, False),
        (TOPIC, {"extra_arguments": (ExtraArguments("a", ("plan",), (), (), (), {"AWS_PROFILE": "x"}),)}, False),
        (TOPIC, {"extra_arguments": (ExtraArguments("a", ("plan",), ("-x",), (), (), {}),)}, True),
    ],
)  # fmt: skip
def test_who_gets_one(
    pool: ProviderPool, unit: Callable[..., Any], text: str, more: dict[str, Any], lent: bool
) -> None:
    assert (lent_to(pool, unit("a", text, **more)) is not None) is lent


def test_a_unit_without_the_provider_gets_none(
    pool: ProviderPool, stubs: list[Stub], unit: Callable[..., Any]
) -> None:
    run = unit("a")
    (run.directory.folder / PROGRAM).unlink()
    assert lent_to(pool, run) is None
    assert stubs == []


def test_relative_paths_lead_where_terraform_runs(
    unit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    places: list[Path] = []
    monkeypatch.setattr(warm_provider.WarmProvider, "start", lambda self: places.append(self._cwd))
    monkeypatch.setattr(provider_pool.SchemaProxy, "start", lambda self: None)
    monkeypatch.setattr(provider_pool.SchemaProxy, "stop", lambda self: None)
    running = RunningProvider(Path("provider"), {}, KeptSchemas(tmp_path / "schemas"))
    (place,) = places
    for name in ("a", "b"):
        run = unit(name)
        (run.directory.path / "artifacts").mkdir()
        (run.directory.path / "artifacts/x.zip").write_text(name)
        (run.directory.path.parent / "queue").mkdir()
        (run.directory.path.parent / "queue/y.json").write_text(f"{name} queue")
        with running.beside(run.directory.path):
            assert (place / "artifacts/x.zip").read_text() == name
            assert (place / "../queue/y.json").read_text() == f"{name} queue"
            assert (place / "../topic/main.tf").read_text() == TOPIC
        assert list(place.iterdir()) == []
    running.stop()
    assert not place.parent.exists()


def test_what_a_hook_makes_is_there_when_terraform_runs(
    pool: ProviderPool,
    stubs: list[Stub],
    unit: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[list[str]] = []

    def beside(self: Stub, place: Path) -> contextlib.AbstractContextManager[None]:
        seen.append(sorted(path.name for path in place.iterdir()))
        return contextlib.nullcontext()

    monkeypatch.setattr(Stub, "beside", beside)
    run = unit("a")
    with pool.lent(run, None) as lent:
        # The unit's hook, after the provider was lent.
        (run.directory.path / "artifacts").mkdir()
        with lent.beside():
            pass
    assert seen == [["artifacts", "main.tf"]]
