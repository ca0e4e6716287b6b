"""How a module's interface changed, and the version number that calls for.

The number is a lower bound: what an attribute's new value does to resources that exist, only a plan says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from strata.hcl.types import Collection, Object, Primitive, Tuple, Type
from strata.modules.interface import DeclaredResource, Module, Move, Output, Variable
from strata.modules.versions import Level
from strata.plan.document import without_keys

_NUMBER = re.compile(r"\d+")
# Every value of the first type has a meaning in the second: HCL converts it without loss.
_WIDENED = {("bool", "string"), ("number", "string")}


@dataclass(frozen=True)
class InterfaceChange:
    """One difference: how much it asks of callers, what changed and how."""

    level: Level
    subject: str
    text: str


def compare(old: Module, new: Module) -> list[InterfaceChange]:
    """The differences between two versions of a module, the gravest first."""
    changes = [
        *_inputs(old, new),
        *_outputs(old, new),
        *_addresses(old, new),
        *_requirements(old, new),
    ]
    if not changes and _code(old) != _code(new):
        changes.append(InterfaceChange(Level.patch, "code", "changed inside, the interface did not"))
    return sorted(changes, key=lambda change: (-change.level, change.subject, change.text))


def level_of(changes: list[InterfaceChange]) -> Level:
    """The level that all changes together call for."""
    return max((change.level for change in changes), default=Level.none)


def _inputs(old: Module, new: Module) -> Iterator[InterfaceChange]:
    for name in sorted({*old.variables, *new.variables}):
        subject = f"input {name}"
        before, after = old.variables.get(name), new.variables.get(name)
        if before is None:
            assert after is not None
            if after.default is None:
                yield InterfaceChange(Level.major, subject, "added, and callers have to give it")
            else:
                yield InterfaceChange(Level.minor, subject, "added")
        elif after is None:
            yield InterfaceChange(Level.major, subject, "removed")
        else:
            for level, text in _input(before, after):
                yield InterfaceChange(level, subject, text)


def _input(old: Variable, new: Variable) -> Iterator[tuple[Level, str]]:
    if old.type is not None and new.type is not None:
        yield from _types(old.type, new.type, "")
    elif old.type != new.type:
        yield Level.major, "type added" if old.type is None else "type removed"
    if old.default != new.default:
        if new.default is None:
            yield Level.major, f"default {old.default_text} removed: callers have to give it"
        elif old.default is None:
            yield Level.minor, f"default {_short(new.default_text)} added: callers may leave it out"
        else:
            yield (
                Level.major,
                f"default {_short(old.default_text)} became {_short(new.default_text)}: "
                "callers who leave it out get something else",
            )
    if old.nullable != new.nullable:
        if new.nullable:
            yield Level.minor, "may be null now"
        else:
            yield Level.major, "may not be null any more"
    yield from _marks(old, new)
    before = {validation.condition for validation in old.validations}
    after = {validation.condition for validation in new.validations}
    for validation in new.validations:
        if validation.condition not in before:
            yield Level.major, f"validation added, which may refuse what passed: {validation.error_message}"
    for validation in old.validations:
        if validation.condition not in after:
            yield Level.minor, f"validation removed: {validation.error_message}"
    if before == after and old.validations != new.validations and _messages(old) != _messages(new):
        yield Level.patch, "the message of a validation changed"
    if old.description != new.description:
        yield Level.patch, "description changed"


def _messages(variable: Variable) -> list[str]:
    return sorted(validation.error_message for validation in variable.validations)


def _types(old: Type, new: Type, where: str) -> Iterator[tuple[Level, str]]:
    at = f" at {where}" if where else ""
    match old, new:
        case Object(before), Object(after):
            yield from _objects(Object(before), Object(after), where)
        case Collection(kind, element), Collection(other, other_element) if kind == other:
            yield from _types(element, other_element, f"{where}[*]")
        case Tuple(elements), Tuple(others) if len(elements) == len(others):
            for index, (inner, other_inner) in enumerate(zip(elements, others, strict=True)):
                yield from _types(inner, other_inner, f"{where}[{index}]")
        case Primitive(name), Primitive(other_name) if name != other_name:
            wider = other_name == "any" or (name, other_name) in _WIDENED
            yield Level.minor if wider else Level.major, f"type{at} changed from {name} to {other_name}"
        case _ if old != new:
            yield Level.major, f"type{at} changed from {_kind(old)} to {_kind(new)}"


def _objects(old: Object, new: Object, where: str) -> Iterator[tuple[Level, str]]:
    for name in sorted({*old.fields, *new.fields}):
        path = f"{where}.{name}"
        before, after = old.fields.get(name), new.fields.get(name)
        if before is None:
            assert after is not None
            if after.optional:
                yield Level.minor, f"attribute {path} added"
            else:
                yield Level.major, f"attribute {path} added, and callers have to give it"
        elif after is None:
            # Terraform drops an attribute that the type lacks without a word.
            yield Level.major, f"attribute {path} removed"
        else:
            if before.optional and not after.optional:
                yield Level.major, f"attribute {path} has to be given now"
            elif after.optional and not before.optional:
                yield Level.minor, f"attribute {path} may be left out now"
            elif before.default != after.default:
                yield (
                    Level.major,
                    f"default of attribute {path} changed from {before.default or 'null'} to "
                    f"{after.default or 'null'}: callers who leave it out get something else",
                )
            yield from _types(before.type, after.type, path)


def _kind(constraint: Type) -> str:
    match constraint:
        case Primitive(name):
            return name
        case Collection(kind, element):
            return f"{kind}({_kind(element)})"
        case Tuple():
            return "tuple"
        case _:
            return "object"


def _outputs(old: Module, new: Module) -> Iterator[InterfaceChange]:
    for name in sorted({*old.outputs, *new.outputs}):
        subject = f"output {name}"
        before, after = old.outputs.get(name), new.outputs.get(name)
        if before is None:
            yield InterfaceChange(Level.minor, subject, "added")
        elif after is None:
            yield InterfaceChange(Level.major, subject, "removed")
        else:
            for level, text in _marks(before, after):
                yield InterfaceChange(level, subject, text)
            if before.value != after.value:
                yield InterfaceChange(
                    Level.patch, subject, "made in another way: check that it means the same"
                )
            if before.description != after.description:
                yield InterfaceChange(Level.patch, subject, "description changed")


def _marks(old: Variable | Output, new: Variable | Output) -> Iterator[tuple[Level, str]]:
    for mark, before, after in (
        ("sensitive", old.sensitive, new.sensitive),
        ("ephemeral", old.ephemeral, new.ephemeral),
    ):
        if after and not before:
            yield Level.major, f"is {mark} now, and so is what callers make of it"
        elif before and not after:
            yield Level.minor, f"is not {mark} any more"


def _addresses(old: Module, new: Module) -> Iterator[InterfaceChange]:
    # A move that was released no longer counts as a reason: its target is compared like any resource.
    known = set(_moves(old))
    moved = {move.source: move.target for move in _moves(new) if move not in known}
    for source, target in sorted(moved.items()):
        yield InterfaceChange(
            Level.minor, f"resource {source}", f"moved to {target}: states follow by themselves"
        )
    before, now = old.addresses, new.addresses
    for address, resource in sorted(before.items()):
        if any(_within(address, source) for source in moved):
            continue
        subject = f"resource {address}"
        after = now.get(address)
        if after is not None:
            yield from _repetition(resource, after, subject)
        elif any(_within(address, removed) for removed in new.removed):
            yield InterfaceChange(
                Level.major, subject, "let go by a `removed` block: nothing manages it any more"
            )
        elif not _read_through(old, address):
            yield InterfaceChange(
                Level.major, subject, "gone without `moved`: what it stands for is destroyed"
            )
    for address in sorted(now.keys() - before.keys()):
        if not _read_through(new, address) and not any(_within(address, to) for to in moved.values()):
            yield InterfaceChange(Level.minor, f"resource {address}", "added")


def _moves(module: Module) -> Iterator[Move]:
    """The moves of a module and of those that it calls, by addresses from here."""
    yield from module.moves
    for call, nested in module.nested.items():
        for move in _moves(nested):
            yield Move(f"module.{call}.{move.source}", f"module.{call}.{move.target}")


def _within(address: str, end: str) -> bool:
    """Whether the end of a move is about the resource: it itself, its instances, or the module it lies in."""
    bare = without_keys(end)
    return address == bare or address.startswith(f"{bare}.")


def _read_through(module: Module, address: str) -> bool:
    """Whether the address is that of a nested module that was read: its resources stand for it."""
    first, _, rest = address.removeprefix("module.").partition(".")
    nested = module.nested.get(first) if address.startswith("module.") else None
    return nested is not None and (not rest or _read_through(nested, rest))


def _repetition(old: DeclaredResource, new: DeclaredResource, subject: str) -> Iterator[InterfaceChange]:
    if old.repeated == new.repeated:
        if old.over != new.over:
            text = f"{new.repeated} changed: an instance whose key goes is destroyed, see the plan"
            yield InterfaceChange(Level.minor, subject, text)
    elif {old.repeated, new.repeated} == {"", "count"}:
        # Terraform itself takes `x` for `x[0]`, both ways.
        yield InterfaceChange(
            Level.minor, subject, f"{new.repeated or 'single'} instead of {old.repeated or 'single'}"
        )
    else:
        yield InterfaceChange(
            Level.major,
            subject,
            f"{new.repeated or 'single'} instead of {old.repeated or 'single'} without `moved`: "
            "what it stands for is destroyed",
        )


def _requirements(old: Module, new: Module) -> Iterator[InterfaceChange]:
    earlier, later = _required(old), _required(new)
    for name in sorted({*earlier, *later}):
        subject = "Terraform" if name == "terraform" else f"provider {name}"
        before, after = earlier.get(name), later.get(name)
        if before == after:
            continue
        if before is None:
            yield InterfaceChange(Level.major, subject, f"needed now: {after}")
        elif after is None:
            yield InterfaceChange(Level.minor, subject, "not needed any more")
        else:
            same = _NUMBER.findall(before)[:1] == _NUMBER.findall(after)[:1]
            level = Level.minor if same else Level.major
            yield InterfaceChange(level, subject, f"version {after} instead of {before}")


def _required(module: Module) -> dict[str, str]:
    """The requirements, with those that only nested modules have."""
    found: dict[str, str] = {}
    for nested in module.nested.values():
        found |= _required(nested)
    return found | dict(module.requirements)


def _code(module: Module) -> dict[str, str | bytes]:
    """All that can change what a module does: not its documents."""
    found: dict[str, str | bytes] = {}
    for call, nested in module.nested.items():
        found |= {f"module.{call} {name}": raw for name, raw in _code(nested).items()}
    others = {name: raw for name, raw in module.others.items() if not name.endswith(".md")}
    return {**found, **{file.name: file.text for file in module.files}, **others}


def _short(text: str | None) -> str:
    joined = " ".join((text or "").split())
    return joined if len(joined) <= 40 else f"{joined[:37]}..."
