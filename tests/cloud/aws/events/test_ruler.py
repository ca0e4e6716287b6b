"""Patterns beside aws/event-ruler, where its jars are there: `EVENT_RULER_JARS` names their folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[4] / "bench" / "event_ruler.py"
FOLDER = os.environ.get("EVENT_RULER_JARS", "")


@pytest.mark.skipif(not FOLDER, reason="missing tool: event-ruler (EVENT_RULER_JARS names no folder)")
def test_no_pair_differs() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), FOLDER, "--pairs", "10000", "--list"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
