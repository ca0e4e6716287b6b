"""Sample data of a contract: valid rows, and lines with faults among them, the same for each seed."""

from __future__ import annotations

import csv
import io
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from glue_jobs.contract import Column, Contract, ReferenceTable
from glue_jobs.rules import Value
from strata.contracts.document import ContractDocument, sound
from strata.contracts.sample_files import WRITERS, Fields, text_of
from strata.errors import StrataError

REFERENCE_ROWS = 12
TRIES = 200  # how often a row is made again that breaks a rule over several lines
FAULTY = 5  # of so many lines one has a fault in a dirty sample
MISSING = 10  # of so many values that may be missing one is
FIRST_DAY = date(2026, 1, 1)


@dataclass(frozen=True)
class Sample:
    """Sample data.

    Attributes:
        content: the file.
        name: the file's name.
        references: the reference files by name.
        faulty: the lines that are quarantined.
        duplicates: the lines whose key an earlier one has.
    """

    content: bytes
    name: str
    references: Mapping[str, bytes]
    faulty: frozenset[int]
    duplicates: frozenset[int]


def sample(document: ContractDocument, rows: int, seed: int = 0, dirty: bool = False) -> Sample:
    """Make up a file.

    Args:
        document: the contract.
        rows: how many lines the file has below its header.
        seed: another one makes another file.
        dirty: whether lines with faults and duplicates are among them.

    Raises:
        StrataError: the contract is not sound, or its rules leave no room for so many rows.
    """
    contract = sound(document)
    maker = _Maker(contract, _examples(document), Random(f"{contract.dataset} {seed}"))
    writer = WRITERS[contract.format.type](contract, maker.random)
    written: list[Any] = []
    good: list[Fields] = []
    faulty, duplicates = set(), set()
    first = 2 if contract.format.has_header else 1
    for number in range(first, rows + first):
        spoilt = dirty and number > first and maker.random.randrange(FAULTY) == 0
        fields = maker.row()
        if not spoilt:
            good.append(fields)
        elif good and maker.random.randrange(4) == 0:
            fields = maker.random.choice(good)
            duplicates.add(number)
        else:
            written.append(writer.spoilt(fields))
            faulty.add(number)
            continue
        written.append(writer.row(fields))
    references = {found.name: maker.reference(found).encode() for found in contract.references}
    name = f"{contract.dataset}.{writer.suffix}"
    return Sample(writer.file(written), name, references, frozenset(faulty), frozenset(duplicates))


def _examples(document: ContractDocument) -> dict[str, list[str]]:
    columns = document.content["schema"][0]["properties"]
    return {str(column["name"]): [str(each) for each in column.get("examples", [])] for column in columns}


