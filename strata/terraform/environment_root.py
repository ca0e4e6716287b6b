"""One Terraform root that calls every unit of an environment as a module (decision D3)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from strata.errors import StrataError
from strata.live import Unit
from strata.live.composition import EnvironmentComposition
from strata.terraform.root_module import UnitModule

_BUILT_IN = "terraform.io/builtin/"


@dataclass(frozen=True)
class Member:
    """A unit as a module of the root.

    Attributes:
        name: the module's name.
        unit: the unit.
        module: its code.
        source: the path of its code, relative to the root.
    """

    name: str
    unit: Unit
    module: UnitModule
    source: str


@dataclass(frozen=True)
class Root:
    """The root's text.

    Attributes:
        text: the one file.
        origins: by line of the file (from 1), the file and line of the live tree that it comes from.
        aliases: by module and provider source, the alias of the configuration it gets, where it has one.
    """

    text: str
    origins: Mapping[int, tuple[Path, int]]
    aliases: Mapping[str, Mapping[str, str]]

    def aliased(self, source: str) -> bool:
        """Whether a provider, such as `hashicorp/aws`, has more than one configuration."""
        return any(source in aliases for aliases in self.aliases.values())


def module_name(unit: Unit) -> str:
    """The name of the unit's module.

    Raises:
        StrataError: the component cannot be a name in Terraform.
    """
    name = unit.component.replace("/", "-")
    if name.startswith("-") or not name.replace("-", "_").isidentifier():
        raise StrataError(
            f"a plan of the whole environment cannot have a module named {name}",
            file=unit.file,
            remedy="name the component's folder with letters, digits and dashes, a letter first",
        )
    return name


def outputs_expression(name: str, module: UnitModule) -> str:
    """The outputs of a module for its dependents.

    Terragrunt hands outputs on as plain values, so that a mark "sensitive" does not travel with them: with
    it, attributes of the dependents' resources would seem to change.
    """
    if not module.sensitive:
        return f"module.{name}"
    plain = ", ".join(f"{one} = nonsensitive(module.{name}.{one})" for one in sorted(module.sensitive))
    return f"merge(module.{name}, {{ {plain} }})"


def write_root(
    members: Sequence[Member], composition: EnvironmentComposition, absent: Collection[str]
) -> Root:
    """Write the root that holds `members`.

    Args:
        members: the units.
        composition: their inputs.
        absent: ids of what does not exist yet: an import of it is left out, so that it shows as made.

    Raises:
        StrataError: two units have modules of one name.
    """
    named: dict[str, Unit] = {}
    for member in members:
        first = named.setdefault(member.name, member.unit)
        if first is not member.unit:
            raise StrataError(
                f"{first.path} and {member.unit.path} have one name in a plan of the whole environment: "
                f"{member.name}",
                file=member.unit.file,
                remedy="rename one of the two folders",
            )
    providers = _Providers()
    passed = {member.name: dict(providers.passed(member)) for member in members}
    text = _RootText()
    for line in providers.text():
        text.add(line)
    text.add("locals {")
    text.add("fail = {}")
    for definition in composition.definitions:
        for offset, line in enumerate(f"{definition.name} = {definition.text}".split("\n")):
            text.add(line, (definition.path, definition.line + offset))
    text.add("}")
    for member in members:
        text.add(f'module "{member.name}" {{', (member.unit.file, 1))
        text.add(f'source = "{member.source}"')
        pairs = [f"{name} = {value}" for name, value in passed[member.name].items()]
        if pairs:
            text.add(f"providers = {{ {', '.join(pairs)} }}")
        for name, expression in composition.inputs[member.unit.path].items():
            if name in member.module.variables:
                text.add(f"{name} = {expression}", (member.unit.file, 1))
        text.add("}")
        text.add(f'output "{member.name}" {{')
        text.add(f"value = module.{member.name}")
        text.add("sensitive = true")
        text.add("}")
        for block in member.module.imports:
            if block.id not in absent:
                text.add("import {")
                text.add(f"to = module.{member.name}.{block.to}")
                for line in block.rest.split("\n"):
                    text.add(line)
                text.add("}")
    return Root("\n".join(text.lines) + "\n", text.origins, providers.aliases)


@dataclass
class _RootText:
    lines: list[str] = field(default_factory=list)
    origins: dict[int, tuple[Path, int]] = field(default_factory=dict)

    def add(self, line: str, origin: tuple[Path, int] | None = None) -> None:
        self.lines.append(line)
        if origin:
            self.origins[len(self.lines)] = origin


@dataclass
class _Providers:
    """The root's provider configurations: one for each that differs, whichever units have it."""

    names: dict[str, str] = field(default_factory=dict)
    configurations: dict[tuple[str, str], str] = field(default_factory=dict)
    aliases: dict[str, dict[str, str]] = field(default_factory=dict)

    def passed(self, member: Member) -> Iterator[tuple[str, str]]:
        """The unit's provider names that do not mean the root's own configuration, and what they mean."""
        for name, source in member.module.requirements.items():
            if source.startswith(_BUILT_IN):
                continue
            known = self._name(name, source)
            alias = self._alias(source, member.module.providers[name])
            if alias:
                self.aliases.setdefault(member.name, {})["/".join(source.split("/")[-2:])] = alias
            if alias or known != name:
                yield name, f"{known}.{alias}" if alias else known

    def text(self) -> Iterator[str]:
        yield "terraform {"
        yield "required_providers {"
        for source, name in self.names.items():
            yield f'{name} = {{ source = "{source}" }}'
        yield "}"
        yield "}"
        for (source, configuration), alias in self.configurations.items():
            yield f'provider "{self.names[source]}" {{'
            if alias:
                yield f'alias = "{alias}"'
            yield from configuration.split("\n")
            yield "}"

    def _name(self, name: str, source: str) -> str:
        if source not in self.names:
            taken = set(self.names.values())
            free = (f"{name}{number}" for number in range(2, len(taken) + 3))
            self.names[source] = name if name not in taken else next(one for one in free if one not in taken)
        return self.names[source]

    def _alias(self, source: str, configuration: str) -> str:
        key = (source, configuration)
        if key not in self.configurations:
            others = sum(known == source for known, _ in self.configurations)
            self.configurations[key] = f"c{others + 1}" if others else ""
        return self.configurations[key]
