"""What a module promises to its callers: inputs, outputs, resource addresses, requirements."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

from strata.errors import StrataError
from strata.hcl.syntax import Block, Expression, HclFile, compact, parse
from strata.hcl.types import Type, read_type
from strata.hcl.values import elements, string_value


@dataclass(frozen=True)
class Validation:
    condition: str
    error_message: str
    line: int


@dataclass(frozen=True)
class Variable:
    """An input; `default` is None where the caller has to give a value."""

    name: str
    file: str
    line: int
    type: Type | None
    type_text: str | None
    default: str | None
    default_text: str | None
    nullable: bool
    sensitive: bool
    ephemeral: bool
    description: str | None
    validations: tuple[Validation, ...]


@dataclass(frozen=True)
class Output:
    name: str
    file: str
    line: int
    value: str
    sensitive: bool
    ephemeral: bool
    description: str | None


_Named = TypeVar("_Named", Variable, Output)


@dataclass(frozen=True)
class DeclaredResource:
    """A managed resource, a data source or a child module.

    `repeated` is "", `count` or `for_each`, `over` by what.
    """

    address: str
    file: str
    line: int
    repeated: str
    over: str


@dataclass(frozen=True)
class Move:
    source: str
    target: str


@dataclass(frozen=True)
class RequiredProvider:
    """A provider that a file requires: its local name, its source address, and the versions, "" for any.

    `aliases` are the further configurations that the module wants to be given.
    """

    name: str
    source: str
    version: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Module:
    """A module's files, parsed, and what follows from them.

    Attributes:
        name: the folder's name.
        files: the Terraform files.
        others: every other file's bytes, by its path in the module.
        data_sources: those it reads, by their addresses.
        requirements: the versions of `terraform` and of each provider by its local name.
        providers: the providers it requires.
        nested: the modules that it calls by a relative path, by the names of the calls.
    """

    name: str
    files: tuple[HclFile, ...]
    others: Mapping[str, bytes] = field(repr=False)
    variables: Mapping[str, Variable]
    outputs: Mapping[str, Output]
    resources: Mapping[str, DeclaredResource]
    data_sources: Mapping[str, DeclaredResource]
    moves: tuple[Move, ...]
    removed: tuple[str, ...]
    requirements: Mapping[str, str]
    providers: tuple[RequiredProvider, ...]
    nested: Mapping[str, Module] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """The folder, as findings name it."""
        return posixpath.dirname(self.files[0].name)

    @cached_property
    def configurations(self) -> dict[str, RequiredProvider]:
        """The providers by the names under which a caller configures them: `aws`, `aws.replica`.

        Those too that only the types of resources tell, and those that nested modules inherit.
        """
        found = {provider.name: provider for provider in self.providers}
        for address in (*self.resources, *self.data_sources):
            name = address.removeprefix("data.").partition(".")[0].partition("_")[0]
            # Of Terraform itself, and a call.
            if name not in ("terraform", "module"):
                found.setdefault(name, RequiredProvider(name, f"hashicorp/{name}", ""))
        for module in self.nested.values():
            for name, one in module.configurations.items():
                if name == one.name:
                    found.setdefault(name, one)
        aliases = {f"{one.name}.{alias}": one for one in found.values() for alias in one.aliases}
        for _, block in self.blocks("provider"):
            name = block.labels[0]
            if is_alias(block):
                one = found.setdefault(name, RequiredProvider(name, f"hashicorp/{name}", ""))
                aliases[f"{name}.{_string(block, 'alias')}"] = one
        return found | aliases

    @property
    def addresses(self) -> dict[str, DeclaredResource]:
        """`resources` and those of the nested modules, by their addresses from here, without keys."""
        return self._below("resources")

    @property
    def data_addresses(self) -> dict[str, DeclaredResource]:
        """`data_sources` and those of the nested modules, as `addresses`."""
        return self._below("data_sources")

    def _below(self, kind: Literal["resources", "data_sources"]) -> dict[str, DeclaredResource]:
        found = dict(self.resources if kind == "resources" else self.data_sources)
        for call, module in self.nested.items():
            found |= {f"module.{call}.{inner}": one for inner, one in module._below(kind).items()}
        return found

    def blocks(self, kind: str) -> Iterator[tuple[HclFile, Block]]:
        """Every top block of one type, with its file."""
        for file in self.files:
            for block in file.body.children(kind):
                yield file, block

    def file(self, name: str) -> HclFile | None:
        """One of the Terraform files, by its name in the folder."""
        return next((file for file in self.files if Path(file.name).name == name), None)


def read_folder(folder: Path, shown: str) -> Module:
    """The module in a folder of the working tree, with those that it calls by a relative path.

    Args:
        folder: the module's folder.
        shown: what findings call it, such as `modules/s3`.

    Raises:
        StrataError: as `read_tree`.
    """

    def contents(place: str) -> dict[str, bytes]:
        base = Path(os.path.normpath(folder / os.path.relpath(place, shown)))
        return {
            path.relative_to(base).as_posix(): path.read_bytes()
            for path in sorted(base.rglob("*"))
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(base).parts)
        }

    return read_tree(shown, contents)


def read_tree(place: str, contents: Callable[[str], Mapping[str, bytes]]) -> Module:
    """A module and those that it calls by a relative path.

    Args:
        place: the module's folder, such as `modules/s3`.
        contents: what a folder holds: the bytes of its files by their paths in it, nothing if it is missing.

    Raises:
        StrataError: as `read_module`; or modules call each other in a circle.
    """

    def read(folder: str, files: Mapping[str, bytes], callers: tuple[str, ...]) -> Module:
        if folder in callers:
            raise StrataError("the module calls itself", file=folder, remedy="break the circle of `source`")

        def child(source: str) -> Module | None:
            below = posixpath.normpath(posixpath.join(folder, source))
            found = contents(below)
            # What is missing Terraform itself refuses, with the line of the call.
            there = any(name.endswith(".tf") and "/" not in name for name in found)
            return read(below, found, (*callers, folder)) if there else None

        return read_module(posixpath.basename(folder), files, folder, child)

    return read(place, contents(place), ())


def read_module(
    name: str,
    contents: Mapping[str, bytes],
    shown: str,
    child: Callable[[str], Module | None] = lambda source: None,
) -> Module:
    """A module from the bytes of its files by their paths.

    Args:
        name: the module's name.
        contents: its files.
        shown: what findings call its folder.
        child: the module that a relative `source` names, None if there is none.

    Raises:
        StrataError: a file has a syntax error or is Terraform's JSON, or something is declared twice.
    """
    parsed: list[HclFile] = []
    others: dict[str, bytes] = {}
    for path, raw in sorted(contents.items()):
        if path.endswith((".tf.json", ".tofu.json")):
            raise StrataError("JSON syntax is not read", file=f"{shown}/{path}", remedy="write it as HCL")
        if path.endswith(".tf") and "/" not in path:
            parsed.append(parse(posixpath.normpath(f"{shown}/{path}"), raw))
        else:
            others[path] = raw
    files = tuple(parsed)
    if not files:
        raise StrataError("no Terraform file", file=shown)
    calls = {call: child(source) for f in files for call, source in _local_calls(f)}
    return Module(
        name,
        files,
        others,
        variables=_by_name("variable", (v for f in files for v in _variables(f))),
        outputs=_by_name("output", (o for f in files for o in _outputs(f))),
        resources={r.address: r for f in files for r in _declared(f, "resource", "module")},
        data_sources={r.address: r for f in files for r in _declared(f, "data")},
        moves=tuple(m for f in files for m in _moves(f)),
        removed=tuple(_address(b, "from") for f in files for b in f.body.children("removed")),
        requirements=dict(r for f in files for r in _requirements(f)),
        providers=tuple(p for f in files for p in required_providers(f)),
        nested={call: module for call, module in calls.items() if module is not None},
    )


def is_alias(block: Block) -> bool:
    """Whether a provider block is what stood for `configuration_aliases` before Terraform 0.15."""
    return block.attributes.keys() == {"alias"} and not block.blocks


def required_providers(file: HclFile) -> Iterator[RequiredProvider]:
    """The providers that a file requires."""
    for block in file.body.children("terraform"):
        for inner in block.children("required_providers"):
            for name, value in inner.attributes.items():
                yield _required_provider(name, value, file)


def _required_provider(name: str, value: Expression, file: HclFile) -> RequiredProvider:
    # The form that Terraform 0.12 knew is the version alone.
    given = {"version": value.string}
    aliases: tuple[str, ...] = ()
    for key, element, item in elements(value.node):
        if key is None or (key in ("source", "version") and string_value(item) is None):
            raise StrataError(
                f"provider {name} is required by a computed value",
                file=file.name,
                line=element.line,
                remedy="write source and version as plain strings",
            )
        given[key] = string_value(item)
        if key == "configuration_aliases":
            aliases = tuple(re.findall(r"\.([\w-]+)", compact(item)))
    return RequiredProvider(name, given.get("source") or f"hashicorp/{name}", given["version"] or "", aliases)


def _by_name(kind: str, items: Iterator[_Named]) -> dict[str, _Named]:
    found: dict[str, _Named] = {}
    for item in items:
        if item.name in found:
            raise StrataError(f"{kind} `{item.name}` is declared twice", file=item.file, line=item.line)
        found[item.name] = item
    return found


def _variables(file: HclFile) -> Iterator[Variable]:
    for block in file.body.children("variable"):
        kind, default = block.attributes.get("type"), block.attributes.get("default")
        yield Variable(
            name=_label(block, file),
            file=file.name,
            line=block.line,
            type=read_type(kind, file.name) if kind else None,
            type_text=kind.text if kind else None,
            default=default.normal if default else None,
            default_text=default.text if default else None,
            nullable=block.flag("nullable", True),
            sensitive=block.flag("sensitive", False),
            ephemeral=block.flag("ephemeral", False),
            description=_string(block, "description"),
            validations=tuple(
                Validation(
                    _normal(inner.attributes.get("condition")),
                    _normal(inner.attributes.get("error_message")),
                    inner.line,
                )
                for inner in block.children("validation")
            ),
        )


def _outputs(file: HclFile) -> Iterator[Output]:
    for block in file.body.children("output"):
        yield Output(
            name=_label(block, file),
            file=file.name,
            line=block.line,
            value=_normal(block.attributes.get("value")),
            sensitive=block.flag("sensitive", False),
            ephemeral=block.flag("ephemeral", False),
            description=_string(block, "description"),
        )


def _declared(file: HclFile, *kinds: str) -> Iterator[DeclaredResource]:
    for block in (block for kind in kinds for block in file.body.children(kind)):
        repeated = next((name for name in ("count", "for_each") if name in block.attributes), "")
        labels = block.labels if block.type == "resource" else (block.type, *block.labels)
        yield DeclaredResource(
            ".".join(labels), file.name, block.line, repeated, _normal(block.attributes.get(repeated))
        )


def _local_calls(file: HclFile) -> Iterator[tuple[str, str]]:
    for block in file.body.children("module"):
        source = _string(block, "source") or ""
        if source.startswith(("./", "../")):
            yield _label(block, file), source


def _moves(file: HclFile) -> Iterator[Move]:
    for block in file.body.children("moved"):
        yield Move(_address(block, "from"), _address(block, "to"))


def _requirements(file: HclFile) -> Iterator[tuple[str, str]]:
    for block in file.body.children("terraform"):
        if version := _string(block, "required_version"):
            yield "terraform", version
    for provider in required_providers(file):
        yield provider.name, provider.version


def _label(block: Block, file: HclFile) -> str:
    if len(block.labels) != 1:
        raise StrataError(f"a {block.type} block has one name", file=file.name, line=block.line)
    return block.labels[0]


def _string(block: Block, name: str) -> str | None:
    found = block.attributes.get(name)
    return None if found is None else found.string


def _address(block: Block, name: str) -> str:
    return _normal(block.attributes.get(name)).replace(" ", "")


def _normal(expression: Expression | None) -> str:
    return "" if expression is None else expression.normal
