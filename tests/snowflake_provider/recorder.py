"""A provider's life over fixed configurations, as data: what it plans, leaves in state, imports and refuses.

The same steps are lived through with the real provider, which is recorded, and with the stand-in, which is compared.
"""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORDINGS = Path(__file__).parent / "recorded"
_SECONDS = 300
# What differs from run to run. The zero time of Go stays: it is a value that the provider makes of nothing.
_VOLATILE = (
    (re.compile(r"(?!0001)\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?( ?[+-]\d\d:?\d\d| UTC|Z)*"), "<time>"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"\b0x[0-9a-f]+"), "<address>"),
    (re.compile(r'"version":"v\w[^"]*"'), '"version":"<version>"'),
    (re.compile(r"\b(STRATA_SFCRole=1)_[0-9a-f]+="), r"\1_<id>="),
)
# What depends on the order in which one session has done its work.
_ORDER = ("is_current",)
# Lists whose order is that of a set, or of creation.
_UNORDERED = ("allowed_locations", "blocked_locations", "describe_output")
Values = dict[str, Any]
Observation = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One step of a life: statements of somebody else, a change of the configuration, then plan and apply.

    Attributes:
        name: what the step is about.
        sql: statements that run before it, past Terraform.
        replace: pairs of old and new text; a replacement holds for all later steps.
        provider: settings of the provider's block, for this step only.
        plan_only: nothing is applied.
    """

    name: str
    sql: Sequence[str] = ()
    replace: Sequence[Sequence[str]] = ()
    provider: Mapping[str, Any] | None = None
    plan_only: bool = False


@dataclass(frozen=True)
class Case:
    """A configuration and the steps it lives through."""

    name: str
    text: str
    steps: Sequence[Step]
    provider: Mapping[str, Any]
    imports: bool


def cases() -> list[Case]:
    """The cases of `recorded/cases.toml`, each with its configuration."""
    document = tomllib.loads((RECORDINGS / "cases.toml").read_text("utf-8"))
    found = []
    for name, facts in document["case"].items():
        found.append(
            Case(
                name,
                (RECORDINGS / f"{name}.tf").read_text("utf-8"),
                [Step(**step) for step in facts["step"]],
                document["provider"],
                facts.get("imports", False),
            )
        )
    return found


class Recorder:
    """Lives cases through.

    Args:
        folder: an empty folder.
        terraform: the program.
        environment: the environment of its processes, by which it finds provider and account.
        run_sql: runs statements as the account's administrator.
        heard: returns what the account has heard since it was called last.
    """

    def __init__(
        self,
        folder: Path,
        terraform: Path,
        environment: Mapping[str, str],
        run_sql: Callable[[Sequence[str]], Any],
        heard: Callable[[], Any] | None = None,
    ) -> None:
        self._folder = folder
        self._terraform = terraform
        self._environment = dict(environment)
        self._run_sql = run_sql
        self._heard = heard
        self._state: dict[str, Values] = {}

    def live(self, case: Case) -> Observation:
        """Go through a case's steps, import what there is into an empty state, and destroy it."""
        self._state = {}
        observed: Observation = {}
        text = case.text
        for step in case.steps:
            for old, new in step.replace:
                assert old in text, f"{case.name}, {step.name}: the configuration lacks {old!r}"
                text = text.replace(old, new)
            self._run_sql(step.sql)
            self._write("main.tf", _root(dict(case.provider) | dict(step.provider or {})) + text)
            observed[step.name] = self._step(step)
            if self._heard is not None:
                observed[step.name]["statements"] = self._heard()
        if case.imports:
            observed["import"] = self._import(_root(case.provider) + text)
        if self._state:
            self._write("main.tf", _root(case.provider) + text)
            errors = self._errors("destroy", "-auto-approve", "-input=false", "-json")
            observed["destroy"] = {"errors": errors}
            (self._folder / "terraform.tfstate").unlink()
        return observed

    def schemas(self) -> dict[str, Any]:
        """The provider's schemas, as Terraform shows them."""
        self._write("main.tf", _root({}))
        done = self._run("providers", "schema", "-json")
        assert done.returncode == 0, done.stderr
        (shown,) = json.loads(done.stdout)["provider_schemas"].values()
        return dict(shown)

    def _write(self, name: str, text: str) -> None:
        self._folder.mkdir(exist_ok=True)
        (self._folder / name).write_text(text, encoding="utf-8")

    def _step(self, step: Step) -> Observation:
        errors = self._errors("plan", "-input=false", "-json", "-out=plan.bin")
        if errors:
            return {"plan_errors": errors}
        seen = self._planned()
        if step.plan_only:
            return seen
        seen["errors"] = self._errors("apply", "-input=false", "-json", "plan.bin")
        seen["state"] = self._state = {address: normal(values) for address, values in self._kept().items()}
        seen["again"] = self._again()
        return seen

    def _kept(self) -> dict[str, Values]:
        """The state, as Terraform keeps it."""
        document = json.loads((self._folder / "terraform.tfstate").read_text("utf-8"))
        return {f"{r['type']}.{r['name']}": r["instances"][0]["attributes"] for r in document["resources"]}

    def _again(self) -> Observation:
        """Plan once more: what it has in mind still."""
        found: Observation = {}
        for message in self._messages("plan", "-input=false", "-json"):
            if message["type"] == "planned_change" and message["change"]["action"] != "noop":
                found[message["change"]["resource"]["addr"]] = message["change"]["action"]
            elif message["type"] == "diagnostic" and message["diagnostic"]["severity"] == "error":
                found.setdefault("errors", []).append(_error(message["diagnostic"]))
        return found

    def _planned(self) -> Observation:
        """The plan in plan.bin: the state it starts from, and what it has in mind."""
        document = self._show("plan.bin")
        refreshed = _resources((document.get("prior_state") or {}).get("values"))
        plan = {}
        for change in document.get("resource_changes", []):
            if change["change"]["actions"] != ["no-op"]:
                plan[change["address"]] = _change(change["change"])
        return {"refreshed": refreshed, "plan": plan}

    def _import(self, text: str) -> Observation:
        """Plan the import of everything in state into an empty one."""
        state = self._folder / "terraform.tfstate"
        kept = state.read_bytes()
        blocks = [
            f"import {{\n  to = {address}\n  id = {json.dumps(values['id'])}\n}}\n"
            for address, values in self._kept().items()
        ]
        state.unlink()
        self._write("imports.tf", "".join(blocks))
        errors = self._errors("plan", "-input=false", "-json", "-out=plan.bin")
        document = {"changes": []} if errors else self._show("plan.bin")
        found: Observation = {"plan_errors": errors, "imported": {}, "plan": {}}
        for change in document.get("resource_changes", []):
            if change["change"].get("importing"):
                found["imported"][change["address"]] = normal(change["change"]["before"])
            if change["change"]["actions"] != ["no-op"]:
                found["plan"][change["address"]] = _change(change["change"])
        (self._folder / "imports.tf").unlink()
        state.write_bytes(kept)
        return found

    def _show(self, *arguments: str) -> dict[str, Any]:
        done = self._run("show", "-json", *arguments)
        assert done.returncode == 0, done.stderr
        shown: dict[str, Any] = json.loads(done.stdout)
        return shown

    def _errors(self, *arguments: str) -> list[str]:
        """Run a command with -json and return its errors, each with the address it is about."""
        return sorted(
            _error(message["diagnostic"])
            for message in self._messages(*arguments)
            if message["type"] == "diagnostic" and message["diagnostic"]["severity"] == "error"
        )

    def _messages(self, *arguments: str) -> list[dict[str, Any]]:
        done = self._run(*arguments)
        found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert done.returncode == 0 or found, (done.stdout + done.stderr)[-3000:]
        return found

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self._terraform), *arguments],
            cwd=self._folder,
            env=self._environment | {"TF_CLI_ARGS": "-no-color", "TF_IN_AUTOMATION": "1"},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )


