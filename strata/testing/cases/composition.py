"""The Terraform root that calls the modules of many cases, one `module` block each."""

from __future__ import annotations

import filecmp
import json
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strata.errors import StrataError
from strata.testing.cases.case import Case, shared_inputs
from strata.testing.cases.layout import RepositoryLayout

_IGNORED = shutil.ignore_patterns(".*", "*.tfstate*")
# `source` of a module call that names a module of this repository, by a path or by Git.
_SOURCE = re.compile(
    r'(?m)^(\s*source\s*=\s*)"[^"\n]*?/(?:modules/)?([a-z0-9][a-z0-9-]*)/?(?:\?ref=[^"\n]*)?"'
)
_SIBLING = re.compile(r'(?m)^\s*source\s*=\s*"\.\./([^"/]+)"')

PROVIDERS = {
    "aws": {
        "region": "eu-west-1",
        "access_key": "test",
        "secret_key": "test",
        "skip_credentials_validation": True,
        "skip_metadata_api_check": True,
        "skip_requesting_account_id": True,
        "skip_region_validation": True,
    },
    "snowflake": {
        "organization_name": "STRATA",
        "account_name": "TEST",
        "experimental_features_enabled": ["USER_ENABLE_DEFAULT_WORKLOAD_IDENTITY"],
        "preview_features_enabled": ["snowflake_external_table_resource"],
    },
}
_SOURCES = {"aws": "hashicorp/aws", "snowflake": "snowflakedb/snowflake"}


@dataclass(frozen=True)
class ModuleCall:
    """A case's place in a root.

    Attributes:
        case: the case.
        label: the name of its `module` block.
        own_copy: whether it calls a copy of the module that no other case calls.
        lines: the input that stands in each line of its file.
        outputs: the module's outputs that are wanted.
    """

    case: Case
    label: str
    own_copy: bool
    lines: dict[int, str]
    outputs: tuple[str, ...]

    def root_output(self, name: str) -> str:
        """The root's output that holds one of the module's."""
        return f"{self.label}--{name}"

    @property
    def file(self) -> str:
        """The file of the call, in the root's folder."""
        return f"{self.label}.tf.json"

    @property
    def copy(self) -> str:
        """The folder of the case's own copy of the modules, from the root's folder."""
        return f"copies/{self.label}"


class CaseRoot:
    """A root's folder; calls can be added to it and taken out of it between two plans.

    Args:
        folder: an empty folder.
        layout: where modules and cases are.
    """

    def __init__(self, folder: Path, layout: RepositoryLayout) -> None:
        self.folder = folder
        self._layout = layout
        self._labels: set[str] = set()
        shutil.copytree(layout.modules, folder / "modules", ignore=_IGNORED)

    def providers(self, cases: Iterable[Case]) -> set[str]:
        """Write the configuration of the providers that the cases' modules need; return their names."""
        names: set[str] = set()
        for case in cases:
            for module in self.modules(case):
                if module in self._layout.names:
                    names |= {name for name in self._layout.module(module).requirements if name in PROVIDERS}
        if names:
            required = {name: {"source": _SOURCES[name]} for name in sorted(names)}
            root = {
                "terraform": {"required_providers": required},
                "provider": {name: PROVIDERS[name] for name in sorted(names)},
            }
            (self.folder / "providers.tf.json").write_text(json.dumps(root, indent=2), encoding="utf-8")
        return names

    def add(self, case: Case, *, own_copy: bool) -> ModuleCall:
        """Write the call of a case.

        Raises:
            StrataError: a file that the case needs differs from another module's of the same name.
        """
        wanted = re.sub(r"[^A-Za-z0-9_-]", "_", f"{case.module}--{case.name}")
        label, number = wanted, 2
        while label in self._labels:
            label, number = f"{wanted}-{number}", number + 1
        self._labels.add(label)
        self.bring_files(case)
        outputs = case.outputs if case.expect is None else tuple(case.expect.outputs)
        call = ModuleCall(case, label, own_copy, {}, outputs)
        modules = "./modules"
        if own_copy:
            modules = f"./{call.copy}"
            for name in self.modules(case):
                shutil.copytree(self._layout.modules / name, self.folder / call.copy / name, ignore=_IGNORED)
        if case.example is None:
            source, inputs = f"{modules}/{case.module}", case.inputs
        else:
            source, inputs = f"./examples/{label}", {}
            self._write_example(case, self.folder / "examples" / label, f"../../{modules}")
        self._write_call(call, source, inputs)
        return call

    def remove(self, call: ModuleCall) -> None:
        """Take a call out of the root."""
        (self.folder / call.file).unlink()

    def _write_call(self, call: ModuleCall, source: str, inputs: dict[str, Any]) -> None:
        # One by one: Terraform tells the type of an output that is wholly known. One input a line: an error
        # names the line.
        outputs = {
            call.root_output(name): {"sensitive": True, "value": f"${{module.{call.label}.{name}}}"}
            for name in call.outputs
        }
        lines = [
            "{",
            f'"output": {json.dumps(outputs)},' if outputs else "",
            f'"module": {{"{call.label}": {{',
            f'"source": {json.dumps(source)}',
        ]
        for name, value in inputs.items():
            lines[-1] += ","
            lines.append(f"{json.dumps(name)}: {json.dumps(literal(value))}")
            call.lines[len(lines)] = name
        lines += ["}}", "}", ""]
        (self.folder / call.file).write_text("\n".join(lines), encoding="utf-8")

    def _write_example(self, case: Case, folder: Path, modules: str) -> None:
        assert case.example is not None
        folder.mkdir(parents=True)
        # The lines keep their numbers in the README, so that an error leads there.
        text = "\n" * (case.line - 1) + _SOURCE.sub(rf'\1"{modules}/\2"', case.example)
        (folder / "main.tf").write_text(text, encoding="utf-8")
        shared = shared_inputs(case.module, self._layout)
        variables = {name: {"default": literal(value)} for name, value in shared.items()}
        (folder / "shared.tf.json").write_text(json.dumps({"variable": variables}), encoding="utf-8")

    def modules(self, case: Case) -> set[str]:
        """The modules that a case plans: its own, those of its example, and all that they call."""
        found: set[str] = set()
        names = {case.module, *examples_modules(case)}
        todo = list(names)
        while todo:
            name = todo.pop()
            if name not in found and (self._layout.modules / name).is_dir():
                found.add(name)
                for file in (self._layout.modules / name).glob("*.tf"):
                    todo += _SIBLING.findall(file.read_text(encoding="utf-8"))
        return found

    def bring_files(self, case: Case) -> None:
        """Copy what lies beside the cases of a case's module into the root's folder.

        Raises:
            StrataError: a file differs from another module's of the same name.
        """
        source = self._layout.files(case.module)
        for file in sorted(source.rglob("*")) if source.is_dir() else ():
            if not file.is_file():
                continue
            target = self.folder / file.relative_to(source)
            if target.exists():
                if not filecmp.cmp(file, target, shallow=False):
                    raise StrataError(
                        "another module's file has this name and another content",
                        file=self._layout.shown(file),
                    )
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


def examples_modules(case: Case) -> set[str]:
    """The modules that an example calls."""
    return {name for _, name in _SOURCE.findall(case.example or "")}


def literal(value: Any) -> Any:
    """A value as Terraform's JSON syntax wants it: there every string is a template."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, dict):
        return {literal(key): literal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [literal(item) for item in value]
    return value
