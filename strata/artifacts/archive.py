"""Zip files whose bytes depend only on names and contents."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from strata.checkout.files import replacing

# The earliest time in a zip; the files' own times differ from clone to clone.
_TIME = (1980, 1, 1, 0, 0, 0)
_IGNORED_FOLDERS = ("__pycache__", "tests")


def zip_folder(folder: Path, prefix: str, target: Path, suffixes: tuple[str, ...] = ("",)) -> None:
    """Write a folder's files to a zip, in the order of their names.

    Nothing is compressed: a deflated stream differs between versions of zlib, a stored one is the content.

    Args:
        folder: the folder to zip; byte code and tests are left out.
        prefix: prefix of every name in the zip, such as `python/`; may be empty.
        target: the zip, replaced in one step.
        suffixes: only files with one of these.
    """
    entries = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _IGNORED_FOLDERS]
        for name in names:
            if name.endswith(suffixes) and not name.endswith(".pyc"):
                path = Path(parent, name)
                entries.append((prefix + path.relative_to(folder).as_posix(), path))
    with replacing(target) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
        for name, path in sorted(entries):
            info = zipfile.ZipInfo(name, _TIME)
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            archive.writestr(info, path.read_bytes())
