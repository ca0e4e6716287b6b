"""The two files that are the same in every module, from one source each.

`modules/default-context.tf` is copied as it is; of `modules/default-versions.tf` a module gets Terraform's
version and the providers it uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from strata.errors import StrataError
from strata.hcl.syntax import Expression, HclFile, compact, parse
from strata.modules.interface import Module

SOURCES = {"context.tf": "default-context.tf", "versions.tf": "default-versions.tf"}


def read_sources(folder: Path, shown: str) -> dict[str, HclFile]:
    """The two sources by the name of the file they make.

    Args:
        folder: the folder `modules`.
        shown: what errors call it.

    Raises:
        StrataError: one is missing or is not Terraform.
    """
    found = {}
    for name, source in SOURCES.items():
        try:
            found[name] = parse(f"{shown}/{source}", (folder / source).read_bytes())
        except FileNotFoundError:
            raise StrataError("the file does not exist", file=f"{shown}/{source}") from None
    return found


def stamped(module: Module, sources: Mapping[str, HclFile]) -> dict[str, str]:
    """The texts of a module's two files.

    Raises:
        StrataError: the module uses a provider that the source does not know.
    """
    return {
        "context.tf": sources["context.tf"].text,
        "versions.tf": _versions(module, sources["versions.tf"]),
    }


def providers_used(module: Module) -> dict[str, tuple[str, int]]:
    """Each provider that a module's resources, data sources or functions need, with one place that does."""
    found: dict[str, tuple[str, int]] = {}
    for kind in ("resource", "data", "ephemeral"):
        for file, block in module.blocks(kind):
            found.setdefault(block.labels[0].partition("_")[0], (file.name, block.line))
    for file in module.files:
        for node in file.body.walk():
            scope, *names = compact(node.children[0]).split("::") if node.type == "function_call" else [""]
            if scope == "provider":
                found.setdefault(names[0], (file.name, node.line))
    # Part of Terraform itself.
    found.pop("terraform", None)
    return found


def _versions(module: Module, source: HclFile) -> str:
    block = source.body.children("terraform")[0]
    known = block.children("required_providers")[0].attributes
    used = providers_used(module)
    for name, (file, line) in sorted(used.items()):
        if name not in known:
            raise StrataError(
                f"provider {name} has no version",
                file=file,
                line=line,
                remedy=f"add it to {source.name}, or remove it",
            )
    version = block.attributes["required_version"].text
    lines = ["terraform {", f"  required_version = {version}"]
    if used:
        providers = [line for name in sorted(used) for line in _provider(name, known[name])]
        lines += ["", "  required_providers {", *providers, "  }"]
    return "\n".join([*lines, "}"]) + "\n"


def _provider(name: str, value: Expression) -> list[str]:
    first, *rest = value.text.splitlines()
    return [f"    {name} = {first}", *rest]
