"""What an interrupted pip left: packages that it would consider installed."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path


def forget_incomplete(site_packages: Path) -> list[str]:
    """Remove the metadata of incomplete packages, so that pip installs them again.

    pip writes a package's files first and its RECORD last (PyPA, "Recording installed projects"): without a
    RECORD, or with a file missing or of another size, it was interrupted.

    Args:
        site_packages: the virtual environment's folder of packages.

    Returns:
        The metadata folders removed, by name.
    """
    incomplete = [
        folder for folder in sorted(site_packages.glob("*.dist-info")) if not _complete(folder, site_packages)
    ]
    for folder in incomplete:
        shutil.rmtree(folder)
    return [folder.name for folder in incomplete]


def _complete(folder: Path, site_packages: Path) -> bool:
    try:
        with (folder / "RECORD").open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
    except OSError:
        return False
    return bool(rows) and all(_as_recorded(site_packages / path, size) for path, _, size in rows if size)


def _as_recorded(path: Path, size: str) -> bool:
    try:
        return path.stat().st_size == int(size)
    except OSError:
        return False
