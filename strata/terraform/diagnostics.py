"""What Terraform says on its `-json` stream: diagnostics, and how far it has come."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strata.errors import StrataError
from strata.terraform.locks import Lock

_DONE = {"apply_complete"}
_LOCK_REFUSED = "Error acquiring the state lock"
_CONDITION_FAILED = ("PreconditionFailed", "ConditionalCheckFailed")
_BEGUN = {"apply_start", "provision_start"}


@dataclass(frozen=True)
class Diagnostic:
    """One error or warning in Terraform's own words; file and line are the module's where they are known.

    `code` is the line of code that Terraform shows.
    """

    severity: str
    summary: str
    detail: str
    address: str = ""
    file: str | None = None
    line: int | None = None
    code: str = ""


@dataclass(frozen=True)
class Changes:
    """How many resource instances a plan or an apply adds, changes, removes and imports."""

    add: int = 0
    change: int = 0
    remove: int = 0
    imported: int = 0

    def __bool__(self) -> bool:
        return bool(self.add or self.change or self.remove or self.imported)

    def describe(self, *, planned: bool = False) -> str:
        """Format it for people, such as `2 added, 1 changed` or, planned, `2 to add, 1 to change`."""
        words = {
            "import" if planned else "imported": self.imported,
            "add" if planned else "added": self.add,
            "change" if planned else "changed": self.change,
            "remove" if planned else "removed": self.remove,
        }
        to = "to " if planned else ""
        return ", ".join(f"{count} {to}{word}" for word, count in words.items() if count) or "no changes"


@dataclass
class MessageStream:
    """Reads the lines of one Terraform command.

    Attributes:
        unit: the unit it is about, for what a person may do; "" for none.
        locate: gives the file and line a person should look at for a file name and a line of Terraform's.
        on_progress: called with (resources done, address) when a resource begins or is done.
        on_waiting: called when the command begins to wait for a state lock.
        diagnostics: errors and warnings, in order, each once.
        changes: what the command's last summary reports.
        actions: the planned action by resource address, such as `create`; what stays as it is is not in it.
        text: the last lines that were not JSON: a crash speaks there.
    """

    unit: str = ""
    locate: Callable[[str, int | None], tuple[str, int | None]] = lambda name, line: (name, line)
    on_progress: Callable[[int, str], None] = lambda done, address: None
    on_waiting: Callable[[], None] = lambda: None
    diagnostics: list[Diagnostic] = field(default_factory=list)
    changes: Changes = Changes()
    actions: dict[str, str] = field(default_factory=dict)
    text: deque[str] = field(default_factory=lambda: deque(maxlen=30))
    _done: int = 0

    def feed(self, line: str) -> None:
        """Take one line of output."""
        try:
            message = json.loads(line)
            kind = message["type"]
        except (ValueError, KeyError, TypeError):
            if line.strip():
                self.text.append(line)
            return
        if kind == "diagnostic" or "diagnostic" in message:
            found = self._diagnostic(message["diagnostic"])
            if found not in self.diagnostics:
                self.diagnostics.append(found)
        elif kind == "planned_change":
            change = message["change"]
            if change["action"] not in ("noop", "read"):
                self.actions[change["resource"]["addr"]] = change["action"]
        elif kind == "change_summary":
            counts = message["changes"]
            self.changes = Changes(counts["add"], counts["change"], counts["remove"], counts.get("import", 0))
        elif kind == "state_lock_acquire":
            self.on_waiting()
        elif kind in _DONE or kind in _BEGUN:
            self._done += kind in _DONE
            self.on_progress(self._done, message["hook"]["resource"]["addr"])

    def words(self) -> list[str]:
        """Return everything said for people: errors, warnings, and what was not JSON."""
        return [f"{found.summary}\n{found.detail}" for found in self.diagnostics] + list(self.text)

    @property
    def lost_race(self) -> bool:
        """Whether a state lock was refused for a holder who was gone when Terraform asked who it is.

        Terraform waits only for a holder that it can name, and gives up then; nothing was done yet.
        """
        return any(
            found.summary == _LOCK_REFUSED
            and _lock_holder(found.detail) is None
            and any(word in found.detail for word in _CONDITION_FAILED)
            for found in self.diagnostics
        )

    def forget(self) -> None:
        """Begin again, for a command that is run again."""
        self.diagnostics.clear()
        self.text.clear()

    def error(self, what: str) -> StrataError:
        """Return the first error as the user sees it; `what` names what failed."""
        errors = [found for found in self.diagnostics if found.severity == "error"]
        if not errors:
            reason = " ".join(self.text).strip() or "it gave no reason"
            return StrataError(f"{what}: {reason[-600:]}")
        first = errors[0]
        if first.summary == _LOCK_REFUSED and (holder := _lock_holder(first.detail)):
            return StrataError(
                f"{what}: its state is locked by {holder}",
                remedy="wait until that run ends; if it is dead, release its lock: "
                f"strata unlock {self.unit}",
            )
        message = f"{what}: {first.summary}"
        if first.address:
            message += f" ({first.address})"
        if first.detail:
            message += f": {' '.join(first.detail.split())}"
        if len(errors) > 1:
            message += f" (and {len(errors) - 1} more)"
        return StrataError(message.rstrip("."), file=first.file, line=first.line)

    def _diagnostic(self, record: dict[str, Any]) -> Diagnostic:
        place = record.get("range") or {}
        line = (place.get("start") or {}).get("line")
        name = place.get("filename")
        file, line = self.locate(name, line) if name else (None, line)
        return Diagnostic(
            severity=record["severity"],
            summary=record["summary"],
            detail=record.get("detail", ""),
            address=record.get("address", ""),
            file=file,
            line=line,
            code=(record.get("snippet") or {}).get("code", ""),
        )


def _lock_holder(detail: str) -> Lock | None:
    """The lock in the text of Terraform's "Error acquiring the state lock"."""
    facts = dict(re.findall(r"^\s*(ID|Operation|Who|Created):\s+(.+?)\s*$", detail, re.MULTILINE))
    return Lock.read(json.dumps(facts)) if {"ID", "Who"} <= facts.keys() else None


def relative_locator(
    working_dir: Path, copied: Path, original: Path
) -> Callable[[str, int | None], tuple[str, int | None]]:
    """Return a function from Terraform's file names and lines to those of the files a person edits.

    Args:
        working_dir: where Terraform runs.
        copied: the copy of the module's source that holds `working_dir`.
        original: the source it was copied from.
    """

    def locate(name: str, line: int | None) -> tuple[str, int | None]:
        path = (working_dir / name).resolve()
        if path.is_relative_to(copied.resolve()):
            source = original / path.relative_to(copied.resolve())
            if source.is_file():
                return str(source), line
        return str(path), line

    return locate
