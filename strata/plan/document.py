"""The one reader of plan JSON.

The shape is Terraform's: https://developer.hashicorp.com/terraform/internals/json-format. It holds every
value in clear, those marked sensitive too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strata.errors import StrataError

# Of an instance: a number, or a quoted text that may hold brackets and dots.
_KEY = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')
_CALL = re.compile(r"module\.([\w-]+)\.")
_MAKE = "make one: terraform show -json PLAN > FILE"
_PLAIN = ("create", "update", "delete", "forget")
# Of the whole instance: to name its attributes says nothing.
_WHOLE = ("create", "delete", "forget")


def without_keys(address: str) -> str:
    """Return the address of what a block declares, without the keys of instances."""
    return _KEY.sub("", address)


@dataclass(frozen=True)
class PlannedResource:
    """One resource after the apply; `unknown` holds the attributes that are known after the apply only."""

    address: str
    type: str
    values: Mapping[str, Any]
    unknown: Mapping[str, Any]


@dataclass(frozen=True)
class PlannedChange:
    """What is planned for one resource instance, or for an output.

    Attributes:
        address: as in the plan; an output's name.
        type: the resource's type, "" for an output.
        managed: whether it is a resource that Terraform manages: not an output, not a data source.
        actions: Terraform's own words, such as `("delete", "create")`.
        before, after: its values, or None.
        unknown: what is known after the apply only, in the shape of the values: True for all of it.
        secret_before, secret_after: what is sensitive, in the shape of the values: True for all of it.
        importing: whether it is imported.
        moved_from: the address that it has in the state now, if that is another.
        module: the address of its module, "" for the root.
    """

    address: str
    type: str
    managed: bool
    actions: tuple[str, ...]
    before: Any = None
    after: Any = None
    unknown: Any = None
    secret_before: Any = None
    secret_after: Any = None
    importing: bool = False
    moved_from: str = ""
    module: str = ""

    @property
    def kind(self) -> str:
        """create, update, replace, delete or forget; "" if the instance itself stays as it is."""
        if "create" in self.actions and len(self.actions) > 1:
            return "replace"
        return self.actions[0] if self.actions and self.actions[0] in _PLAIN else ""

    def changed(self) -> tuple[str, ...]:
        """The names of the attributes that differ or are not known yet; none for the whole instance."""
        return () if self.kind in _WHOLE else changed_names(self.before, self.after, self.unknown)

    @property
    def configured(self) -> tuple[str, str]:
        """Where `expressions` has its configuration: its module, and its address there, without keys."""
        place = without_keys(self.module)
        address = without_keys(self.address)
        return place, address.removeprefix(f"{place}.") if place else address


def changed_names(before: Any, after: Any, unknown: Any) -> tuple[str, ...]:
    """The names that differ between two objects, or are not known yet; sorted."""
    old, new = (value if isinstance(value, Mapping) else {} for value in (before, after))
    later = unknown if isinstance(unknown, Mapping) else dict.fromkeys(old, unknown)
    return tuple(
        name
        for name in sorted({*old, *new, *later})
        if old.get(name) != new.get(name) or _any(later.get(name))
    )


def _any(unknown: Any) -> bool:
    if isinstance(unknown, Mapping):
        return any(_any(value) for value in unknown.values())
    if isinstance(unknown, list):
        return any(_any(value) for value in unknown)
    return bool(unknown)


def read_file(path: Path) -> Mapping[str, Any]:
    """Read a plan that `terraform show -json` wrote.

    Raises:
        StrataError: the file is missing, is not a plan, or is an incomplete one.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StrataError(f"the plan cannot be read: {error.strerror}", file=path) from None
    except ValueError:
        # Never the parser's words: they quote the text.
        raise StrataError("the plan is not JSON", file=path, remedy=_MAKE) from None
    if not isinstance(document, dict) or not str(document.get("format_version", "")).startswith("1."):
        raise StrataError("this is not a plan of `terraform show -json`, format 1", file=path, remedy=_MAKE)
    if document.get("errored"):
        raise StrataError("the plan is incomplete: Terraform failed while making it", file=path)
    return document


def resources(document: Mapping[str, Any]) -> list[PlannedResource]:
    """The managed resources that exist after the apply of a plan, of all modules."""
    unknown = {change.address: change.unknown for change in changes(document)}
    return [
        PlannedResource(found["address"], found["type"], found["values"], unknown.get(found["address"]) or {})
        for found in _resources((document.get("planned_values") or {}).get("root_module") or {})
        if found["mode"] == "managed"
    ]


def changes(document: Mapping[str, Any]) -> Iterator[PlannedChange]:
    """What is planned for each resource instance and data source, unchanged ones too."""
    return map(_change, document.get("resource_changes") or ())


def drift(document: Mapping[str, Any]) -> Iterator[PlannedChange]:
    """What was changed outside Terraform since the last apply."""
    return map(_change, document.get("resource_drift") or ())


def outputs(document: Mapping[str, Any]) -> Iterator[PlannedChange]:
    """What is planned for each output of the root module."""
    for name, change in (document.get("output_changes") or {}).items():
        yield _change({"address": name, "mode": "output", "change": change})


def variables(document: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the root module's variables, each as Terraform writes it: `{"value": …}`."""
    return dict(document.get("variables") or {})


def expressions(document: Mapping[str, Any]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """What the configuration sets: expression by attribute, by a resource's `configured`."""
    return dict(_configured((document.get("configuration") or {}).get("root_module") or {}, ""))


def by_module(document: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The raw changes of each module that the root calls, with addresses as from inside it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for item in document.get("resource_changes") or ():
        name, address = _cut(str(item["address"]))
        if not name:
            continue
        change = {**item, "address": address}
        if previous := item.get("previous_address"):
            change["previous_address"] = str(previous).removeprefix(f"module.{name}.")
        found.setdefault(name, []).append(change)
    return found


def module_name(address: str) -> str:
    """The name of the root's module call that an address lies in, "" for the root's own."""
    return _cut(address)[0]


def _cut(address: str) -> tuple[str, str]:
    called = _CALL.match(address)
    return (called[1], address[called.end() :]) if called else ("", address)


def _change(item: Mapping[str, Any]) -> PlannedChange:
    change = item.get("change") or {}
    return PlannedChange(
        address=item["address"],
        type=item.get("type", ""),
        managed=item.get("mode", "managed") == "managed",
        actions=tuple(change.get("actions") or ()),
        before=change.get("before"),
        after=change.get("after"),
        unknown=change.get("after_unknown"),
        secret_before=change.get("before_sensitive"),
        secret_after=change.get("after_sensitive"),
        importing=bool(change.get("importing")),
        moved_from=item.get("previous_address") or "",
        module=item.get("module_address") or "",
    )


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from module.get("resources") or ()
    for child in module.get("child_modules") or ():
        yield from _resources(child)


def _configured(module: Mapping[str, Any], place: str) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    for resource in module.get("resources") or ():
        yield (place, resource["address"]), resource.get("expressions") or {}
    for name, call in (module.get("module_calls") or {}).items():
        inner = f"{place}.module.{name}" if place else f"module.{name}"
        yield from _configured(call.get("module") or {}, inner)
