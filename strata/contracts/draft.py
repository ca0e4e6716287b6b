"""Drafts of contracts, made of a sample of the data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

from glue_jobs.contract import Column
from glue_jobs.odcs import from_document
from glue_jobs.odcs_columns import KEYWORDS, NAME, RESERVED
from glue_jobs.odcs_faults import ContractError
from glue_jobs.shapes import shape_of
from strata.contracts.draft_samples import SampleColumns, read_sample
from strata.errors import StrataError

# So few values, each so often on average, are shown as what may be all.
FEW, OFTEN = 8, 5
# What exporters write where there is nothing; one that a sample holds is a null token.
TOKENS = ("NA", "N/A", "n/a", "NULL", "null", "None", "-", "\\N")
DATES = ("yyyy-MM-dd", "dd.MM.yyyy", "dd/MM/yyyy", "MM/dd/yyyy", "yyyyMMdd")
HOURS = ("HH:mm:ss", "HH:mm", "HH:mm:ss.SSS")
_COMMA_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?")
# Numbers with more places are measured, not counted.
COUNTED_PLACES = 4
_STRPTIME = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "SSS": "%f"}


@dataclass(frozen=True)
class Draft:
    """A draft: its document as text, and what is left to decide."""

    name: str
    text: str
    open: tuple[str, ...]


def draft(sample: Path, name: str | None = None) -> Draft:
    """Draft the contract of a sample.

    Args:
        sample: the file, CSV with a header, JSON lines or Parquet; its first rows are read.
        name: the data set; by default the file's name.

    Raises:
        StrataError: the file cannot be read, or has no rows.
    """
    found = read_sample(sample)
    named = name or _name(sample.name.partition(".")[0])
    if not NAME.fullmatch(named):
        raise StrataError(f"{named!r} is not the name of a data set", remedy="give one with --name")
    names, values = _names(found.titles), found.values
    tokens = [token for token in TOKENS if any(_is_token(token, column) for column in values)]
    missing = {"", *tokens}
    described = [
        _column(
            column_name,
            title,
            [value for value in column if value not in missing],
            missing & set(column),
            found,
        )
        for column_name, title, column in zip(names, found.titles, values, strict=True)
    ]
    key = _key(described, values)
    for place in key:
        described[place]["primaryKey"] = True
        if len(key) > 1:
            described[place]["primaryKeyPosition"] = key.index(place) + 1
    dated = [column for column in described if column["logicalType"] in ("date", "timestamp")]
    if partition := next((column for column in dated if column.get("required")), None):
        partition["partitioned"] = True
    table: dict[str, Any] = {"name": named, "physicalType": "file"}
    custom = {"format": found.format, "nullTokens": tokens}
    if any(custom.values()):
        table["customProperties"] = [
            {"property": name, "value": value} for name, value in custom.items() if value
        ]
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": named,
        "name": named,
        "version": "1.0.0",
        "status": "draft",
        "schema": [table | {"properties": described}],
    }
    written = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    for column_name, column in zip(names, values, strict=True):
        written = _with_values(written, column_name, [value for value in column if value not in missing])
    head = f"# Drafted from {found.rows} rows of {sample.name}: read it before it is used.\n"
    left = (*_open(document), *_with_comma(described, values, missing))
    return Draft(named, head + written, left)


def _name(title: str) -> str:
    """A title as a name: `Vendor ID` and `vendorId` are `vendor_id`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", title)
    name = re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")
    return name if name[:1].isalpha() else f"c_{name}".rstrip("_")


def _names(header: Sequence[str]) -> list[str]:
    names: list[str] = []
    for title in header:
        name = _name(title)[:60]
        while name in names or name in RESERVED or name in KEYWORDS:
            name = f"{name}_"
        names.append(name)
    return names


def _is_token(token: str, values: Sequence[str]) -> bool:
    """Whether a column's other values have a type that the token does not have."""
    if token not in values:
        return False
    others = [value for value in values if value and value not in TOKENS]
    return not others or token in TOKENS[:6] or _type(others).type != "string"


def _column(
    name: str, title: str, values: Sequence[str], missing: set[str], sample: SampleColumns
) -> dict[str, Any]:
    found = sample.types.get(title) or _type(values)
    if title in sample.texts and found.type not in ("date", "timestamp"):
        # A number in quotes is a text to whoever wrote it, such as a ZIP code.
        found = Column("", "string")
    logical = {"int": "integer", "bigint": "integer", "double": "number"}.get(found.type, found.type)
    column: dict[str, Any] = {"name": name}
    if title != name:
        column["physicalName"] = title
    column["logicalType"] = "number" if found.type.startswith("decimal") else logical
    if column["logicalType"] not in (found.type, "integer") or found.type == "bigint":
        column["physicalType"] = found.type
    options: dict[str, Any] = {} if found.format is None else {"format": found.format}
    if found.zone is not None:
        options |= {"timezone": False, "defaultTimezone": found.zone}
    if options:
        column["logicalTypeOptions"] = options
    if not missing and values:
        column["required"] = True
    return column


