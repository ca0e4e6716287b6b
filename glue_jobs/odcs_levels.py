"""Service levels of a data contract's document: freshness, which an alarm watches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glue_jobs.odcs_faults import FaultReader, Path, similar

FRESHNESS = "freshness"
# Promises to readers, which nothing here checks: the standard's words.
PROMISES = (
    *("availability", "endOfLife", "endOfSupport", "errorRate", "frequency", "generalAvailability"),
    *("latency", "retention", "throughput", "timeOfAvailability", "timeToDetect", "timeToNotify"),
    "timeToRepair",
)
HOURS = {"h": 1, "hour": 1, "hours": 1, "d": 24, "day": 24, "days": 24}
MOST_HOURS = 168
_DESCRIPTIVE = {"id", "property", "driver", "description", "authoritativeDefinitions", "customProperties"}


class LevelReader(FaultReader):
    """Reads service levels and notes what is wrong with them."""

    def freshness(self, document: Mapping[str, Any], dataset: str) -> int | None:
        """Within how many hours new rows must have come; None if the contract does not say."""
        found: list[int] = []
        for place, level in enumerate(self.items(document, "slaProperties", ())):
            at: Path = ("slaProperties", place)
            if not isinstance(level, Mapping) or level.get("property") in PROMISES:
                continue
            name = str(level.get("property"))
            if name != FRESHNESS:
                remedy = similar(name, (FRESHNESS, *PROMISES))
                self.fault((*at, "property"), f"the service level {name!r} is unknown", remedy)
                continue
            if found:
                self.fault(at, "freshness occurs twice", "leave one")
            found.append(self._hours(at, level))
            for field in sorted(set(level) - _DESCRIPTIVE - {"value", "unit", "element"}):
                self.fault((*at, field), f"freshness is not checked by `{field}`", "leave it out")
            if level.get("element", dataset) != dataset:
                self.fault(
                    (*at, "element"),
                    f"freshness is when rows of {dataset} came, not {level['element']!r}",
                    "leave it out",
                )
        return found[0] if found else None

    def _hours(self, at: Path, level: Mapping[str, Any]) -> int:
        value, unit = level.get("value"), level.get("unit")
        if unit not in HOURS:
            self.fault(
                (*at, "unit") if unit else at, f"freshness has the unit {unit!r}", "write unit: h, or d"
            )
            return MOST_HOURS
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or not 1 <= value * HOURS[unit] <= MOST_HOURS
        ):
            self.fault(
                (*at, "value"),
                f"freshness is {value!r} {unit}, not 1 to {MOST_HOURS} hours",
                "write a whole number: CloudWatch looks back seven days at most",
            )
            return MOST_HOURS
        return value * HOURS[unit]
