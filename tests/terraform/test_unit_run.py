"""One unit's commands, hooks and saved plans. Terraform is a shell script here."""

from __future__ import annotations

import contextlib
import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from strata.errors import StrataError
from strata.live.model import ExtraArguments, Hook, RenderedUnit
from strata.terraform.diagnostics import Changes
from strata.terraform.process import ProcessGroup
from strata.terraform.toolchain import Toolchain
from strata.terraform.unit_run import SavedPlan, UnitError, UnitRun
from strata.terraform.workdir import prepare

# Notes its arguments; `say-COMMAND` is what it prints, `end-COMMAND` its exit code, `do-COMMAND` what it does.
PROGRAM = """#!/bin/sh
cd {0}
echo "terraform $*" >> called
env > "env-$1"
test ! -e "say-$1" || cat "say-$1"
test ! -e "do-$1" || . "./do-$1"
test ! -e "end-$1" || exit "$(cat "end-$1")"
"""
FAULT = {"severity": "error", "summary": "No", "detail": "Because."}
SUMMARY = {"type": "change_summary", "changes": {"add": 1, "change": 0, "remove": 0}}


@dataclass
class Unit:
    """A unit, its working directory, and what its script was told."""

    root: Path
    run: UnitRun

    def changed(self, **fields: Any) -> Unit:
        return Unit(self.root, replace(self.run, rendered=replace(self.run.rendered, **fields)))

    def script(self, kind: str, command: str, text: Any) -> None:
        (self.root / f"{kind}-{command}").write_text(
            text if isinstance(text, str) else json.dumps(text) + "\n"
        )

    def called(self) -> list[str]:
        file = self.root / "called"
        found = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return found

    def environment(self, command: str) -> dict[str, str]:
        lines = (self.root / f"env-{command}").read_text().splitlines()
        return dict(line.partition("=")[::2] for line in lines)

    def hook(self, name: str, *commands: str, run: str = "true", **fields: Any) -> Hook:
        text = f"echo 'hook {name}' >> {self.root}/called; {run}"
        given = {"working_dir": None, "run_on_error": False} | fields
        return Hook(name, commands, ("sh", "-c", text), **given)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Unit]:
    """Lays out the unit live/dev/s3."""
    (tmp_path / "modules" / "s3").mkdir(parents=True)
    (tmp_path / "modules" / "s3" / "main.tf").write_text("# s3\n")
    (tmp_path / "live" / "dev" / "s3").mkdir(parents=True)
    (tmp_path / "live" / "dev" / "s3" / "terragrunt.hcl").write_text("# the unit\n")
    program = tmp_path / "terraform"
    program.write_text(PROGRAM.format(tmp_path))
    program.chmod(0o755)
    config = tmp_path / "cli.tfrc"
    config.write_text("# cli\n")
    toolchain = Toolchain(program, "1.11.4", config, "", "Terraform", tmp_path / "state")
    rendered = RenderedUnit(
        path="live/dev/s3",
        source=f"{tmp_path}/modules//s3",
        module_dir=tmp_path / "modules" / "s3",
        source_root=tmp_path / "modules",
        inputs={"name": "raw", "size": 3},
        remote_state={},
        generated=(),
        before_hooks=(),
        after_hooks=(),
        env_vars={"OWN": "of the unit", "TF_VAR_size": "4"},
        prevent_destroy=False,
    )

    def lay_out(**options: Any) -> Unit:
        with prepare(rendered, tmp_path / "live/dev/s3", tmp_path / "work") as directory:
            endpoints = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
            return Unit(
                tmp_path, UnitRun(rendered, directory, toolchain, ProcessGroup(), endpoints, **options)
            )

    return lay_out


@pytest.mark.parametrize(
    ("command", "options", "called"),
    [
        ("plan", {}, "terraform plan -detailed-exitcode -input=false -json -lock=false"),
        ("plan", {"plan_destroy": True}, "terraform plan -detailed-exitcode -input=false -json -lock=false -destroy"),
        ("apply", {}, "terraform apply -auto-approve -input=false -json -lock-timeout=20s"),
        ("destroy", {}, "terraform destroy -auto-approve -input=false -json -lock-timeout=20s"),
    ],
)  # fmt: skip
def test_each_command_is_given_what_it_needs(
    make: Callable[..., Unit], command: Any, options: dict[str, bool], called: str
) -> None:
    unit = make(lock_timeout=20.4)
    unit.script("say", command, SUMMARY)
    assert unit.run.run(command, **options).changes == Changes(add=1)
    assert unit.called() == [called]
    environment = unit.environment(command)
    shown = {
        name: environment.get(name) for name in ("AWS_ENDPOINT_URL", "OWN", "TF_VAR_name", "TF_VAR_size")
    }
    # A variable of the unit's own arguments comes before an input of the same name.
    assert shown == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "OWN": "of the unit",
        "TF_VAR_name": "raw",
        "TF_VAR_size": "4",
    }
    assert environment["TF_DATA_DIR"] == str(unit.run.directory.data_dir)


