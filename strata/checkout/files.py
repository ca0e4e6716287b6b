"""Files that several processes may read while one writes them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(target: Path, *, mode: int = 0o644) -> Iterator[Path]:
    """A draft beside the target that takes its place when the block ends well: builds may run at once.

    Nobody else may read the draft.

    Args:
        target: the file; its folder is made if missing.
        mode: of the file.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=str(target.parent), prefix=f".{target.name}.")
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        draft.chmod(mode)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write a file of secrets: its owner alone may read it, and it is whole or not there."""
    with replacing(path, mode=0o600) as draft:
        draft.write_text(text, encoding="utf-8")
