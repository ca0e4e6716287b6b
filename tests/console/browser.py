"""The browser of the tests: Debian's package, which playwright drives."""

from __future__ import annotations

import shutil

TOOL = "chromium"


def launch_options() -> dict[str, object]:
    """What playwright starts it with: the program that is installed, also for root in a container."""
    return {"executable_path": shutil.which(TOOL), "args": ["--no-sandbox"]}