class _Maker:
    def __init__(self, contract: Contract, examples: Mapping[str, list[str]], random: Random) -> None:
        self.contract = contract
        self.examples = examples
        self.random = random
        self.columns = {column.name: column for column in contract.columns}
        self.unique = [contract.key, *contract.unique_columns]
        self.seen: list[set[tuple[str, ...]]] = [set() for _ in self.unique]
        self.keys = {found.name: self._keys(found) for found in contract.references}

    def row(self) -> Fields:
        """The fields of another good row."""
        for _ in range(TRIES):
            fields = self._fields()
            texts = (text_of(*pair) for pair in zip(self.contract.columns, fields, strict=True))
            values = dict(zip(self.contract.names, texts, strict=True))
            together = [tuple(values[name] for name in names) for names in self.unique]
            if all(found not in seen for found, seen in zip(together, self.seen, strict=True)):
                for found, seen in zip(together, self.seen, strict=True):
                    # What is missing is equal to nothing.
                    if not set(found) & {"", *self.contract.null_tokens}:
                        seen.add(found)
                return fields
        raise StrataError(
            f"the rules of {self.contract.dataset} leave no room for another row",
            remedy="ask for fewer rows, or widen the ranges of the key",
        )

    def reference(self, table: ReferenceTable) -> str:
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow([column.name for column in table.columns])
        for key in self.keys[table.name]:
            writer.writerow(
                [key if column.name == table.key else self._text(column) for column in table.columns]
            )
        return buffer.getvalue()

    def _fields(self) -> Fields:
        rule = self.contract.date
        fixed: dict[str, Value] = {}
        if rule.parts:
            day = FIRST_DAY + timedelta(days=self.random.randrange(365))
            fixed = dict(zip(rule.parts, (day.year, day.month, day.day), strict=True))
            if rule.within_a_day_of is not None:
                hour = timedelta(hours=self.random.randrange(24))
                fixed[rule.within_a_day_of] = datetime(day.year, day.month, day.day, tzinfo=UTC) + hour
        fields: Fields = []
        for column in self.contract.columns:
            if column.name in fixed:
                fields.append(fixed[column.name])
            elif column.nullable and self.random.randrange(MISSING) == 0:
                fields.append(None)
            else:
                fields.append(self._known(column) or self._present(column))
        return fields

    def _known(self, column: Column) -> str | None:
        """A key of the references that the column is looked up in."""
        joined = [
            found.name
            for found in self.contract.references
            for join in found.joins
            if join.column == column.name
        ]
        return self.random.choice(self.keys[joined[0]]) if joined else None

    def _keys(self, table: ReferenceTable) -> list[str]:
        joining = [self.columns[join.column] for join in table.joins]
        column = joining[0] if joining else next(each for each in table.columns if each.name == table.key)
        return sorted({self._text(column) for _ in range(REFERENCE_ROWS)})

    def _text(self, column: Column) -> str:
        return text_of(column, self._present(column))

    def _present(self, column: Column) -> Value:
        """A value that does not look as nothing does."""
        for _ in range(TRIES):
            value = self._value(column)
            text = text_of(column, value)
            if text and text not in self.contract.null_tokens:
                return value
        raise StrataError(f"every value of {column.name} is a null token", remedy="change nullTokens")

    def _value(self, column: Column) -> Value:
        random = self.random
        if column.allowed:
            return random.choice(column.allowed)
        if column.type == "string":
            return self._string(column)
        if column.type == "boolean":
            return random.random() < 0.5
        if column.type == "date":
            first, last = _ends(column, FIRST_DAY.toordinal(), 365, lambda day: day.toordinal())
            return date.fromordinal(random.randint(first, last))
        if column.type == "timestamp":
            epoch = datetime(1970, 1, 1, tzinfo=UTC)
            begun = (datetime(2026, 1, 1, tzinfo=UTC) - epoch) // timedelta(seconds=1)
            first, last = _ends(column, begun, 365 * 86_400, lambda at: (at - epoch) // timedelta(seconds=1))
            return epoch + timedelta(seconds=random.randint(first, last))
        if column.type == "double":
            first, last = _ends(column, 0, 10**6, lambda number: int(Decimal(str(number)) * 1000))
            return random.randint(first, last) / 1000
        scale = 0
        if column.type.startswith("decimal"):
            digits, scale = map(int, re.findall(r"\d+", column.type))
            width = min(10**digits - 1, 10**6)
        else:
            width = 10**6
        first, last = _ends(column, 0, width, lambda number: int(number * 10**scale))
        return Decimal(random.randint(first, last)).scaleb(-scale) if scale else random.randint(first, last)

    def _string(self, column: Column) -> str:
        random = self.random
        if column.pattern is not None:
            candidates = [*self.examples.get(column.name, []), *column.pattern.split("|")]
            length = column.length
            fitting = [
                text
                for text in candidates
                if re.fullmatch(column.pattern, text) and (length is None or len(text) in length)
            ]
            if not fitting:
                raise StrataError(
                    f"nothing is known to match the pattern of {column.name}",
                    remedy="give the column examples: […] that do",
                )
            return random.choice(fitting)
        least = 3 if column.length is None else max(1, column.length.least)
        most = None if column.length is None else column.length.most
        longest = least + 9 if most is None else most
        return "".join(random.choices(string.ascii_lowercase, k=random.randint(min(least, longest), longest)))


def _ends(column: Column, begun: int, width: int, number: Callable[[Any], int]) -> tuple[int, int]:
    """The ends of a column's range as whole numbers, both of them included."""
    least, most = column.least, column.most
    first = None if least is None else number(least.value) + least.exclusive
    last = None if most is None else number(most.value) - most.exclusive
    if first is None:
        first = begun if last is None else min(begun, last)
    return first, first + width if last is None else last