def _with_values(written: str, name: str, values: Sequence[str]) -> str:
    """A draft with a column's few values as a comment: whether there are others, a sample does not say."""
    distinct = sorted(set(values))
    numbers = _type(distinct).type != "string"
    if numbers or not 1 < len(distinct) <= FEW or len(values) < OFTEN * len(distinct):
        return written
    shown = ", ".join(f"{{value: {json.dumps(value, ensure_ascii=False)}}}" for value in distinct)
    return written.replace(
        f"  - name: {name}\n", f"  - name: {name}\n    # The sample's only values. enum: [{shown}]\n", 1
    )


def _type(values: Sequence[str]) -> Column:
    """The narrowest type that all values have."""
    fitting = (column for column in _candidates(values) if values and _fits(column, values))
    return next(fitting, Column("", "string"))


def _candidates(values: Sequence[str]) -> Iterator[Column]:
    # A number that begins with a zero is a code, such as a ZIP code.
    if not any(re.fullmatch(r"[+-]?0[0-9]+", value) for value in values):
        yield from (Column("", "int"), Column("", "bigint"))
        places = max((len(value.partition(".")[2]) for value in values), default=0)
        digits = max((len(value.lstrip("+-").partition(".")[0]) for value in values), default=0)
        if 0 < places <= COUNTED_PLACES and digits + places <= 38:
            yield Column("", f"decimal({max(18, digits + places)},{places})")
        yield Column("", "double")
    if not set(values) <= {"0", "1"}:
        yield Column("", "boolean")
    yield from (Column("", "date"), Column("", "timestamp"), Column("", "timestamp", zone="Etc/UTC"))
    for date in DATES[1:]:
        yield Column("", "date", format=date)
    for date in DATES:
        for hours in HOURS:
            yield Column("", "timestamp", format=f"{date} {hours}", zone="Etc/UTC")


def _fits(column: Column, values: Sequence[str]) -> bool:
    shape = re.compile(shape_of(column) or "")
    if not all(shape.fullmatch(value) for value in values):
        return False
    if column.type in ("int", "bigint"):
        limit = 2 ** (31 if column.type == "int" else 63)
        return all(-limit <= int(value) < limit for value in values)
    return column.type not in ("date", "timestamp") or all(_is_date(column.format, value) for value in values)


def _is_date(pattern: str | None, value: str) -> bool:
    try:
        if pattern is None:
            datetime.fromisoformat(value)
        else:
            datetime.strptime(value, re.sub("|".join(_STRPTIME), lambda m: _STRPTIME[m[0]], pattern))
    except ValueError:
        return False
    return True


def _key(described: Sequence[dict[str, Any]], values: Sequence[Sequence[str]]) -> list[int]:
    """The first column, or two or three of them, that tell all rows of the sample apart."""
    required = [
        place
        for place, column in enumerate(described)
        if column.get("required") and column.get("physicalType", "") != "double"
    ]
    for count in (1, 2, 3):
        for places in combinations(required[:12], count):
            if len(set(zip(*(values[place] for place in places), strict=True))) == len(values[0]):
                return list(places)
    return []


def _with_comma(
    described: Sequence[dict[str, Any]], values: Sequence[Sequence[str]], missing: set[str]
) -> Iterator[str]:
    """The columns of text that hold numbers with a decimal comma, which the jobs do not read."""
    for column, texts in zip(described, values, strict=True):
        given = [text for text in texts if text not in missing]
        commas = [text for text in given if "," in text]
        if column["logicalType"] == "string" and commas and all(map(_COMMA_NUMBER.fullmatch, given)):
            yield (
                f"the values of {column['name']}, such as {commas[0]}, have a decimal comma: "
                "they are drafted as text"
            )


def _open(document: dict[str, Any]) -> Iterator[str]:
    """What the sample does not say."""
    try:
        from_document(document)
    except ContractError as error:
        yield from (f"{fault.message}: {fault.remedy}" for fault in error.faults)
    columns = document["schema"][0]["properties"]
    if key := [column["name"] for column in columns if column.get("primaryKey")]:
        yield f"the key is {', '.join(key)}, which tells the sample's rows apart: does it always?"
    for column in columns:
        options = column.get("logicalTypeOptions", {})
        if options.get("timezone") is False:
            yield f"the times of {column['name']} have no zone: UTC is assumed in defaultTimezone"
        found = str(options.get("format", ""))
        if found.startswith(("dd/MM", "MM/dd")):
            yield f"the dates of {column['name']} are taken for {found}: look at a day after the 12th"