@pytest.mark.parametrize(
    ("command", "code", "fails"),
    [("plan", 0, False), ("plan", 2, False), ("plan", 1, True), ("apply", 2, True), ("apply", 1, True)],
)
def test_changes_are_no_failure_of_a_plan(
    make: Callable[..., Unit], command: Any, code: int, fails: bool
) -> None:
    unit = make()
    unit.script("end", command, str(code))
    if not fails:
        unit.run.run(command)
        return
    unit.script("say", command, {"type": "diagnostic", "diagnostic": FAULT})
    with pytest.raises(UnitError) as caught:
        unit.run.run(command)
    assert caught.value.message == f"live/dev/s3: terraform {command} failed: No: Because"
    assert [found.summary for found in caught.value.stream.diagnostics] == ["No"]


def test_init_runs_once_for_the_same_code_and_tools(make: Callable[..., Unit]) -> None:
    unit = make()
    unit.script("do", "init", f"mkdir -p {unit.run.directory.data_dir}")
    for _ in range(2):
        unit.run.init()
    assert unit.called() == ["terraform init -input=false -json -reconfigure -lock-timeout=0s"]
    other = Unit(
        unit.root, replace(unit.run, toolchain=replace(unit.run.toolchain, terraform_version="1.12.0"))
    )
    other.run.init()
    assert len(unit.called()) == 1
    other.run.toolchain.cli_config.write_text("# of another mirror\n")
    other.run.init()
    assert len(unit.called()) == 1
    unit.script("end", "init", "1")
    other.run.toolchain.cli_config.write_text("# of a third\n")
    for _ in range(2):
        with pytest.raises(UnitError, match="terraform init failed"):
            other.run.init()
    assert len(unit.called()) == 2


def test_hooks_run_around_their_own_commands_in_order(make: Callable[..., Unit]) -> None:
    unit = make()
    unit = unit.changed(
        before_hooks=(
            unit.hook("one", "plan", "apply"),
            unit.hook("two", "apply"),
            unit.hook("three", "plan"),
        ),
        after_hooks=(unit.hook("four", "plan"), unit.hook("five", "destroy")),
        error_hooks=(unit.hook("six", "plan", on_errors=(".*",)),),
    )
    unit.run.run("plan")
    assert [line.split(" -")[0] for line in unit.called()] == [
        "hook one",
        "hook three",
        "terraform plan",
        "hook four",
    ]
    unit.run.run("destroy")
    assert [line.split(" -")[0] for line in unit.called()] == ["terraform destroy", "hook five"]
    unit.run.before("apply")
    assert unit.called() == ["hook one", "hook two"]


def test_a_failed_hook_stops_terraform_and_hooks_that_do_not_run_on_errors(make: Callable[..., Unit]) -> None:
    unit = make()
    unit = unit.changed(
        before_hooks=(
            unit.hook("fails", "plan", run="echo 'no  disk'; exit 5"),
            unit.hook("no more", "plan"),
            unit.hook("though", "plan", run_on_error=True),
        ),
        after_hooks=(
            unit.hook("after", "plan"),
            unit.hook("always", "plan", run_on_error=True, run="exit 6"),
        ),
        error_hooks=(
            unit.hook("matches", "plan", on_errors=("other", "exit code 5")),
            unit.hook("does not", "plan", on_errors=("exit code 7",)),
            unit.hook("of apply", "apply", on_errors=(".*",)),
        ),
    )
    with pytest.raises(UnitError) as caught:
        unit.run.run("plan")
    assert unit.called() == ["hook fails", "hook though", "hook always", "hook matches"]
    execute = " ".join(unit.run.rendered.before_hooks[0].execute)
    assert caught.value.message == f"live/dev/s3: hook fails ({execute}) ended with exit code 5: no  disk"
    assert caught.value.file == str(unit.root / "live/dev/s3/terragrunt.hcl")
    assert caught.value.remedy == f"fix what it reports; it ran in {unit.run.directory.path}"
    with pytest.raises(StrataError, match="hook fails"):
        unit.run.before("plan")
    assert unit.called() == ["hook fails"]


