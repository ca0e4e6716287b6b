"""All cases in one root: planned, applied, planned again, changed, imported into an empty state, destroyed.

One root, because what is dear is the start of Terraform and of the provider, not a case.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strata.errors import StrataError
from strata.testing.cases.literals import literal
from tests.snowflake_provider.cases import ModuleCase
from tests.snowflake_provider.changes import changed

STEPS = (
    "plan",
    "apply",
    "plan again",
    "change",
    "apply the change",
    "plan after it",
    "import",
    "plan after import",
    "destroy",
)
# What an import leaves to do, by type of resource: actions, attributes where an update is of some only, reason.
UNIMPORTABLE: dict[str, dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "imports.toml").read_text(encoding="utf-8")
)
_LABEL = re.compile(r"(?:module|output)\.(t\d+)\b")
_SECONDS = 900
_SHOWN = 900
_DESTROY = ("destroy", "-auto-approve", "-input=false", "-json", "-refresh=false")
_PROVIDER = {"source": "snowflakedb/snowflake"}
Change = dict[str, Any]


@dataclass
class Life:
    """What was seen of each case.

    Attributes:
        faults: case id -> step -> what was not as it should be; nothing where all was.
        states: case id -> address in the module -> the resource's values, after the first apply.
        unimportable: the types of resources for which an import left something to do.
    """

    faults: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    states: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    unimportable: set[str] = field(default_factory=set)


class Lifetime:
    """Lives the cases through.

    Args:
        folder: an empty folder.
        modules: the folder of the modules.
        cases: the cases.
        terraform: the program.
        provider: the provider's configuration, as HCL.
        environment: the environment of Terraform's processes, by which it finds provider and account.
        left: what is left in the account of a case, by its label.
    """

    def __init__(
        self,
        folder: Path,
        modules: Path,
        cases: Sequence[ModuleCase],
        *,
        terraform: Path,
        provider: str,
        environment: Mapping[str, str],
        left: Callable[[str], list[str]],
    ) -> None:
        self._folder = folder
        self._modules = modules
        self._cases = {case.label: case for case in cases}
        self._terraform = terraform
        self._provider = provider
        self._environment = dict(environment)
        self._left = left
        self.life = Life({case.id: {} for case in cases}, {case.id: {} for case in cases})

    def init(self) -> Path:
        """Write the root and initialise it; return Terraform's data folder."""
        self._lay_out(self._folder)
        for case in self._cases.values():
            self._write(self._folder, case, case.inputs)
        self._must("init", "-input=false")
        return self._folder / ".terraform"

    def attach(self, variables: Mapping[str, str]) -> None:
        """Add to the environment of the commands to come."""
        self._environment |= variables

    def run(self) -> Life:
        """Go through all steps.

        Raises:
            StrataError: Terraform fails, and says of no case that it is the cause.
        """
        self._expect("plan", self._plan("plan"), {"create"}, every=True)
        self._apply("apply")
        self._keep_states()
        self._expect("plan again", self._plan("plan again"), set())
        for case in self._cases.values():
            self._write(self._folder, case, changed(case.module, case.inputs))
        # What was read a moment ago is not read again.
        self._expect("change", self._plan("change", refresh=False), {"update"}, some=True)
        self._apply("apply the change")
        self._expect("plan after it", self._plan("plan after it"), set())
        self._import()
        for label, texts in self._faults("destroy", *_DESTROY).items():
            self._note(label, "destroy", texts)
        for label in self._cases:
            self._note(label, "destroy", [f"{name} is left" for name in self._left(label)])
        return self.life

    def _lay_out(self, folder: Path) -> None:
        shutil.copytree(self._modules, folder / "modules", ignore=shutil.ignore_patterns(".*"))
        (folder / "provider.tf").write_text(self._provider, encoding="utf-8")
        required = {"terraform": {"required_providers": {"snowflake": _PROVIDER}}}
        (folder / "required.tf.json").write_text(json.dumps(required), encoding="utf-8")

    @staticmethod
    def _write(folder: Path, case: ModuleCase, inputs: Mapping[str, Any]) -> None:
        call = {"source": f"./modules/{case.module}"} | {
            name: literal(value) for name, value in inputs.items()
        }
        # The outputs too: a false drift of one shows nowhere else.
        output = {case.label: {"value": f"${{module.{case.label}}}"}}
        text = json.dumps({"module": {case.label: call}, "output": output}, indent=1)
        (folder / f"{case.label}.tf.json").write_text(text, encoding="utf-8")

    def _plan(self, step: str, folder: Path | None = None, *, refresh: bool = True) -> dict[str, Any]:
        """Plan; what is to blame for a plan that fails is noted, and left out of the next attempt."""
        folder = folder or self._folder
        arguments = ["plan", "-input=false", "-json", "-lock=false", "-out=plan.bin"]
        arguments += [] if refresh else ["-refresh=false"]
        while blamed := self._faults(step, *arguments, folder=folder):
            for label, texts in blamed.items():
                self._note(label, step, texts)
            if (folder / "terraform.tfstate").is_file():
                # What exists cannot be left out; what cannot be read can.
                if "-refresh=false" in arguments:
                    raise StrataError(f"terraform plan fails at {step}: {blamed}")
                arguments.append("-refresh=false")
                continue
            for label in blamed:
                (folder / f"{label}.tf.json").unlink()
                (folder / f"{label}-imports.tf.json").unlink(missing_ok=True)
        shown: dict[str, Any] = json.loads(self._must("show", "-json", "plan.bin", folder=folder))
        return shown

    def _apply(self, step: str) -> None:
        for label, texts in self._faults(step, "apply", "-input=false", "-json", "plan.bin").items():
            self._note(label, step, texts)

    def _expect(
        self,
        step: str,
        plan: Mapping[str, Any],
        actions: set[str],
        *,
        every: bool = False,
        some: bool = False,
    ) -> None:
        """Note what a plan has in mind that is none of `actions`; with `every` or `some`, what it lacks."""
        seen: dict[str, set[str]] = {}
        for change in plan.get("resource_changes", []):
            wanted = " ".join(change["change"]["actions"])
            label = _label(change["address"])
            seen.setdefault(label, set()).add(wanted)
            unwanted = wanted not in actions if every else wanted not in {*actions, "no-op"}
            if change["mode"] == "managed" and unwanted and not (step == "import" and self._listed(change)):
                self._note(label, step, [f"{change['address']}: {wanted} {_differing(change['change'])}"])
        for name, change in plan.get("output_changes", {}).items():
            wanted = " ".join(change["actions"])
            if wanted not in {*actions, "no-op"}:
                self._note(name, step, [f"output {name}: {wanted} {_differing(change)}"])
        for label in self._cases if some else ():
            if not seen.get(label, set()) & actions:
                self._note(label, step, ["nothing changes"])

    def _listed(self, change: Mapping[str, Any]) -> bool:
        """Whether a change of an imported resource is one of those that are known."""
        listed = UNIMPORTABLE.get(change["type"])
        if listed is None or bool(change["change"].get("importing")) is not _is_imported(change["type"]):
            return False
        found = " ".join(change["change"]["actions"]) == listed["actions"]
        if "attributes" in listed:
            found &= set(_attributes(change["change"])) <= set(listed["attributes"])
        if found:
            self.life.unimportable.add(change["type"])
        return found

    def _keep_states(self) -> None:
        state = json.loads(self._must("show", "-json"))
        for module in state.get("values", {}).get("root_module", {}).get("child_modules", []):
            label = _label(module["address"])
            for resource in module.get("resources", []):
                address = resource["address"].removeprefix(f"{module['address']}.")
                self.life.states[self._cases[label].id][address] = resource["values"]

    def _import(self) -> None:
        """Import every object into an empty state: that changes nothing but what is listed, and once."""
        state = json.loads(self._must("show", "-json"))
        folder = self._folder.with_name(f"{self._folder.name}-import")
        folder.mkdir()
        self._lay_out(folder)
        for module in state.get("values", {}).get("root_module", {}).get("child_modules", []):
            case = self._cases[_label(module["address"])]
            blocks = [
                {"to": f"{resource['address']}", "id": resource["values"]["id"]}
                for resource in module.get("resources", [])
                if _is_imported(resource["type"])
            ]
            self._write(folder, case, changed(case.module, case.inputs))
            imports = folder / f"{case.label}-imports.tf.json"
            imports.write_text(json.dumps({"import": literal(blocks)}), encoding="utf-8")
        self._must("init", "-input=false", folder=folder)
        plan = self._plan("import", folder)
        imported = {
            change["address"]
            for change in plan.get("resource_changes", [])
            if change["change"].get("importing")
        }
        self._expect("import", plan | {"output_changes": {}}, set())
        for change in plan.get("resource_changes", []):
            if change["address"] not in imported and _is_imported(change["type"]):
                self._note(_label(change["address"]), "import", [f"{change['address']} is not imported"])
        arguments = ("apply", "-input=false", "-json", "plan.bin")
        for label, texts in self._faults("import", *arguments, folder=folder).items():
            self._note(label, "import", texts)
        self._expect("plan after import", self._plan("plan after import", folder), set())

    def _note(self, label: str, step: str, texts: Iterable[str]) -> None:
        for text in texts:
            self.life.faults[self._cases[label].id].setdefault(step, []).append(text)

    def _faults(self, step: str, *arguments: str, folder: Path | None = None) -> dict[str, list[str]]:
        """Run a command with -json; label -> the errors it is to blame for.

        Raises:
            StrataError: it fails without an error that names a case.
        """
        done = self._start(*arguments, folder=folder)
        found: dict[str, list[str]] = {}
        strays = []
        reading: set[str] = set()
        for line in done.stdout.splitlines():
            message = json.loads(line) if line.startswith("{") else {}
            if message.get("type") == "refresh_start":
                reading.add(message["hook"]["resource"]["addr"])
            elif message.get("type") == "refresh_complete":
                reading.discard(message["hook"]["resource"]["addr"])
            diagnostic = message.get("diagnostic")
            if diagnostic is None or diagnostic["severity"] != "error":
                continue
            place = (diagnostic.get("range") or {}).get("filename", "")
            snippet = (diagnostic.get("snippet") or {}).get("code", "")
            text = " ".join(f"{diagnostic['summary']}: {diagnostic.get('detail', '')}".split())
            named = _LABEL.search(diagnostic.get("address", "")) or re.match(r"()(t\d+)", place)
            named = named or _LABEL.search(snippet) or _LABEL.search(text)
            if named is None:
                strays.append(text)
                continue
            label = named[named.lastindex or 1]
            found.setdefault(label, []).append(f"{diagnostic.get('address', '')}: {text}")
        if strays:
            # An error of a read names no address; its reads began and did not end.
            for address in sorted(reading):
                found.setdefault(_label(address), []).append(f"{address}: one of {sorted(set(strays))}")
        if done.returncode != 0 and not found:
            said = "; ".join(strays) or done.stdout[-2000:]
            raise StrataError(f"terraform {arguments[0]} failed at {step}: {said} {done.stderr[-600:]}")
        return found

    def _must(self, *arguments: str, folder: Path | None = None) -> str:
        done = self._start(*arguments, folder=folder)
        if done.returncode != 0:
            raise StrataError(f"terraform {arguments[0]} failed: {(done.stdout + done.stderr)[-2000:]}")
        return done.stdout

    def _start(self, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self._terraform), *arguments],
            cwd=folder or self._folder,
            env=self._environment | {"TF_CLI_ARGS": "-no-color"},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )


def _is_imported(kind: str) -> bool:
    return bool(UNIMPORTABLE.get(kind, {}).get("imported", True))


def _label(address: str) -> str:
    named = _LABEL.search(address)
    assert named is not None, f"{address} is in no case's module"
    return named[1]


def _attributes(change: Mapping[str, Any]) -> list[str]:
    """The attributes that a change touches."""
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = [name for name, value in (change.get("after_unknown") or {}).items() if value is True]
    return [*unknown, *(n for n in {**before, **after} if n not in unknown and before.get(n) != after.get(n))]


def _differing(change: Mapping[str, Any]) -> str:
    """The attributes that a change touches, with both values."""
    before, after = change.get("before"), change.get("after")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return f"{json.dumps(before)} -> {json.dumps(after)}"[:_SHOWN] if before is not None else ""
    shown = [f"{n}: {json.dumps(before.get(n))} -> {json.dumps(after.get(n))}" for n in _attributes(change)]
    return "; ".join(shown)[:_SHOWN]
