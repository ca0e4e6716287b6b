"""The custom property `format` of a data contract's document: how raw files are written."""

from __future__ import annotations

from collections.abc import Mapping

from glue_jobs.formats import DELIMITERS, ENCODINGS, ORDINARY, QUOTES, TYPES, Format
from glue_jobs.odcs_faults import FaultReader, Path, similar

FIELDS = ("type", "delimiter", "quote", "encoding", "multiLine")
# Of each type, the fields that say more of it.
FIELDS_OF = {"csv": FIELDS, "json": ("type", "encoding"), "parquet": ("type",)}


class FormatReader(FaultReader):
    """Reads how files are written and notes what is wrong with it."""

    def format(self, path: Path, value: object) -> Format:
        if value is None:
            return ORDINARY
        if not isinstance(value, Mapping):
            self.fault(path, "a format is a mapping", f"write a mapping of {', '.join(FIELDS)}")
            return ORDINARY
        for name in value:
            if name not in FIELDS:
                self.fault((*path, name), f"the format has no field {name!r}", similar(str(name), FIELDS))
        kind, multi_line = value.get("type", "csv"), value.get("multiLine", False)
        if kind not in TYPES:
            self.fault((*path, "type"), f"the jobs do not read {kind!r}", f"use one of {', '.join(TYPES)}")
            kind = "csv"
        for name in value:
            if name in FIELDS and name not in FIELDS_OF[kind]:
                self.fault((*path, name), f"files of the type {kind} have no {name}", "leave it out")
        if not isinstance(multi_line, bool):
            self.fault((*path, "multiLine"), f"multiLine is {multi_line!r}", "write true or false")
        encoding = str(value.get("encoding", "UTF-8")).lower()
        if encoding not in ENCODINGS:
            known = ", ".join(ENCODINGS.values())
            self.fault((*path, "encoding"), f"the encoding {encoding} is unknown", f"use one of {known}")
        return Format(
            self._mark(path, value, "delimiter", DELIMITERS),
            self._mark(path, value, "quote", QUOTES),
            ENCODINGS.get(encoding, "UTF-8"),
            multi_line is True,
            kind,
        )

    def _mark(self, path: Path, value: Mapping[str, object], name: str, known: tuple[str, ...]) -> str:
        mark = value.get(name, known[0])
        if mark not in known:
            shown = " ".join(repr(each) for each in known)
            self.fault((*path, name), f"the {name} {mark!r} is unknown", f"use one of {shown}")
            return known[0]
        return str(mark)