def test_an_error_hook_hears_terraforms_words(make: Callable[..., Unit]) -> None:
    unit = make()
    unit = unit.changed(
        error_hooks=(
            unit.hook("summary", "apply", on_errors=("^No$",)),
            unit.hook("detail", "apply", on_errors=("Because",)),
            unit.hook("other", "apply", on_errors=("Therefore",)),
        )
    )
    unit.script("end", "apply", "1")
    other = FAULT | {"summary": "Nor"}
    said = [{"type": "diagnostic", "diagnostic": one} for one in (FAULT, other | {"detail": "x"})]
    unit.script("say", "apply", "\n".join(map(json.dumps, said)) + "\n")
    with pytest.raises(UnitError):
        unit.run.run("apply")
    assert unit.called()[1:] == ["hook detail"]


def test_a_silent_hook_says_that_it_printed_nothing(make: Callable[..., Unit]) -> None:
    unit = make()
    (unit.run.directory.path / "deep").mkdir()
    note = f"pwd > {unit.root}/place; env > {unit.root}/env-hook; exit 1"
    unit = unit.changed(before_hooks=(unit.hook("quiet", "plan", run=note, working_dir="deep"),))
    with pytest.raises(UnitError, match="exit code 1: it printed nothing"):
        unit.run.run("plan")
    assert (unit.root / "place").read_text().strip() == str(unit.run.directory.path / "deep")
    environment = unit.environment("hook")
    assert {name: value for name, value in environment.items() if name.startswith("TG_")} == {
        "TG_CTX_TF_PATH": str(unit.root / "terraform"),
        "TG_CTX_COMMAND": "plan",
        "TG_CTX_HOOK_NAME": "quiet",
    }
    assert environment["TF_VAR_name"] == "raw"


def test_arguments_of_the_unit_come_before_the_runners(make: Callable[..., Unit], tmp_path: Path) -> None:
    there = tmp_path / "there.tfvars"
    there.touch()
    extra = ExtraArguments("x", ("plan", "init"), ("-parallelism=3",), ("must.tfvars",), (str(there), "missing.tfvars"), {"EXTRA": "1", "OWN": "of the arguments"})  # fmt: skip
    other = ExtraArguments("y", ("apply",), ("-compact-warnings",), (), (), {"EXTRA": "2"})
    unit = make().changed(extra_arguments=(extra, other))
    unit.run.run("plan")
    unit.run.run("apply")
    assert unit.called() == [
        f"terraform plan -parallelism=3 -var-file=must.tfvars -var-file={there} "
        "-detailed-exitcode -input=false -json -lock=false",
        "terraform apply -compact-warnings -auto-approve -input=false -json -lock-timeout=0s",
    ]
    assert [unit.environment(command)["EXTRA"] for command in ("plan", "apply")] == ["1", "2"]
    assert [unit.environment(command)["OWN"] for command in ("plan", "apply")] == [
        "of the arguments",
        "of the unit",
    ]


SHOWN = {"format_version": "1.2", "planned_values": {}, "resource_changes": []}


def test_a_plan_is_saved_for_its_owner_only_and_that_one_is_applied(
    make: Callable[..., Unit], tmp_path: Path
) -> None:
    unit, plan = make(), SavedPlan(tmp_path / "plans" / "live" / "dev" / "s3")
    unit.script("do", "plan", f"umask 022; echo new > {plan.file}")
    unit.script("say", "show", '{"notice": 1}\n' + json.dumps(SHOWN) + "\n")
    plan.folder.mkdir(parents=True)
    for name in ("tfplan.tfplan", "tfplan.json"):
        (plan.folder / name).write_text("of an earlier run")
    unit.run.run("plan", plan)
    assert unit.called() == [
        f"terraform plan -detailed-exitcode -input=false -json -lock=false -out={plan.file}",
        f"terraform show -json {plan.file}",
    ]
    assert plan.file.read_text() == "new\n"
    # The longest document: a notice may be one too.
    assert json.loads((plan.folder / "tfplan.json").read_text()) == SHOWN
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in plan.folder.iterdir()}
    assert modes == {"tfplan.tfplan": 0o600, "tfplan.json": 0o600}
    unit.run.run("apply", plan)
    assert unit.called() == [
        f"terraform show -json {plan.file}",
        f"terraform apply -auto-approve -input=false -json -lock-timeout=0s {plan.file}",
    ]


def test_a_new_folder_of_plans_is_its_owners(tmp_path: Path) -> None:
    plan = SavedPlan(tmp_path / "new" / "s3")
    plan.create()
    assert stat.S_IMODE(plan.folder.stat().st_mode) == 0o700


def test_a_plan_that_failed_leaves_no_earlier_one(make: Callable[..., Unit], tmp_path: Path) -> None:
    unit, plan = make(), SavedPlan(tmp_path / "plans")
    plan.folder.mkdir()
    for name in ("tfplan.tfplan", "tfplan.json"):
        (plan.folder / name).write_text("of an earlier run")
    unit.script("end", "plan", "1")
    with pytest.raises(UnitError):
        unit.run.run("plan", plan)
    assert list(plan.folder.iterdir()) == []
    with pytest.raises(StrataError) as caught:
        unit.run.run("apply", plan)
    assert (caught.value.message, caught.value.file) == ("live/dev/s3: no saved plan", str(plan.file))


