"""Files that several processes may read while one writes them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(target: Path, *, mode: int = 0o644) -> Iterator[Path]:
    """Yield a draft that replaces the target when the block succeeds, so that builds may run in parallel.

    Only its owner may read the draft.

    Args:
        target: the file; its folder is made if missing.
        mode: the mode of the file.
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
    """Write a file of secrets that only its owner may read, in one step."""
    with replacing(path, mode=0o600) as draft:
        draft.write_text(text, encoding="utf-8")
