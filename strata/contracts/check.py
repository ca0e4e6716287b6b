"""What is wrong with data contracts, each with file, line and remedy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from glue_jobs import odcs
from glue_jobs.odcs import SUFFIX
from strata.contracts.document import FOLDER, ContractDocument, Steps
from strata.errors import StrataError

_UNEXPECTED = re.compile(r"'([^']+)'")
_UNKNOWN = ("additionalProperties", "unevaluatedProperties")


@dataclass(frozen=True, order=True)
class ContractFinding:
    """What is wrong with a contract: where, what, and what to do."""

    file: str
    line: int
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message} ({self.remedy})"


def contract_files(root: Path) -> list[Path]:
    """The contracts of a checkout, sorted by their names."""
    return sorted((root / FOLDER).glob(f"*{SUFFIX}"))


def datasets(root: Path) -> list[str]:
    """The names of a checkout's data sets."""
    return [path.name.removesuffix(SUFFIX) for path in contract_files(root)]


def dataset_of(root: Path, key: str) -> str:
    """The data set that an object's key belongs to.

    Raises:
        StrataError: the key is under no data set's prefix.
    """
    name = key.partition("/")[0]
    known = datasets(root)
    if name not in known or "/" not in key:
        prefixes = ", ".join(f"{known_name}/" for known_name in known) or "none"
        raise StrataError(
            f"the key {key!r} is under no data set's prefix",
            remedy=f"use one of {prefixes}, or write {FOLDER.as_posix()}/{name or 'NAME'}{SUFFIX}",
        )
    return name


def check(root: Path, files: Iterable[Path] | None = None) -> list[ContractFinding]:
    """All findings, sorted by place.

    Args:
        root: the checkout; findings name files from there.
        files: contracts; all of the checkout's if not given, and what lies beside them.
    """
    found: set[ContractFinding] = set()
    documents = []
    for path in contract_files(root) if files is None else files:
        try:
            documents.append(ContractDocument.read(path))
        except StrataError as error:
            found.add(ContractFinding(_shown(root, path), error.line or 1, error.message, error.remedy or ""))
    for document in documents:
        file = _shown(root, document.file)
        for steps, message, remedy in _faults(document):
            found.add(ContractFinding(file, document.line(steps), message, remedy))
        for line, key in document.repeated():
            found.add(ContractFinding(file, line, f"the field `{key}` occurs twice", "remove one"))
    found |= set(_names(root, documents))
    if files is None:
        found |= set(_strangers(root))
    return sorted(found)


def _shown(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _faults(document: ContractDocument) -> Iterator[tuple[Steps, str, str]]:
    """What the standard and the jobs' reader find; of what follows from a misspelt field, nothing."""
    standard = list(_standard(document.content))
    misspelt = {path[:-1] for path, message, _ in standard if message.startswith("the field ")}
    read: list[tuple[Steps, str, str]] = []
    try:
        odcs.from_document(document.content)
    except odcs.ContractError as error:
        read = [(fault.path, fault.message, fault.remedy) for fault in error.faults]
    read = [fault for fault in read if not {fault[0], fault[0][:-1]} & misspelt or not fault[0]]
    yield from read
    places = {path for path, _, _ in read}
    # The reader knows more about a place than the standard's schema does.
    places |= misspelt
    yield from (
        fault
        for fault in standard
        if fault[1].startswith("the field ") or not any(fault[0][: len(path)] == path for path in places)
    )


def _standard(content: Any) -> Iterator[tuple[Steps, str, str]]:
    validator, fields = _validator()
    errors = list(validator.iter_errors(content))
    faulty = [tuple(error.absolute_path) for error in errors if error.validator not in _UNKNOWN]
    for error in errors:
        path: Steps = tuple(error.absolute_path)
        if error.validator not in _UNKNOWN:
            remedy = "write it as the Open Data Contract Standard has it"
            yield path, f"{'.'.join(map(str, path)) or 'the document'}: {error.message[:200]}", remedy
            continue
        # A fault within a table makes all its fields unexpected, known ones too.
        within = any(place[: len(path)] == path for place in faulty)
        for name in _UNEXPECTED.findall(error.message):
            if within and name in fields:
                continue
            close = get_close_matches(name, fields, 1)
            remedy = f"did you mean {close[0]}?" if close else "the standard has customProperties for it"
            if name in fields:
                remedy = "move it to where the standard has it"
            yield (*path, name), f"the field `{name}` is unknown here", remedy


@cache
def _validator() -> tuple[Any, list[str]]:
    """The standard's schema, and the names of all its fields."""
    # Importing it takes longer than most commands do.
    import jsonschema

    text = (resources.files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8")
    schema = json.loads(text)
    fields: set[str] = set()
    todo = [schema]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            fields |= set(node.get("properties", {}))
        todo += list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []
    return jsonschema.validators.validator_for(schema)(schema), sorted(fields)


def _names(root: Path, documents: list[ContractDocument]) -> Iterator[ContractFinding]:
    """A contract has its file's name, which no other has."""
    owners: dict[str, list[ContractDocument]] = {}
    for document in documents:
        name = document.content.get("name") if isinstance(document.content, dict) else None
        if isinstance(name, str):
            owners.setdefault(name, []).append(document)
    for name, found in owners.items():
        for document in found:
            if document.name == name and document.file.name.endswith(SUFFIX):
                continue
            others = [other.file.name for other in found if other is not document]
            yield ContractFinding(
                _shown(root, document.file),
                document.line(("name",)),
                f"two contracts are called {name}: {document.file.name} and {others[0]}"
                if others
                else f"the contract is called {name}, its file {document.file.name}",
                f"name it {document.name}, as its file"
                if others
                else f"rename it, or the file to {name}{SUFFIX}",
            )


def _strangers(root: Path) -> Iterator[ContractFinding]:
    folder = root / FOLDER
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if not path.name.endswith(SUFFIX):
            yield ContractFinding(
                _shown(root, path), 1, "the file is not a contract", f"call it NAME{SUFFIX}, or move it away"
            )
