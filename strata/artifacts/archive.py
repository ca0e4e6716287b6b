"""Zip files whose bytes depend on nothing but names and contents."""

from __future__ import annotations

import contextlib
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

# The earliest time that a zip can say; the files' own times differ from clone to clone.
_TIME = (1980, 1, 1, 0, 0, 0)
_IGNORED = ("__pycache__", ".pyc", ".DS_Store")


def zip_folder(folder: Path, prefix: str, target: Path) -> None:
    """Write a folder's files to a zip, in the order of their names.

    Args:
        folder: what to zip, byte code left out.
        prefix: put before every name in the zip, such as `python/`; may be empty.
        target: the zip, replaced at once when it is whole.
    """
    entries = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _IGNORED]
        for name in names:
            if not name.endswith(_IGNORED):
                path = Path(parent, name)
                entries.append((prefix + path.relative_to(folder).as_posix(), path))
    with replacing(target) as draft, zipfile.ZipFile(draft, "w") as archive:
        for name, path in sorted(entries):
            info = zipfile.ZipInfo(name, _TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            archive.writestr(info, path.read_bytes(), compresslevel=6)


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A draft beside the target that takes its place when the block ends well: builds may run at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=str(target.parent), prefix=f".{target.name}.")
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        draft.chmod(0o644)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
