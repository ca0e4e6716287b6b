"""The verdicts on state machines' definitions, kept: reading one anew costs a second of imports alone."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import strata
from strata.checkout.files import replacing

_CHECK = Path(strata.__file__).parent / "cloud" / "aws" / "stepfunctions" / "definition.py"


class Definitions:
    """What the embedded cloud says of definitions.

    Args:
        folder: where verdicts are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def diagnose(self, definition: str) -> list[dict[str, str]]:
        """What is wrong with a definition, as ValidateStateMachineDefinition lists it."""
        kept = self._folder / f"definition-{_key(definition)}.json"
        if kept.is_file():
            return _read(kept)
        from strata.cloud.aws.stepfunctions.definition import diagnose

        found = diagnose(definition)
        with replacing(kept) as draft:
            draft.write_text(json.dumps(found), encoding="utf-8")
        return found


def _read(path: Path) -> list[dict[str, str]]:
    found: Any = json.loads(path.read_text(encoding="utf-8"))
    return list(found)


def _key(definition: str) -> str:
    """Another one for every text, and for every version of what reads it."""
    digest = hashlib.sha256(version("moto").encode() + b"\0" + _CHECK.read_bytes() + b"\0")
    digest.update(definition.encode())
    return digest.hexdigest()[:32]
