"""The Terraform root that calls the modules of many cases, one `module` block each."""

from __future__ import annotations

import filecmp
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strata.errors import StrataError
from strata.hcl.syntax import parse
from strata.modules.interface import Module, RequiredProvider
from strata.testing.cases.case import INPUTS, Case, shared
from strata.testing.cases.layout import RepositoryLayout, with_nested
from strata.testing.cases.literals import literal
from strata.testing.cases.overrides import overrides, write_overrides
from strata.testing.cases.providers import RootProviders

# `source` of a module call that names a module of this repository, by a path or by Git; without a name, as in
# "../../", the one whose README it stands in.
_SOURCE = re.compile(
    r'(?m)^(\s*source\s*=\s*)"(?:[^"\n]*?/(?:modules/)?([A-Za-z0-9][\w-]*)/?(?:\?ref=[^"\n]*)?|\.[./]*)"'
)
_REPOSITORY = "repository"
# A file of the repository, as Terraform names it in a root.
_TREE_FILE = re.compile(rf"(?:{_REPOSITORY}|copies/[^/]+)/(.+)")


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
    def tree(self) -> str:
        """The folder that stands for the repository: the case's own, or the shared one."""
        return f"copies/{self.label}" if self.own_copy else _REPOSITORY


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
        self._shared: set[str] = set()
        self._providers = RootProviders()
        folder.mkdir(exist_ok=True)

    def write_providers(self) -> set[str]:
        """Write the configurations of the providers that the calls need; return the root's names of them."""
        if self._providers.names:
            text = json.dumps(self._providers.document(), indent=2)
            (self.folder / "providers.tf.json").write_text(text, encoding="utf-8")
        return self._providers.names

    def add(self, case: Case, *, own_copy: bool) -> ModuleCall:
        """Write the call of a case. What answers data sources itself gets its own copy in any case.

        Raises:
            StrataError: a file that the case needs differs from another module's of the same name; the case
                answers a data source that is not read.
        """
        given = overrides(case, self._layout)
        wanted = re.sub(r"[^A-Za-z0-9_-]", "_", f"{case.module}--{case.name}")
        label, number = wanted, 2
        while label in self._labels:
            label, number = f"{wanted}-{number}", number + 1
        self._labels.add(label)
        self.bring_files(case)
        outputs = case.outputs if case.expect is None else tuple(case.expect.outputs)
        call = ModuleCall(case, label, own_copy or bool(given), {}, outputs)
        folders = self.folders(case)
        if call.own_copy or not folders <= self._shared:
            places = {self._layout.base / folder for folder in folders}
            self._mirror(self._layout.base, self.folder / call.tree, places)
            self._shared |= set() if call.own_copy else folders
        write_overrides(given, self._layout, self.folder / call.tree)
        self._providers.require(self.modules(case))
        if case.example is None:
            source, inputs = self._source(case.module, f"./{call.tree}"), case.inputs
        else:
            source, inputs = f"./examples/{label}", {}
            self._write_example(case, self.folder / "examples" / label, f"../../{call.tree}")
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
        if providers := self._references(call.case):
            lines[-1] += f', "providers": {json.dumps(providers)}'
        for name, value in inputs.items():
            lines[-1] += ","
            lines.append(f"{json.dumps(name)}: {json.dumps(literal(value))}")
            call.lines[len(lines)] = name
        lines += ["}}", "}", ""]
        (self.folder / call.file).write_text("\n".join(lines), encoding="utf-8")

    def _providers_of_example(self, case: Case) -> dict[str, RequiredProvider]:
        modules = (self._layout.module(name) for name in sorted(examples_modules(case)))
        return {one.name: one for module in modules for one in module.configurations.values()}

    def _references(self, case: Case) -> dict[str, str]:
        if case.example is None:
            return self._providers.references(case, self._layout.module(case.module))
        # What an example hands on it must have been given, or configure.
        blocks = parse(case.shown, _on_its_lines(case).encode()).body.children("provider")
        own = {block.labels[0] for block in blocks if "alias" not in block.attributes}
        given = {name: one for name, one in self._providers_of_example(case).items() if name not in own}
        return {name: self._providers.reference(one) for name, one in given.items()}

    def _source(self, module: str, tree: str) -> str:
        path = self._layout.folders[module][0].relative_to(self._layout.base).as_posix()
        return tree if path == "." else f"{tree}/{path}"

    def _mirror(self, source: Path, target: Path, wanted: set[Path]) -> None:
        """Let a folder stand for the repository's: folders of modules are real, all else are links.

        Terraform resolves a linked folder of a module, and `path.module` would be a path of this machine.
        Hidden files, such as `.git` and `.terraform`, and the cases stay out.
        """
        if target.is_symlink():
            target.unlink()
        target.mkdir(parents=True, exist_ok=True)
        for entry in source.iterdir():
            below = {folder for folder in wanted if folder.is_relative_to(entry)}
            if below:
                self._mirror(entry, target / entry.name, below)
            elif not (
                entry.name.startswith(".")
                or ".tfstate" in entry.name
                or self._layout.cases.is_relative_to(entry)
                or os.path.lexists(target / entry.name)
            ):
                (target / entry.name).symlink_to(entry)

    def _write_example(self, case: Case, folder: Path, tree: str) -> None:
        assert case.example is not None
        folder.mkdir(parents=True)

        def leading(found: re.Match[str]) -> str:
            return f"{found[1]}{json.dumps(self._source(found[2] or case.module, tree))}"

        (folder / "main.tf").write_text(_SOURCE.sub(leading, _on_its_lines(case)), encoding="utf-8")
        inputs = shared(case.module, INPUTS, self._layout)
        variables = {name: {"default": literal(value)} for name, value in inputs.items()}
        content: dict[str, Any] = {"variable": variables} if variables else {}
        if "required_providers" not in case.example:
            # It is a root for people: only there can providers be handed on that nothing requires.
            providers = self._providers_of_example(case)
            required = {name: {"source": one.source} for name, one in providers.items()}
            content |= {"terraform": {"required_providers": required}} if required else {}
        (folder / "shared.tf.json").write_text(json.dumps(content), encoding="utf-8")

    def modules(self, case: Case) -> list[Module]:
        """The modules that a case plans: its own, those of its example, and all that they call."""
        return [one for name in called_modules(case) for one in with_nested(self._layout.module(name))]

    def folders(self, case: Case) -> set[str]:
        """The folders of those modules, from the layout's base."""
        base = self._layout.base
        folders = {self._layout.folder(module) for module in self.modules(case)}
        # What lies elsewhere Terraform refuses, with the line of the call.
        return {folder.relative_to(base).as_posix() for folder in folders if folder.is_relative_to(base)}

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


def _on_its_lines(case: Case) -> str:
    """An example whose lines have the numbers of the README, so that an error leads there."""
    return "\n" * (case.line - 1) + (case.example or "")


def called_modules(case: Case) -> list[str]:
    """The module that a case is about, and those that its example calls."""
    return sorted({case.module, *examples_modules(case)})


def examples_modules(case: Case) -> set[str]:
    """The modules that an example calls."""
    return {name or case.module for _, name in _SOURCE.findall(case.example or "")}


def repository_file(file: str) -> str:
    """The path from the layout's base of a file that Terraform names, "" for one of the root's own."""
    found = _TREE_FILE.fullmatch(file)
    return found[1] if found else ""
