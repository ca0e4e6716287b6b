"""Files that several processes may read while one writes them."""

from __future__ import annotations

import contextlib
import os
import pwd
import tempfile
from collections.abc import Iterator
from pathlib import Path

from strata.errors import StrataError


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


def denied(error: PermissionError, ours: str) -> StrataError:
    """An error that names the owner of the file, or of the nearest folder that holds it.

    Args:
        error: the system's.
        ours: the files and folders that may be removed.
    """
    path = Path(os.fsdecode(error.filename or "."))
    place = next((one for one in (path, *path.parents) if os.access(one, os.F_OK)), Path("/"))
    owner = _name(place.stat().st_uid)
    return StrataError(
        f"{path} cannot be written by {_name(os.geteuid())}: {place} belongs to {owner}",
        remedy=f"run it as {owner}, or remove {ours} as {owner}",
    )


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def write_private(path: Path, text: str) -> None:
    """Write a file of secrets that only its owner may read, in one step."""
    with replacing(path, mode=0o600) as draft:
        draft.write_text(text, encoding="utf-8")
