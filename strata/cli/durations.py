"""How long the parts of a command took the last time, from which the next run estimates."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from strata.checkout.files import replacing

_Kept = TypeAdapter(dict[str, dict[str, float]])


class Durations:
    """The seconds that each part of one command took in its last run, kept in `.strata/durations.json`.

    Args:
        root: the checkout's folder.
        command: whose parts they are: an apply of `strata up` takes longer than one of `strata apply`.
    """

    def __init__(self, root: Path, command: str) -> None:
        self._file = root / ".strata" / "durations.json"
        self._command = command

    def last(self) -> dict[str, float]:
        """Return name of a part → seconds; nothing before the first run."""
        return self._read().get(self._command, {})

    def keep(self, seconds: Mapping[str, float]) -> None:
        """Remember the seconds of parts that have ended well, beside those that are known."""
        kept = self._read()
        known = kept.get(self._command, {})
        kept[self._command] = known | {name: round(value, 2) for name, value in seconds.items()}
        # Estimates only: where nothing may be written, there are none.
        with contextlib.suppress(OSError), replacing(self._file) as draft:
            draft.write_text(json.dumps(kept, indent=1), encoding="utf-8")

    def _read(self) -> dict[str, dict[str, float]]:
        try:
            return _Kept.validate_json(self._file.read_bytes())
        except (OSError, ValidationError):
            # Estimates only: a run without them is as good.
            return {}
