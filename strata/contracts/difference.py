"""What a change of a contract asks of those who read its table, and the version number that calls for.

A change is major if a query or a program that reads the table can break, minor if only values or what is kept
change, or the files' producers have to follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from glue_jobs.contract import Column, Contract, Join, ReferenceTable
from glue_jobs.rules import Bound, Span, Value, shown
from strata.contracts.document import ContractDocument, sound
from strata.modules.versions import Level, Version

FOLLOW = ": producers have to follow"


@dataclass(frozen=True)
class ContractChange:
    """One difference: how much it asks, what changed and how."""

    level: Level
    subject: str
    text: str


@dataclass(frozen=True)
class ContractDifference:
    """All differences of two contracts.

    Attributes:
        changes: the gravest first.
        base, version: what the contracts call themselves.
    """

    changes: tuple[ContractChange, ...]
    base: Version
    version: Version

    @property
    def level(self) -> Level:
        """The level that all changes together call for."""
        return max((change.level for change in self.changes), default=Level.none)

    @property
    def next(self) -> Version:
        """The smallest version that announces the changes."""
        return self.base.after(self.level)

    @property
    def says_enough(self) -> bool:
        """Whether the new contract's version announces them."""
        return self.version >= self.next


def compare(old: ContractDocument, new: ContractDocument) -> ContractDifference:
    """Compare two contracts.

    Raises:
        StrataError: one of them is not sound.
    """
    before, after = sound(old), sound(new)
    changes = [
        *_fields(before, after),
        *_columns(before, after),
        *_joins(before, after),
        *_references(before, after),
    ]
    if not changes and _without_version(old) != _without_version(new):
        changes.append(ContractChange(Level.patch, "description", "changed; the data is as it was"))
    changes.sort(key=lambda change: (-change.level, change.subject, change.text))
    versions = (Version.read(str(document.content["version"])) for document in (old, new))
    return ContractDifference(tuple(changes), *versions)


def _without_version(document: ContractDocument) -> dict[str, object]:
    return {name: value for name, value in document.content.items() if name != "version"}


def _fields(before: Contract, after: Contract) -> Iterator[ContractChange]:
    if before.dataset != after.dataset:
        yield ContractChange(Level.major, "name", f"{before.dataset} has become {after.dataset}")
    if before.key != after.key:
        text = f"{', '.join(before.key)} has become {', '.join(after.key)}"
        yield ContractChange(Level.major, "key", text)
    if before.date.name != after.date.name:
        yield ContractChange(Level.major, "partition", f"{before.date.name} has become {after.date.name}")
    elif before.date != after.date:
        yield ContractChange(Level.minor, "partition", f"{after.date.name} is made another way")
    if before.null_tokens != after.null_tokens:
        shown = [", ".join(map(repr, tokens)) or "none" for tokens in (before.null_tokens, after.null_tokens)]
        yield ContractChange(Level.minor, "nullTokens", f"{shown[0]} has become {shown[1]}")
    if before.format != after.format:
        yield ContractChange(Level.minor, "format", f"files are written another way{FOLLOW}")
    if before.rows != after.rows:
        narrower = not _within(before.rows, after.rows)
        yield ContractChange(Level.minor, "rows", f"{after.rows} in a file now{FOLLOW if narrower else ''}")
    for columns in sorted({*before.unique} ^ {*after.unique}):
        level, text = (
            (Level.minor, f"unique in a file now{FOLLOW}")
            if columns in after.unique
            else (Level.major, "may repeat now")
        )
        yield ContractChange(level, f"columns {', '.join(columns)}", text)
    if before.freshness_hours != after.freshness_hours:
        hours = [contract.freshness_hours or float("inf") for contract in (before, after)]
        said = "are promised at no time now"
        if after.freshness_hours is not None:
            said = f"within {after.freshness_hours} hours now{FOLLOW if hours[1] < hours[0] else ''}"
        yield ContractChange(Level.minor, "freshness", f"new rows {said}")
    kept = [name for name in after.names if name in before.names]
    if kept != [name for name in before.names if name in kept]:
        yield ContractChange(Level.minor, "columns", "are in another order: producers have to follow")


def _columns(before: Contract, after: Contract) -> Iterator[ContractChange]:
    old, new = ({column.name: column for column in contract.columns} for contract in (before, after))
    for name in dict.fromkeys([*old, *new]):
        subject = f"column {name}"
        if name not in new:
            yield ContractChange(Level.major, subject, "removed")
        elif name not in old:
            yield ContractChange(Level.minor, subject, "added: producers have to send it")
        else:
            for level, text in _column(old[name], new[name]):
                yield ContractChange(level, subject, text)