def _root(provider: Mapping[str, Any]) -> str:
    settings = "".join(f"  {name} = {json.dumps(value)}\n" for name, value in provider.items())
    return (
        'terraform {\n  required_providers {\n    snowflake = { source = "snowflakedb/snowflake" }\n  }\n}\n'
        f'provider "snowflake" {{\n{settings}}}\n'
    )


def _error(diagnostic: Mapping[str, Any]) -> str:
    text = f"{diagnostic.get('address', '')}: {diagnostic['summary']}: {diagnostic.get('detail', '')}"
    return str(normal(" ".join(text.split())))


def _resources(values: Any) -> dict[str, Values]:
    found = {
        r["address"]: r["values"] for r in ((values or {}).get("root_module") or {}).get("resources", [])
    }
    return {address: normal(value) for address, value in found.items()}


def _change(change: Mapping[str, Any]) -> Observation:
    """What a plan changes: the actions, the attributes to be set, those that are unknown, what forces a new one."""
    before, after = change["before"] or {}, change["after"] or {}
    unknown = change["after_unknown"] or {}
    differing = {name: value for name, value in after.items() if value != before.get(name)}
    found: Observation = {"actions": change["actions"], "after": normal(differing)}
    found["unknown"] = sorted(name for name, value in unknown.items() if value is True and name in unknown)
    if change.get("replace_paths"):
        found["replace"] = sorted(json.dumps(path) for path in change["replace_paths"])
    return found


def normal(value: Any) -> Any:
    """A value without what differs from run to run."""
    if isinstance(value, str):
        for pattern, name in _VOLATILE:
            value = pattern.sub(name, value)
        return value
    if isinstance(value, dict):
        found = {name: normal(item) for name, item in value.items() if name not in _ORDER}
        unordered = {name: found[name] for name in _UNORDERED if isinstance(found.get(name), list)}
        return found | {name: sorted(items, key=json.dumps) for name, items in unordered.items()}
    return [normal(item) for item in value] if isinstance(value, list) else value