@pytest.mark.parametrize(("code", "said"), [("1", json.dumps(SHOWN)), ("0", "no JSON here"), ("0", "")])
def test_a_saved_plan_that_cannot_be_read_is_not_applied(
    make: Callable[..., Unit], tmp_path: Path, code: str, said: str
) -> None:
    unit, plan = make(), SavedPlan(tmp_path / "plans")
    plan.create()
    plan.file.touch()
    unit.script("say", "show", f"{said}\n")
    unit.script("end", "show", code)
    with pytest.raises(StrataError) as caught:
        unit.run.run("apply", plan)
    assert caught.value.message == f"live/dev/s3: the saved plan cannot be read: {said}"
    assert [line.split()[1] for line in unit.called()] == ["show"]


def test_a_saved_plan_with_a_mock_is_not_applied(make: Callable[..., Unit], tmp_path: Path) -> None:
    unit, plan = make(), SavedPlan(tmp_path / "plans")
    plan.create()
    plan.file.touch()
    mocked = SHOWN | {"variables": {"role_arn": {"value": "arn:aws:iam::000000000000:role/x"}}}
    unit.script("say", "show", mocked)
    with pytest.raises(StrataError, match="the plan was made with a mock output"):
        unit.run.run("apply", plan)
    assert [line.split()[1] for line in unit.called()] == ["show"]


GONE = FAULT | {"summary": "Error acquiring the state lock", "detail": "PreconditionFailed"}


@pytest.mark.parametrize(("timeout", "tries"), [(60.0, 3), (0.0, 1)])
def test_a_lost_race_for_a_lock_is_run_again_while_there_is_time(
    make: Callable[..., Unit], timeout: float, tries: int
) -> None:
    unit = make(lock_timeout=timeout)
    unit.script("say", "apply", {"type": "diagnostic", "diagnostic": GONE})
    # The third try succeeds.
    unit.script("do", "apply", "test $(grep -c apply called) -ge 3 && exit 0; exit 1")
    if tries == 1:
        with pytest.raises(UnitError):
            unit.run.run("apply")
    else:
        unit.run.run("apply")
    assert len(unit.called()) == tries


def test_another_failure_is_not_run_again(make: Callable[..., Unit]) -> None:
    unit = make(lock_timeout=60)
    unit.script("say", "apply", {"type": "diagnostic", "diagnostic": FAULT})
    unit.script("end", "apply", "1")
    with pytest.raises(UnitError):
        unit.run.run("apply")
    assert len(unit.called()) == 1


def test_progress_and_waits_are_told(make: Callable[..., Unit]) -> None:
    steps: list[tuple[int, str]] = []
    waits: list[bool] = []
    unit = make(on_progress=lambda *step: steps.append(step), on_waiting=lambda: waits.append(True))
    hook = {"hook": {"resource": {"addr": "a.b"}}}
    said = [
        {"type": "state_lock_acquire"},
        {"type": "apply_start", **hook},
        {"type": "apply_complete", **hook},
    ]
    unit.script("say", "apply", "\n".join(map(json.dumps, said)) + "\n")
    unit.run.run("apply")
    assert (steps, waits) == ([(0, "a.b"), (1, "a.b")], [True])


def test_a_fault_has_the_modules_own_file_and_line(make: Callable[..., Unit]) -> None:
    unit = make()
    fault = FAULT | {"range": {"filename": "main.tf", "start": {"line": 7}}}
    unit.script("say", "plan", {"type": "diagnostic", "diagnostic": fault})
    unit.script("end", "plan", "1")
    with pytest.raises(UnitError) as caught:
        unit.run.run("plan")
    assert (caught.value.file, caught.value.line) == (str(unit.root / "modules/s3/main.tf"), 7)


def test_what_stands_beside_terraform_does_so_while_it_runs(make: Callable[..., Unit]) -> None:
    @contextlib.contextmanager
    def beside() -> Iterator[None]:
        with (unit.root / "called").open("a") as called:
            called.write("laid out\n")
        yield
        with (unit.root / "called").open("a") as called:
            called.write("taken away\n")

    unit = make(beside=beside)
    unit = unit.changed(before_hooks=(unit.hook("one", "plan"),), after_hooks=(unit.hook("two", "plan"),))
    unit.run.run("plan")
    assert unit.called() == [
        "hook one",
        "laid out",
        "terraform plan -detailed-exitcode -input=false -json -lock=false",
        "taken away",
        "hook two",
    ]
