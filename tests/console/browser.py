"""The browser of the tests: the one that is installed."""

from __future__ import annotations

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """The program; None if there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)