def _column(old: Column, new: Column) -> Iterator[tuple[Level, str]]:
    if old.type != new.type:
        # Files that are there keep the old type, and readers compare it with the table's.
        yield Level.major, f"{old.type} has become {new.type}"
    if old.nullable != new.nullable:
        yield (Level.major, "may be missing now") if new.nullable else (Level.minor, "is required now")
    headers = [column.header or column.name for column in (old, new)]
    if headers[0] != headers[1]:
        yield Level.minor, f"{headers[0]} has become {headers[1]} in files: producers have to follow"
    if (old.format, old.zone) != (new.format, new.zone) and old.type == new.type:
        yield Level.minor, "is written another way: producers have to follow"
    if old.pattern != new.pattern:
        yield Level.minor, f"has the pattern {new.pattern}" if new.pattern else "has no pattern any more"
    if old.type == new.type:
        yield from _range(old, new)
    if old.allowed != new.allowed and (more := _narrower(set(old.allowed), set(new.allowed))) is not None:
        yield (
            Level.minor,
            f"allows {', '.join(map(shown, new.allowed)) or 'any value'} now{FOLLOW if more else ''}",
        )
    if old.length != new.length:
        length = Span() if new.length is None else new.length
        narrower = not _within(old.length or Span(), length)
        yield Level.minor, f"has {length} characters now{FOLLOW if narrower else ''}"
    if old.unique != new.unique:
        yield (
            (Level.minor, f"is unique in a file now{FOLLOW}")
            if new.unique
            else (Level.major, "may repeat now")
        )


def _range(old: Column, new: Column) -> Iterator[tuple[Level, str]]:
    """The ends of a range: a narrower one refuses what producers may send."""
    for name, before, after, sign in (
        ("minimum", old.least, new.least, 1),
        ("maximum", old.most, new.most, -1),
    ):
        if before == after:
            continue
        if after is None:
            yield Level.minor, f"has no {name} any more"
            continue
        narrower = before is None or sign * _compared(after, before) > 0 or _closed(before, after)
        end = f"{'exclusive ' if after.exclusive else ''}{name} {shown(after.value)}"
        yield Level.minor, f"has the {end} now{FOLLOW if narrower else ''}"


def _compared(one: Bound, other: Bound) -> int:
    # Both are of the column's type.
    return (one.value > other.value) - (one.value < other.value)  # type: ignore[operator]


def _closed(before: Bound, after: Bound) -> bool:
    return before.value == after.value and after.exclusive


def _narrower(before: set[Value], after: set[Value]) -> bool | None:
    """Whether values that were allowed are not any more; None if both sets are the same."""
    if before == after:
        return None
    return bool(after) and (not before or bool(before - after))


def _within(inner: Span, outer: Span) -> bool:
    most = outer.most
    return outer.least <= inner.least and (most is None or (inner.most is not None and inner.most <= most))


def _joins(before: Contract, after: Contract) -> Iterator[ContractChange]:
    old, new = _added(before), _added(after)
    for name in dict.fromkeys([*old, *new]):
        subject = f"joined column {name}"
        if name not in new:
            yield ContractChange(Level.major, subject, "removed")
        elif name not in old:
            yield ContractChange(Level.minor, subject, "added")
        elif old[name][0] != new[name][0]:
            yield ContractChange(Level.major, subject, f"{old[name][0]} has become {new[name][0]}")
        elif old[name] != new[name]:
            yield ContractChange(Level.minor, subject, f"comes of {new[name][1]} now, not of {old[name][1]}")
    reasons = [
        {(join.column, reference.name): join.reason for reference, join in _all_joins(contract)}
        for contract in (before, after)
    ]
    for (column, reference), reason in reasons[1].items():
        if reason and not reasons[0].get((column, reference)):
            text = f"is quarantined where {reference} lacks it, as {reason}"
            yield ContractChange(Level.minor, f"column {column}", text)
    for (column, reference), reason in reasons[0].items():
        if reason and not reasons[1].get((column, reference)):
            yield ContractChange(Level.major, f"column {column}", f"may hold what {reference} lacks now")


def _references(before: Contract, after: Contract) -> Iterator[ContractChange]:
    old, new = ({found.name: found for found in contract.references} for contract in (before, after))
    for name, reference in new.items():
        if name in old and (reference.columns, reference.key) != (old[name].columns, old[name].key):
            yield ContractChange(
                Level.minor, f"reference {name}", "has other columns: its file has to follow"
            )
        elif name not in old:
            yield ContractChange(Level.minor, f"reference {name}", "added: its file has to be there")


def _all_joins(contract: Contract) -> Iterator[tuple[ReferenceTable, Join]]:
    for reference in contract.references:
        for join in reference.joins:
            yield reference, join


def _added(contract: Contract) -> dict[str, tuple[str, str]]:
    """Joined column -> its type, and where it comes from."""
    return {
        name: (reference.type_of(column), f"{reference.name}.{column} by {join.column}")
        for reference, join in _all_joins(contract)
        for name, column in join.adds.items()
    }
