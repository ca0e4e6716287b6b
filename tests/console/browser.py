"""The browser of the tests: Debian's package, which playwright drives."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable

TOOL = "chromium"
# A script that gives the seconds until the page's first content was painted.
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000"


def launch_options() -> dict[str, object]:
    """What playwright starts it with: the program that is installed, also for root in a container."""
    return {"executable_path": shutil.which(TOOL), "args": ["--no-sandbox"]}


def within(seconds: float, holds: Callable[[], bool]) -> float:
    """How long it took until something held."""
    began = time.perf_counter()
    while not holds():
        assert time.perf_counter() - began < seconds
        time.sleep(0.01)
    return time.perf_counter() - began
