"""Verdicts on definitions are the embedded cloud's, and stay right when they are kept."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from strata.testing.cases import definitions
from strata.testing.cases.definitions import Definitions

SOUND = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
ASTRAY = json.dumps({"StartAt": "B", "States": {"A": {"Type": "Pass", "End": True}}})
VERDICTS = {
    SOUND: [],
    ASTRAY: [
        {
            "severity": "ERROR",
            "code": "MISSING_TRANSITION_TARGET",
            "message": "Missing 'Next' target: B",
            "location": "/StartAt",
        },
        {
            "severity": "ERROR",
            "code": "MISSING_TRANSITION_TARGET",
            "message": 'State "A" is not reachable.',
            "location": "/States/A",
        },
    ],
}


@pytest.mark.parametrize("definition", [SOUND, ASTRAY], ids=["sound", "astray"])
def test_kept_verdict_is_the_first_one(
    definition: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Definitions(tmp_path / "kept").diagnose(definition) == VERDICTS[definition]
    # Without what reads definitions, only a kept verdict can be given.
    monkeypatch.setitem(sys.modules, "strata.cloud.aws.stepfunctions.definition", None)
    assert Definitions(tmp_path / "kept").diagnose(definition) == VERDICTS[definition]
    with pytest.raises(ImportError):
        Definitions(tmp_path / "kept").diagnose(definition + " ")


def test_another_reader_gives_its_own_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Definitions(tmp_path).diagnose(SOUND)
    (tmp_path / "reader.py").write_text("another")
    monkeypatch.setattr(definitions, "_CHECK", tmp_path / "reader.py")
    Definitions(tmp_path).diagnose(SOUND)
    assert len(list(tmp_path.glob("definition-*.json"))) == 2
