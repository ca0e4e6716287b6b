"""Requirements files with hashes."""

from __future__ import annotations

import re
from pathlib import Path

PACKAGES, BENCH, TOOLS = "requirements.txt", "requirements-bench.txt", "requirements-tools.txt"


def read_requirements(path: Path) -> dict[str, str]:
    """Read a requirements file with hashes.

    Returns:
        package name → its lines, hashes included; of all its versions where markers choose one.
    """
    blocks: dict[str, str] = {}
    name = ""
    for line in path.read_text().splitlines():
        start = re.match(r"([A-Za-z0-9._-]+)==", line)
        if start:
            name = start.group(1)
            blocks.setdefault(name, "")
        if name and line and not line.lstrip().startswith("#"):
            blocks[name] += f"{line}\n"
    return blocks
