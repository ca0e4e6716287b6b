"""The runner with the machine's Terraform, on units of `terraform_data` whose states a moto server keeps."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from strata.errors import StrataError
from strata.live.locks import PLATFORMS
from strata.live.model import ExtraArguments, GeneratedFile, Hook
from strata.terraform.diagnostics import Changes
from strata.terraform.events import UnitEvent
from strata.terraform.mock_guard import refuse_mocked_unit
from strata.terraform.runner import Runner
from strata.terraform.toolchain import Toolchain, find_toolchain

if TYPE_CHECKING:
    from tests.terraform.conftest import Cloud, FakeTree, Recorded

STORES = """
variable "value" { default = "none" }
resource "terraform_data" "it" { input = var.value }
output "value" {
  value     = terraform_data.it.output
  sensitive = true
}
"""
SLOW = """
variable "value" { default = "none" }
resource "terraform_data" "it" {
  input = var.value
  provisioner "local-exec" { command = "sleep 2" }
}
"""
FAILS = """
variable "letters" { default = "x" }
resource "terraform_data" "it" {
  input = "x"
  lifecycle {
    precondition {
      condition     = length(var.letters) == 2
      error_message = "The letter is alone."
    }
  }
}
"""


def run(tree: FakeTree, cloud: Cloud, toolchain: Toolchain, **options: object) -> Runner:
    return Runner(tree, toolchain, cloud.endpoints, tree.root / "work", **options)


def test_outputs_travel_to_dependents_and_a_second_apply_changes_nothing(
    tree: FakeTree, cloud: Cloud, recorded: Recorded
) -> None:
    tree.add("a", STORES, inputs=lambda outputs: {"value": "from a"})
    tree.add("b", STORES, inputs=lambda outputs: {"value": f"{outputs['a']['value']}, b"}, after=("a",))
    tree.add("c", STORES, inputs=lambda outputs: {"value": f"{outputs['b']['value']}, c"}, after=("b",))

    first = run(tree, cloud, recorded.toolchain).apply("dev")
    second = run(tree, cloud, recorded.toolchain).apply("dev")

    assert [(result.unit, result.state, result.resources, result.changes) for result in first] == [
        ("live/dev/a", "applied", 1, Changes(add=1)),
        ("live/dev/b", "applied", 1, Changes(add=1)),
        ("live/dev/c", "applied", 1, Changes(add=1)),
    ]
    assert dict(first[2].outputs) == {"value": "from a, b, c"}
    assert [(result.state, result.resources, result.changes) for result in second] == [
        ("applied", 1, Changes())
    ] * 3
    # No second init, no plan, no output.
    assert recorded.commands() == ["init", "apply"] * 3 + ["apply"] * 3
    assert cloud.locks(tree) == []


def test_independent_units_run_at_the_same_time(
    tree: FakeTree, cloud: Cloud, real_toolchain: Toolchain
) -> None:
    for name in ("a", "b", "c"):
        tree.add(name, SLOW)
    events: list[UnitEvent] = []
    results = run(tree, cloud, real_toolchain, on_event=events.append).apply("dev")
    assert [result.state for result in results] == ["applied"] * 3
    states = [event.state for event in events]
    assert states[:3] == ["waiting"] * 3
    # Each has begun its apply before the first is done.
    before = events[: states.index("applied")]
    assert {event.unit for event in before if event.state == "apply"} == set(tree.known)
    last = [event for event in events if event.unit == "live/dev/a"][-1]
    assert (last.state, last.resources, last.message) == ("applied", 1, "1 added")
    assert last.seconds >= 2


def test_a_failure_stops_only_its_dependents(tree: FakeTree, cloud: Cloud, real_toolchain: Toolchain) -> None:
    tree.add("base", STORES)
    tree.add("broken", FAILS, after=("base",))
    tree.add("child", STORES, after=("broken",))
    tree.add("grandchild", STORES, after=("child",))
    tree.add("sibling", STORES, after=("base",))

    results = {result.unit: result for result in run(tree, cloud, real_toolchain).apply("dev")}

    assert {unit.removeprefix("live/dev/"): result.state for unit, result in results.items()} == {
        "base": "applied",
        "broken": "failed",
        "child": "skipped",
        "grandchild": "skipped",
        "sibling": "applied",
    }
    error = results["live/dev/broken"].error
    assert error is not None
    assert (error.file, error.line) == (str(tree.root / "modules/broken/main.tf"), 7)
    assert error.message == (
        "live/dev/broken: terraform apply failed: Resource precondition failed: The letter is alone"
    )
    assert str(results["live/dev/grandchild"].error) == (
        "live/dev/grandchild: not begun, because live/dev/broken failed"
    )


def test_plan_takes_mocks_before_and_the_state_after(
    tree: FakeTree, cloud: Cloud, real_toolchain: Toolchain
) -> None:
    tree.add("a", STORES, inputs=lambda outputs: {"value": "real"})
    seen: list[str] = []

    def inputs(outputs: object) -> dict[str, object]:
        seen.append(outputs["a"]["value"])  # type: ignore[index]
        return {"value": seen[-1]}

    tree.add("b", STORES, inputs=inputs, after=("a",), mocks={"a": {"value": "mock"}})
    runner = run(tree, cloud, real_toolchain)
    planned = runner.plan("dev")
    assert [(result.state, result.changes, dict(result.actions)) for result in planned] == [
        ("planned", Changes(add=1), {"terraform_data.it": "create"})
    ] * 2
    assert set(seen) == {"mock"}
    assert cloud.states(tree) == {"live/dev/a": None, "live/dev/b": None}

    runner.apply("dev", ["a"])
    seen.clear()
    planned = runner.plan("dev")
    assert [result.changes for result in planned] == [Changes(), Changes(add=1)]
    assert set(seen) == {"real"}
    states = cloud.states(tree)
    assert states["live/dev/b"] is None
    assert states["live/dev/a"] is not None
    assert (states["live/dev/a"].resources, dict(states["live/dev/a"].outputs)) == (1, {"value": "real"})


def test_one_unit_takes_the_rest_from_their_states(
    tree: FakeTree, cloud: Cloud, real_toolchain: Toolchain
) -> None:
    tree.add("a", STORES, inputs=lambda outputs: {"value": "1"})
    tree.add("b", STORES, inputs=lambda outputs: {"value": outputs["a"]["value"] + "2"}, after=("a",))
    runner = run(tree, cloud, real_toolchain)
    (lonely,) = runner.apply("dev", ["b"])
    assert (lonely.state, str(lonely.error)) == ("failed", "live/dev/b: live/dev/a has no outputs")
    runner.apply("dev", ["live/dev/a"])
    (result,) = runner.apply("dev", ["b"])
    assert (result.state, dict(result.outputs)) == ("applied", {"value": "12"})
    with pytest.raises(StrataError, match=r"environment dev has no unit z \(there are a, b\)"):
        runner.apply("dev", ["z"])


def test_destroy_goes_backwards_and_keeps_what_is_protected(
    tree: FakeTree, cloud: Cloud, real_toolchain: Toolchain
) -> None:
    tree.add("a", STORES)
    tree.add("b", STORES, after=("a",), prevent_destroy=True)
    tree.add("c", STORES, after=("b",), mocks={"b": {}})
    tree.add("d", STORES, after=("c",), mocks={"c": {}})
    runner = run(tree, cloud, real_toolchain)
    assert {result.state for result in runner.apply("dev", ["a", "b", "c"])} == {"applied"}
    with pytest.raises(StrataError, match=r"^live/dev/c depend on what is to be destroyed"):
        runner.destroy("dev", ["a", "b"])
    results = {result.unit: result for result in runner.destroy("dev")}
    assert {unit.removeprefix("live/dev/"): result.state for unit, result in results.items()} == {
        "a": "skipped",
        "b": "failed",
        "c": "destroyed",
        "d": "destroyed",
    }
    assert results["live/dev/c"].changes == Changes(remove=1)
    # d was never applied: there was nothing to start Terraform for.
    assert results["live/dev/d"].changes == Changes()
    assert str(results["live/dev/b"].error).startswith(
        f"{tree.root}/live/dev/b/terragrunt.hcl: live/dev/b has prevent_destroy set"
    )
    states = cloud.states(tree)
    assert [state.resources if state else None for state in states.values()] == [1, 1, 0, None]


@pytest.mark.parametrize(("year", "told"), [(2026, True), (2999, False)], ids=["before", "since"])
def test_a_held_lock_names_its_holder(
    tree: FakeTree, cloud: Cloud, real_toolchain: Toolchain, year: int, told: bool
) -> None:
    unit = tree.add("a", STORES)
    events: list[UnitEvent] = []
    runner = run(tree, cloud, real_toolchain, lock_timeout=1, on_event=events.append)
    runner.bootstrap("dev")
    info = (
        '{"ID":"7f1d-4","Operation":"OperationTypeApply","Info":"","Who":"eve@laptop","Version":"1.11.4",'
        f'"Created":"{year}-01-02T03:04:05.678Z","Path":"{tree.bucket}/{unit}/terraform.tfstate"}}'
    )
    item = {"LockID": {"S": f"{tree.bucket}/{unit}/terraform.tfstate"}, "Info": {"S": info}}
    cloud.client("dynamodb").put_item(TableName=tree.table, Item=item)
    (result,) = runner.apply("dev")
    assert result.error is not None
    assert result.error.message == (
        "live/dev/a: terraform apply failed: its state is locked by eve@laptop "
        f"(apply since {year}-01-02 03:04:05 UTC, lock 7f1d-4)"
    )
    assert (result.error.remedy or "").endswith("strata unlock live/dev/a")
    # It was said before the wait was over; a lock of since this run began may be its own.
    said = [event.message for event in events if event.state == "locked"]
    assert said == (["eve@laptop (since 2026-01-02 03:04:05 UTC)"] if told else [])


def test_hooks_run_in_the_working_directory_around_their_commands(
    tree: FakeTree, cloud: Cloud, real_toolchain: Toolchain
) -> None:
    notes = tree.root / "notes"

    def hook(name: str, *commands: str, script: str = "", run_on_error: bool = False) -> Hook:
        note = f'echo "{name} $TG_CTX_COMMAND $TF_VAR_value $(basename "$PWD")" >> {notes}; {script}'
        return Hook(name, commands, ("sh", "-c", note), None, run_on_error)

    reads = 'resource "terraform_data" "it" { input = file("built.txt") }\nvariable "value" {}\n'
    tree.add(
        "a",
        reads,
        inputs=lambda outputs: {"value": "v"},
        before_hooks=(hook("init", "init"), hook("build", "apply", "plan", script="echo built > built.txt")),
        after_hooks=(hook("clean", "apply"), hook("always", "apply", run_on_error=True)),
    )
    tree.add(
        "b",
        reads,
        inputs=lambda outputs: {"value": "w"},
        after=("a",),
        before_hooks=(hook("refuse", "apply", script="echo no room; exit 3"), hook("never", "apply")),
        after_hooks=(hook("clean", "apply"), hook("always", "apply", run_on_error=True)),
        error_hooks=(replace(hook("mourn", "apply"), on_errors=("no room",)),),
    )
    first, second = run(tree, cloud, real_toolchain).apply("dev")
    assert first.state == "applied"
    assert second.state == "failed"
    assert second.error is not None
    assert second.error.message.endswith("ended with exit code 3: no room")
    assert second.error.file == str(tree.known["live/dev/b"].file)
    assert str(second.error.remedy).endswith("/source/b")
    assert notes.read_text().splitlines() == [
        "init init v a",
        "build apply v a",
        "clean apply v a",
        "always apply v a",
        "refuse apply w b",
        "always apply w b",
        "mourn apply w b",
    ]


@pytest.mark.parametrize("command", ["init-from-module", "terragrunt-read-config"])
@pytest.mark.parametrize("kind", ["before_hooks", "after_hooks", "error_hooks"])
def test_a_hook_on_what_only_terragrunt_does_is_refused(
    tree: FakeTree, cloud: Cloud, recorded: Recorded, kind: str, command: str
) -> None:
    hook = Hook("early", ("apply", command), ("true",), None, False, on_errors=(".*",))
    tree.add("a", STORES, **{kind: (hook,)})
    (result,) = run(tree, cloud, recorded.toolchain).apply("dev")
    assert result.error is not None
    assert result.error.message == f"live/dev/a: hook early: the built-in runner runs no hooks on {command}"
    assert result.error.file == str(tree.known["live/dev/a"].file)


def test_the_callers_environment_does_not_get_through(
    tree: FakeTree, cloud: Cloud, real_toolchain: Toolchain, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree.add("a", STORES, inputs=lambda outputs: {"value": "the unit's"})
    # The moto server runs in this process, and sets itself up when it is first asked.
    run(tree, cloud, real_toolchain).bootstrap("dev")
    for name, value in {
        "AWS_PROFILE": "missing",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
        "AWS_CA_BUNDLE": "/missing.pem",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "TF_CLI_CONFIG_FILE": "/missing.tfrc",
        "TF_CLI_ARGS_apply": "-destroy",
        "TF_VAR_value": "the caller's",
        "TF_WORKSPACE": "other",
    }.items():
        monkeypatch.setenv(name, value)
    toolchain = replace(real_toolchain, environ=dict(os.environ))
    (result,) = run(tree, cloud, toolchain).apply("dev")
    assert result.error is None
    assert dict(result.outputs) == {"value": "the unit's"}


def test_an_excluded_unit_is_passed_over(tree: FakeTree, cloud: Cloud, recorded: Recorded) -> None:
    off = {"if": True, "actions": ["apply"], "exclude_dependencies": True}
    tree.add("a", STORES)
    tree.exclude[tree.add("b", STORES, after=("a",))] = off
    tree.add("c", STORES)
    events: list[UnitEvent] = []
    runner = Runner(tree, recorded.toolchain, cloud.endpoints, tree.root / "work", on_event=events.append)
    first, second, third = runner.apply("dev")
    assert {(event.unit, event.message) for event in events if event.state == "skipped"} == {
        ("live/dev/a", "excluded"),
        ("live/dev/b", "excluded"),
    }
    assert (first.state, first.error) == (second.state, second.error) == ("skipped", None)
    assert third.state == "applied"
    assert recorded.commands() == ["init", "apply"]


def test_what_only_terragrunt_heeds_is_not_run(tree: FakeTree, cloud: Cloud, recorded: Recorded) -> None:
    refusal = StrataError("live/dev/a: the built-in runner does not heed `iam_role`", file="x", line=3)
    tree.add("a", STORES, refusals=(refusal,))
    (result,) = run(tree, cloud, recorded.toolchain).apply("dev")
    assert result.error is refusal
    assert recorded.commands() == []


def test_cancel_leaves_no_process_and_no_lock(
    tree: FakeTree, cloud: Cloud, real_toolchain: Toolchain, processes_in: Callable[[Path], list[str]]
) -> None:
    tree.add("a", SLOW.replace("sleep 2", "exec sleep 98765"))
    tree.add("b", STORES, after=("a",))
    begun = threading.Event()

    def watch(event: UnitEvent) -> None:
        if event.state == "apply" and event.message:
            begun.set()

    runner = run(tree, cloud, real_toolchain, on_event=watch)
    threading.Thread(target=lambda: (begun.wait(60), time.sleep(0.5), runner.cancel()), daemon=True).start()
    started = time.monotonic()
    first, second = runner.apply("dev")
    assert begun.is_set()
    assert time.monotonic() - started < 40
    assert (first.state, str(first.error)) == ("failed", "live/dev/a: interrupted")
    assert (second.state, str(second.error)) == (
        "skipped",
        "live/dev/b: not begun, because the run was interrupted",
    )
    assert processes_in(tree.root) == []
    assert cloud.locks(tree) == []
    # What was saved is a state that the next run can go on from.
    tree.add("a", STORES)
    assert [result.state for result in run(tree, cloud, real_toolchain).apply("dev")] == ["applied"] * 2


def test_endpoints_elsewhere_are_refused(tree: FakeTree, cloud: Cloud, real_toolchain: Toolchain) -> None:
    for field, value in (
        ("aws_url", "https://s3.eu-west-1.amazonaws.com"),
        ("snowflake_host", "acme.snowflakecomputing.com"),
    ):
        endpoints = cloud.endpoints.model_copy(update={field: value})
        with pytest.raises(StrataError, match="applies only to the embedded cloud"):
            Runner(tree, real_toolchain, endpoints, tree.root)


def test_a_saved_plan_is_what_is_applied(tree: FakeTree, cloud: Cloud, real_toolchain: Toolchain) -> None:
    value = ["reviewed"]
    tree.add("a", STORES, inputs=lambda outputs: {"value": value[0]})
    runner, plans = run(tree, cloud, real_toolchain), tree.root / "plans"
    (planned,) = runner.plan("dev", out_dir=plans)
    assert (planned.state, planned.changes) == ("planned", Changes(add=1))
    saved = plans / "live/dev/a"
    (change,) = json.loads((saved / "tfplan.json").read_text())["resource_changes"]
    assert (change["address"], change["change"]["actions"]) == ("terraform_data.it", ["create"])
    # Both files hold values.
    assert {oct(file.stat().st_mode & 0o777) for file in saved.iterdir()} == {"0o600"}
    (applied,) = runner.apply("dev", out_dir=plans)
    assert (applied.error, dict(applied.outputs)) == (None, {"value": "reviewed"})
    # The same plan again would bring back an old state: Terraform refuses it.
    (stale,) = runner.apply("dev", out_dir=plans)
    assert "Saved plan is stale" in str(stale.error)
    (missing,) = runner.apply("dev", out_dir=tree.root / "nowhere")
    assert "live/dev/a: no saved plan" in str(missing.error)


MOCK = "arn:aws:iam::000000000000:role/mock"
# What a unit hands to Terraform, and where the error says the mock is.
MOCKED: dict[str, tuple[dict[str, Any], str]] = {
    "input": ({"inputs": {"roles": ["arn:aws:iam::123456789012:role/real", MOCK]}}, "input roles[1]"),
    "backend": ({"remote_state": {"backend": "s3", "config": {"role_arn": MOCK}}}, "remote_state.role_arn"),
    "file": ({"generated": (GeneratedFile("x.tf", f"# {MOCK}"),)}, "generated file x.tf"),
    "argument": (
        {"extra_arguments": (ExtraArguments("vars", ("apply",), ("-no-color", f"-var=r={MOCK}"), (), (), {}),)},
        "extra_arguments vars.arguments[1]",
    ),
    "variable": (
        {"extra_arguments": (ExtraArguments("vars", ("apply",), (), (), (), {"TF_VAR_r": MOCK}),)},
        "extra_arguments vars.env_vars.TF_VAR_r",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MOCKED)
def test_a_mock_is_found_in_all_that_terraform_gets(tree: FakeTree, name: str) -> None:
    fields, place = MOCKED[name]
    unit = replace(tree.render(tree.add("a")), **fields)
    with pytest.raises(StrataError) as caught:
        refuse_mocked_unit(unit, tree.known["live/dev/a"].file)
    assert caught.value.file == str(tree.known["live/dev/a"].file)
    assert caught.value.message == (
        f"live/dev/a: {place} holds a mock output (account 000000000000): never applied"
    )


def test_a_provider_other_than_the_locked_one_is_refused(
    tree: FakeTree, cloud: Cloud, recorded: Recorded
) -> None:
    provider = "registry.terraform.io/hashicorp/aws"
    for platform in PLATFORMS:
        planted = tree.root / "mirror" / provider / "5.100.0" / platform / "terraform-provider-aws_v5.100.0"
        planted.parent.mkdir(parents=True)
        planted.write_text("not what was locked\n")
    mirror = {**os.environ, "STRATA_PLUGIN_MIRROR": str(tree.root / "mirror")}
    toolchain = find_toolchain(tree.root / "state", mirror)
    unit = tree.add(
        "a", f'terraform {{\n  required_providers {{\n    aws = {{ source = "{provider}" }}\n  }}\n}}\n'
    )
    lock = tree.root / unit / ".terraform.lock.hcl"
    lock.write_text(
        f'provider "{provider}" {{\n  version = "5.100.0"\n'
        '  hashes = [\n    "h1:edXOJWE4ORX8Fm+dpVpICzMZJat4AX0VRCAy/xkcOc0=",\n  ]\n}\n'
    )
    locked = lock.read_text()
    runner = run(tree, cloud, replace(toolchain, terraform=recorded.toolchain.terraform))
    for _ in range(2):
        (result,) = runner.plan("dev")
        assert "doesn't match any of the checksums" in str(result.error)
    assert (recorded.commands(), lock.read_text()) == (["init", "init"], locked)


def test_a_mock_is_never_applied(tree: FakeTree, cloud: Cloud, recorded: Recorded) -> None:
    arn = "arn:aws:iam::000000000000:role/mock"
    tree.add("a", STORES)
    tree.add(
        "b",
        STORES,
        inputs=lambda outputs: {"value": {"role": outputs["a"]["value"]}},
        after=("a",),
        mocks={"a": {"value": arn}},
    )
    runner, plans = run(tree, cloud, recorded.toolchain), tree.root / "plans"
    assert [result.state for result in runner.plan("dev", ["b"], out_dir=plans)] == ["planned"]
    tree.known["live/dev/b"] = replace(
        tree.known["live/dev/b"],
        dependencies=tuple(
            replace(dependency, mock_outputs_allowed_terraform_commands=())
            for dependency in tree.known["live/dev/b"].dependencies
        ),
    )
    before = recorded.commands()
    (direct,) = runner.apply("dev", ["b"])
    assert direct.error is not None
    assert (
        direct.error.message
        == "live/dev/b: input value.role holds a mock output (account 000000000000): never applied"
    )
    assert recorded.commands() == before
    # Reviewed with a mock, applied when the output is there.
    runner.apply("dev", ["a"])
    (saved,) = runner.apply("dev", ["b"], out_dir=plans)
    assert saved.error is not None
    assert saved.error.message == (
        "live/dev/b: the plan was made with a mock output: terraform_data.it.input holds account 000000000000"
    )
    assert cloud.states(tree)["live/dev/b"] is None
