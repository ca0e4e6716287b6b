"""Which attributes are sets, and which a data source has, by the providers' own schemas."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from strata.checkout.files import replacing
from strata.live.discovery import LOCK_FILE
from strata.terraform.toolchain import Toolchain
from strata.testing.cases.terraform import TerraformFolder


class SetAttributes:
    """The attributes and blocks that are sets.

    Args:
        paths: by resource type, dotted names from the resource down; elements of lists and maps have no step.
    """

    def __init__(self, paths: Mapping[str, frozenset[str]]) -> None:
        self._paths = paths

    def knows(self, resource_type: str) -> bool:
        """Whether a provider has such a type."""
        return resource_type in self._paths

    def has(self, resource_type: str, names: tuple[str, ...]) -> bool:
        """Whether what these names lead to is a set."""
        return ".".join(names) in self._paths.get(resource_type, frozenset())


def set_paths(block: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The dotted names of all sets in a block of a provider's schema."""
    for name, attribute in block.get("attributes", {}).items():
        if "nested_type" in attribute:
            nested = attribute["nested_type"]
            if nested["nesting_mode"] == "set":
                yield f"{prefix}{name}"
            yield from set_paths(nested, f"{prefix}{name}.")
        else:
            yield from sets_in_type(attribute["type"], f"{prefix}{name}")
    for name, nested in block.get("block_types", {}).items():
        if nested["nesting_mode"] == "set":
            yield f"{prefix}{name}"
        yield from set_paths(nested["block"], f"{prefix}{name}.")


def sets_in_type(kind: Any, path: str) -> Iterator[str]:
    """The dotted names of all sets in one of Terraform's types."""
    if not isinstance(kind, list):
        return
    constructor, inner = kind[0], kind[1]
    if constructor == "object":
        for name, item in inner.items():
            yield from sets_in_type(item, f"{path}.{name}" if path else name)
        return
    if constructor == "tuple":
        return
    if constructor == "set":
        yield path
    yield from sets_in_type(inner, path)


class Schemas:
    """The schemas of the providers in use, asked of Terraform once per machine and provider version.

    Args:
        toolchain: Terraform and the providers; what is found is kept in its folder.
    """

    def __init__(self, toolchain: Toolchain) -> None:
        self._folder = toolchain.state_dir / "testing"
        self._sets: dict[str, frozenset[str]] = {}
        self._data: dict[str, frozenset[str]] = {}
        self._asked: set[str] = set()
        self._lock = threading.Lock()

    def keep(self, terraform: TerraformFolder) -> None:
        """Learn the schemas of the providers that a folder was initialised with."""
        lock = terraform.path / LOCK_FILE
        key = _versions(lock.read_text(encoding="utf-8")) if lock.is_file() else ""
        if "snowflakedb/snowflake" in terraform.variables.get("TF_REATTACH_PROVIDERS", ""):
            # An attached provider is in no lock file.
            key += "-snowflake"
        with self._lock:
            if not key or key in self._asked:
                return
            self._learn(key, terraform)
            self._asked.add(key)

    def _learn(self, key: str, terraform: TerraformFolder) -> None:
        kept = self._folder / f"schemas-{key}.json"
        if not kept.is_file():
            providers = terraform.schemas().get("provider_schemas", {}).values()
            sets = {
                name: sorted(set_paths(schema["block"]))
                for provider in providers
                for name, schema in provider.get("resource_schemas", {}).items()
            }
            data = {
                name: sorted(
                    {**schema["block"].get("attributes", {}), **schema["block"].get("block_types", {})}
                )
                for provider in providers
                for name, schema in provider.get("data_source_schemas", {}).items()
            }
            with replacing(kept) as draft:
                draft.write_text(json.dumps({"sets": sets, "data": data}), encoding="utf-8")
        found = json.loads(kept.read_text(encoding="utf-8"))
        self._sets |= {name: frozenset(paths) for name, paths in found["sets"].items()}
        self._data |= {name: frozenset(names) for name, names in found["data"].items()}

    def sets(self) -> SetAttributes:
        """The sets learnt so far."""
        return SetAttributes(self._sets)

    def data_attributes(self, kind: str) -> frozenset[str]:
        """The attributes of a type of data source; none if no provider in use has it."""
        return self._data.get(kind, frozenset())


def _versions(lock: str) -> str:
    """The providers and versions of a lock file, as part of a file's name."""
    found: list[str] = []
    for line in lock.splitlines():
        if line.startswith("provider "):
            found.append(line.split('"')[1].rsplit("/", 1)[1])
        elif line.strip().startswith("version "):
            found.append(line.split('"')[1])
    return "-".join(found)
