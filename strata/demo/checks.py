"""What must hold at the end of the main job; each check is computed from what the platform answers (D13)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from strata.platform.pipeline import Execution


@dataclass(frozen=True)
class Check:
    """One statement about the run and whether it holds."""

    statement: str
    holds: bool


@dataclass(frozen=True)
class Counts:
    """Row counts of one object: `visible` is what the external table shows for it now."""

    key: str
    read: int
    clean: int
    quarantined: int
    duplicates: int
    curated: int
    visible: int

    def checks(self) -> list[Check]:
        """Return the equations of D13 for this object."""
        return [
            Check(
                f"{self.key}: rows read = clean + quarantined + duplicates "
                f"({self.read:,} = {self.clean:,} + {self.quarantined:,} + {self.duplicates:,})",
                self.read == self.clean + self.quarantined + self.duplicates,
            ),
            Check(
                f"{self.key}: clean = curated = visible "
                f"({self.clean:,} = {self.curated:,} = {self.visible:,})",
                self.clean == self.curated == self.visible,
            ),
        ]


def counts_of(key: str, clean: dict[str, Any], curate: dict[str, Any], visible: int) -> Counts:
    """Combine an object's two reports with the external table's answer.

    Args:
        key: the object's key.
        clean, curate: the jobs' reports, as written to the processed bucket.
        visible: rows the external table shows for the object.
    """
    return Counts(
        key=key,
        read=int(clean["rows_read"]),
        clean=int(clean["rows_clean"]),
        quarantined=int(clean["rows_quarantined"]),
        duplicates=int(clean["rows_duplicate"]),
        curated=int(curate["rows_curated"]),
        visible=visible,
    )


def execution_check(key: str, execution: Execution) -> Check:
    """Return whether the object's execution succeeded."""
    reason = f": {execution.reason}" if execution.error else ""
    return Check(f"{key}: execution {execution.status}{reason}", execution.status == "SUCCEEDED")
