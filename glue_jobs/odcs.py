"""The one reader of data contracts: documents of the Open Data Contract Standard, 3.1 or newer.

What the standard has no field for stands in `customProperties`. A field that the jobs would not obey is a
fault: what a contract promises is checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import resources
from typing import Any

from glue_jobs.contract import Column, Contract, Join, PartitionDate, ReferenceTable
from glue_jobs.errors import JobError
from glue_jobs.odcs_columns import NAME, RESERVED, ColumnReader
from glue_jobs.odcs_faults import ContractError, ContractFault, Path, similar
from glue_jobs.odcs_format import FormatReader
from glue_jobs.odcs_levels import LevelReader

__all__ = ["SUFFIX", "ContractError", "ContractFault", "from_document", "load"]

SUFFIX = ".odcs.yaml"
# Where a custom property may stand -> its names.
CUSTOM = {
    "data set": ("format", "nullTokens", "partition"),
    "reference": ("nullTokens",),
    "relationship": ("adds", "reason"),
}

Tables = list[tuple[Path, Mapping[str, Any]]]


def load(dataset: str) -> Contract:
    """Reads `contracts/<dataset>.odcs.yaml` of this package, from a folder or from Glue's zip.

    Raises:
        JobError: the data set has no contract, or one that cannot be used.
    """
    import yaml

    folder = resources.files("glue_jobs") / "contracts"
    files = [entry.name for entry in folder.iterdir() if entry.name.endswith(SUFFIX)]
    known = sorted(name.removesuffix(SUFFIX) for name in files)
    if dataset not in known:
        raise JobError(f"the data contract {dataset!r} does not exist; known: {', '.join(known)}")
    try:
        text = (folder / f"{dataset}{SUFFIX}").read_text(encoding="utf-8")
        # Ten times as fast, where PyYAML was built with libyaml.
        document = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise JobError(f"the data contract {dataset}{SUFFIX} is not YAML: {error}") from None
    return from_document(document)


def from_document(document: object) -> Contract:
    """Makes a contract of its parsed document.

    Raises:
        ContractError: with every fault that was found.
    """
    reader = _Reader()
    contract = reader.contract(document)
    if reader.faults or contract is None:
        raise ContractError(reader.faults)
    return contract


class _Reader(ColumnReader, FormatReader, LevelReader):
    """Reads a document and notes what is wrong with it."""

    def contract(self, document: object) -> Contract | None:
        if not isinstance(document, Mapping):
            self.fault((), "a contract is a mapping", "begin with apiVersion, kind, id, version and name")
            return None
        if document.get("kind") != "DataContract":
            self.fault(("kind",), "it is not a DataContract", "write kind: DataContract")
        version = str(document.get("apiVersion"))
        if not re.fullmatch(r"v3\.([1-9]|[1-9][0-9]+)\.[0-9]+", version):
            self.fault(("apiVersion",), f"{version} is not v3.1.0 or newer", "write apiVersion: v3.1.0")
        name = document.get("name")
        if not isinstance(name, str) or not NAME.fullmatch(name):
            self.fault(
                ("name",),
                f"{name!r} is not the name of a data set",
                "use lower-case letters, digits and underscores, a letter first, 63 at most",
            )
            name = ""
        if not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", str(document.get("version"))):
            self.fault(
                ("version",), f"{document.get('version')!r} is not a version", "write three numbers: 1.0.0"
            )
        self.customs(document, (), ())
        tables: Tables = [
            (("schema", place), table)
            for place, table in enumerate(self.items(document, "schema", ()))
            if isinstance(table, Mapping)
        ]
        if not tables and isinstance(document.get("schema", []), list):
            self.fault(
                ("schema",), "it describes no table", f"describe {name or 'the data set'} as its first"
            )
        if not tables:
            return None
        path, table = tables[0]
        if name and table.get("name") != name:
            self.fault(
                (*path, "name"),
                f"the first table is {table.get('name')!r}, the data set {name!r}",
                f"name it {name}",
            )
        references = self.references(tables[1:])
        self.acyclic(tables)
        contract = self.dataset(name, path, table, references)
        hours = self.freshness(document, name)
        return contract and replace(contract, version=str(document.get("version")), freshness_hours=hours)

    def dataset(
        self, name: str, path: Path, table: Mapping[str, Any], references: dict[str, ReferenceTable]
    ) -> Contract | None:
        columns = self.columns(path, table)
        if not columns:
            return None
        for place, described in enumerate(self.items(table, "properties", path)):
            if isinstance(described, Mapping):
                named = str(described.get("name"))
                header = described.get("physicalName", named)
                self.not_a_keyword(
                    (*path, "properties", place, "name"),
                    named,
                    f"use another, such as {named}_, and physicalName: {header}",
                )
        custom = self.customs(table, path, CUSTOM["data set"])
        joins = self.joins(path, table, references)
        key, date = self.key(path, table), self.partition(path, table, columns, custom.get("partition"))
        rows, unique = self.table_rules(path, table, [column.name for column in columns])
        if date is None:
            return None
        contract = Contract(
            dataset=name,
            null_tokens=self.null_tokens(path, custom),
            columns=columns,
            key=key,
            date=date,
            references=tuple(replace(found, joins=tuple(joins[found.name])) for found in references.values()),
            rows=rows,
            unique=unique,
            format=self.format(self.custom_place(table, path, "format"), custom.get("format")),
        )
        taken = contract.dated_names
        for join in (join for found in joins.values() for join in found):
            for added in join.adds:
                if added in taken or added in RESERVED:
                    self.fault(path, f"two curated columns are called {added}", "rename one in `adds`")
                taken = [*taken, added]
        return contract

    def key(self, path: Path, table: Mapping[str, Any]) -> tuple[str, ...]:
        places = {}
        for place, value in enumerate(self.items(table, "properties", path)):
            if isinstance(value, Mapping) and value.get("primaryKey"):
                if not value.get("required"):
                    self.fault(
                        (*path, "properties", place),
                        f"{value.get('name')} is part of the key and may be missing",
                        "write required: true",
                    )
                position = value.get("primaryKeyPosition", -1)
                count = len(self.items(table, "properties", path))
                places[str(value.get("name"))] = position if position > 0 else count + place
        if not places:
            self.fault(
                path, f"the table {table.get('name')} has no key", "write primaryKey: true in its columns"
            )
        return tuple(sorted(places, key=lambda name: places[name]))

    def partition(
        self, path: Path, table: Mapping[str, Any], columns: tuple[Column, ...], custom: object
    ) -> PartitionDate | None:
        types = {column.name: column for column in columns}
        marked = [
            (place, str(value["name"]))
            for place, value in enumerate(self.items(table, "properties", path))
            if isinstance(value, Mapping) and value.get("partitioned") and value.get("name") in types
        ]
        if custom is None:
            if len(marked) != 1:
                self.fault(
                    path,
                    f"the table {table.get('name')} has {len(marked)} columns to partition by",
                    "write partitioned: true in one date or timestamp, or the custom property partition",
                )
                return None
            place, name = marked[0]
            column = types[name]
            at = (*path, "properties", place)
            if column.type not in ("date", "timestamp"):
                self.fault(at, f"{name} is partitioned by and has no date", "use a date or a timestamp")
            if column.nullable:
                self.fault(at, f"{name} is partitioned by and may be missing", "write required: true")
            return PartitionDate(name if column.type == "date" else f"{name}_date", of=name)
        at = self.custom_place(table, path, "partition")
        if marked:
            self.fault(at, f"{marked[0][1]} is partitioned by as well", "leave one of both out")
        if not isinstance(custom, Mapping) or set(custom) - {"withinADayOf"} != {"name", "parts"}:
            self.fault(at, "a partition has name, parts and withinADayOf", "write them as a mapping")
            return None
        name, parts, near = str(custom["name"]), custom["parts"], custom.get("withinADayOf")
        if not NAME.fullmatch(name) or name in types or name in RESERVED:
            self.fault((*at, "name"), f"{name!r} is not the name of a new column", "choose another")
        self.not_a_keyword((*at, "name"), name, f"use another, such as {name}_")
        if not isinstance(parts, list) or len(parts) != 3:
            self.fault((*at, "parts"), "a date has three parts", "name the columns of year, month and day")
            return None
        for part in map(str, parts):
            self.referred(at, types, part, ("int", "bigint"), "a part of the partition")
        if near is not None:
            self.referred(at, types, str(near), ("timestamp",), "withinADayOf")
        year, month, day = map(str, parts)
        return PartitionDate(name, None, (year, month, day), None if near is None else str(near))

    def referred(
        self, path: Path, columns: Mapping[str, Column], name: str, kinds: tuple[str, ...], role: str
    ) -> None:
        """A column that a partition names."""
        if name not in columns:
            self.fault(path, f"{role} is {name!r}, not a column", similar(name, columns))
        elif columns[name].type not in kinds:
            self.fault(
                path,
                f"{role} is {name}, of type {columns[name].type}",
                f"use one of type {' or '.join(kinds)}",
            )
        elif columns[name].nullable:
            self.fault(path, f"{role} is {name}, which may be missing", "write required: true there")

    def references(self, tables: Tables) -> dict[str, ReferenceTable]:
        found: dict[str, ReferenceTable] = {}
        for path, table in tables:
            name = str(table.get("name"))
            if not NAME.fullmatch(name) or name in found:
                self.fault((*path, "name"), f"{name!r} is not the name of another reference", "change it")
            tokens = self.null_tokens(path, self.customs(table, path, CUSTOM["reference"]))
            if len(tokens) > 1:
                self.fault(path, f"the reference {name} has {len(tokens)} null tokens", "leave one")
            columns, key = self.columns(path, table), self.key(path, table)
            if len(key) > 1:
                self.fault(path, f"the key of the reference {name} has {len(key)} columns", "leave one")
            for column in columns:
                if column.format or column.zone or column.has_rules or column.header:
                    self.fault(
                        path,
                        f"the reference's column {name}.{column.name} has a format, rule or physicalName",
                        "leave it out: references are read as they are",
                    )
            if table.get("quality"):
                self.fault((*path, "quality"), f"the jobs do not check the reference {name}", "leave it out")
            found[name] = ReferenceTable(name, columns, next(iter(key), ""), (), next(iter(tokens), ""))
        return found

    def joins(
        self, path: Path, table: Mapping[str, Any], references: dict[str, ReferenceTable]
    ) -> dict[str, list[Join]]:
        found: dict[str, list[Join]] = {name: [] for name in references}
        for place, value in enumerate(self.items(table, "properties", path)):
            if not isinstance(value, Mapping):
                continue
            for number, relation in enumerate(value.get("relationships") or []):
                at = (*path, "properties", place, "relationships", number)
                join = self.join(at, value, relation, references)
                if join is not None:
                    found[join[0]].append(join[1])
        return found

    def join(
        self, path: Path, column: Mapping[str, Any], relation: object, references: dict[str, ReferenceTable]
    ) -> tuple[str, Join] | None:
        to = relation.get("to") if isinstance(relation, Mapping) else None
        name, _, key = str(to).partition(".")
        if not isinstance(relation, Mapping) or name not in references or key != references[name].key:
            known = [f"{found.name}.{found.key}" for found in references.values()]
            self.fault(
                (*path, "to"), f"{to!r} is not a reference's key", f"known: {', '.join(known) or 'none'}"
            )
            return None
        custom = self.customs(relation, path, CUSTOM["relationship"])
        adds, reason = custom.get("adds", {}), custom.get("reason")
        if not isinstance(adds, Mapping):
            self.fault(path, "`adds` is not a mapping", "write curated column: reference's column")
            return None
        names = [found.name for found in references[name].columns]
        for added, source in adds.items():
            at = self.custom_place(relation, path, "adds")
            if source not in names:
                self.fault((*at, added), f"{name} has no column {source!r}", similar(str(source), names))
                return None
            if not NAME.fullmatch(str(added)):
                self.fault((*at, added), f"{added!r} is not a column's name", "use lower-case letters")
            self.not_a_keyword((*at, added), str(added), f"use another, such as {added}_")
        if reason is not None and not re.fullmatch("unknown_[a-z0-9_]{1,40}", str(reason)):
            self.fault(
                self.custom_place(relation, path, "reason"), f"{reason!r} is not a reason", "write unknown_…"
            )
        return name, Join(
            str(column.get("name")), dict(sorted(adds.items())), None if reason is None else str(reason)
        )

    def acyclic(self, tables: Tables) -> None:
        """Tables that refer to each other in a circle have no order of joining."""
        names = {str(table.get("name")): path for path, table in tables}
        edges: dict[str, dict[str, Path]] = {name: {} for name in names}
        for (path, table), name in zip(tables, names, strict=False):
            for at, relation in _relations(path, table):
                target = str(relation.get("to")).partition(".")[0]
                if target in names:
                    edges[name].setdefault(target, at)
                if path != tables[0][0] and target not in names:
                    self.fault(at, f"{relation.get('to')!r} is not a table of this contract", "remove it")
                if path != tables[0][0] and "customProperties" in relation:
                    self.fault(
                        at, f"the reference {name} joins nothing itself", "remove the customProperties"
                    )

        def visit(name: str, trail: tuple[str, ...]) -> None:
            if name in trail:
                circle = " → ".join([*trail[trail.index(name) :], name])
                self.fault(edges[trail[-1]][name], f"references go in a circle: {circle}", "remove one")
                edges[trail[-1]].pop(name)
                return
            for target in list(edges[name]):
                visit(target, (*trail, name))

        for name in names:
            visit(name, ())


def _relations(path: Path, table: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    properties = table.get("properties")
    for place, value in enumerate(properties if isinstance(properties, list) else []):
        relations = value.get("relationships") if isinstance(value, Mapping) else None
        for number, relation in enumerate(relations or []):
            if isinstance(relation, Mapping):
                yield (*path, "properties", place, "relationships", number), relation
