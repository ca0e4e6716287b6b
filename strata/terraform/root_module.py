"""A unit's Terraform code as a module of a larger root: what is legal in a root only is taken out of it.

`provider` and `import` blocks move to the root, the backend is dropped; all else stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from strata.errors import StrataError
from strata.hcl.syntax import Block, Expression, HclFile, expressions, parse
from strata.live import GeneratedFile
from strata.modules.interface import required_providers

if TYPE_CHECKING:
    from strata.live import RenderedUnit

_OVERRIDE = re.compile(r"(^|_)override\.tf$")
_CONSTANT_IN_ROOT = frozenset(("null",))


@dataclass(frozen=True)
class Import:
    """An `import` block: the address in the module, the block's other lines, and the id if it is plain."""

    to: str
    rest: str
    id: str | None


@dataclass(frozen=True)
class UnitModule:
    """What the root has to know of a unit's module.

    Attributes:
        variables: the names of its input variables.
        sensitive: the names of its outputs that are marked sensitive.
        requirements: by local name, the provider's source address.
        providers: by local name, the text of the provider's configuration; "" where there is none.
        imports: its `import` blocks.
        files: files whose text differs from the unit's own, because blocks were taken out.
    """

    variables: frozenset[str]
    sensitive: frozenset[str]
    requirements: Mapping[str, str]
    providers: Mapping[str, str]
    imports: tuple[Import, ...]
    files: tuple[GeneratedFile, ...]


def lift(rendered: RenderedUnit, unit_dir: Path) -> UnitModule:
    """Read the files that Terraform would run for a unit.

    Args:
        rendered: the unit; its inputs do not matter.
        unit_dir: the folder of its terragrunt.hcl.

    Raises:
        StrataError: a file is not HCL or is Terraform's JSON, a provider has an alias, or what has to move to
            the root refers to something in the module.
    """
    parsed = [parse(name, raw) for name, raw in sorted(_contents(rendered, unit_dir).items())]
    requirements = {one.name: one.source for file in parsed for one in required_providers(file)}
    configured = _providers(parsed)
    requirements |= {name: f"hashicorp/{name}" for name in configured if name not in requirements}
    return UnitModule(
        variables=frozenset(block.labels[0] for block in _blocks(parsed, "variable")),
        sensitive=frozenset(
            block.labels[0] for block in _blocks(parsed, "output") if block.flag("sensitive", False)
        ),
        requirements=requirements,
        providers={name: configured.get(name, "") for name in requirements},
        imports=tuple(_imports(parsed)),
        files=tuple(
            GeneratedFile(Path(file.name).name, text, "overwrite")
            for file in parsed
            if (text := _without_lifted(file)) != file.text
        ),
    )


def _contents(rendered: RenderedUnit, unit_dir: Path) -> dict[str, bytes]:
    """The Terraform files of the unit's working directory by the path that a person knows them by."""
    found: dict[str, tuple[str, bytes]] = {}
    for folder in dict.fromkeys((rendered.module_dir, unit_dir)):
        for path in sorted(folder.iterdir()):
            if path.name.startswith("."):
                continue
            if path.name.endswith((".tf.json", ".tofu.json")):
                raise StrataError("an environment is planned from HCL, not from JSON", file=path)
            if path.name.endswith(".tf"):
                found[path.name] = (str(path), path.read_bytes())
    for file in rendered.generated:
        if file.path.endswith(".tf") and "/" not in file.path:
            if file.if_exists == "skip" and file.path in found:
                continue
            found[file.path] = (str(unit_dir / file.path), file.contents.encode())
    return dict(found.values())


def _blocks(files: Iterable[HclFile], kind: str) -> Iterator[Block]:
    for file in files:
        yield from file.body.children(kind)


def _providers(files: list[HclFile]) -> dict[str, str]:
    """By local name, the configuration's text, with what an override file says merged in."""
    # Once more after all, over what they say.
    overrides = [file for file in files if _OVERRIDE.search(Path(file.name).name)]
    found: dict[str, tuple[dict[str, str], dict[str, list[str]]]] = {}
    for file in (*files, *overrides):
        for block in file.body.children("provider"):
            if "alias" in block.attributes:
                raise StrataError(
                    "a provider with an alias cannot be planned with other units",
                    file=file.name,
                    line=block.line,
                    remedy="give the unit one configuration of each provider",
                )
            _check_constant(file, block)
            attributes, nested = found.setdefault(block.labels[0], ({}, {}))
            attributes.update({name: value.text for name, value in block.attributes.items()})
            own: dict[str, list[str]] = {}
            for inner in block.blocks:
                own.setdefault(inner.type, []).append(_lines(file, inner))
            nested.update(own)
    return {name: _configuration(attributes, nested) for name, (attributes, nested) in found.items()}


def _configuration(attributes: Mapping[str, str], nested: Mapping[str, list[str]]) -> str:
    lines = [f"  {name} = {text}" for name, text in sorted(attributes.items())]
    lines += [text for kind in sorted(nested) for text in nested[kind]]
    return "\n".join(lines)


def _imports(files: Iterable[HclFile]) -> Iterator[Import]:
    for file in files:
        for block in file.body.children("import"):
            rest = {name: value for name, value in block.attributes.items() if name != "to"}
            for value in rest.values():
                _check_expression(file, value)
            if "to" not in block.attributes or block.blocks:
                raise StrataError("this import cannot be lifted", file=file.name, line=block.line)
            yield Import(
                block.attributes["to"].text,
                "\n".join(f"  {name} = {value.text}" for name, value in rest.items()),
                rest["id"].string if "id" in rest else None,
            )


def _check_constant(file: HclFile, block: Block) -> None:
    for _, value in expressions(block):
        _check_expression(file, value)


def _check_expression(file: HclFile, value: Expression) -> None:
    for node in value.node.walk():
        if node.type == "variable_expr" and node.text not in _CONSTANT_IN_ROOT:
            parent = node.parent.parent if node.parent else None
            if parent is not None and parent.type == "object_elem" and parent.children[0] == node.parent:
                continue
            raise StrataError(
                f"`{node.text}` is known in the module only, and this moves to the environment's root",
                file=file.name,
                line=node.line,
                remedy="generate the block with its values filled in",
            )


def _without_lifted(file: HclFile) -> str:
    lines = file.text.split("\n")
    dropped: set[int] = set()
    for block in file.body.blocks:
        if block.type in ("provider", "import"):
            dropped.update(range(block.line, block.end_line + 1))
        elif block.type == "terraform":
            # No block has another on its first or its last line.
            for inner in (*block.children("backend"), *block.children("cloud")):
                dropped.update(range(inner.line, inner.end_line + 1))
    # Empty lines instead of none, so that Terraform's line numbers hold.
    return "\n".join("" if number in dropped else line for number, line in enumerate(lines, 1))


def _lines(file: HclFile, block: Block) -> str:
    return "\n".join(file.text.split("\n")[block.line - 1 : block.end_line])
