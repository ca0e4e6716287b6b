"""Files that commands generate: those that are out of date are written, or named."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import typer

from strata.cli.views.console import out


def write_files(
    root: Path, texts: Mapping[str, str], check_only: bool, *, remove: Collection[str] = ()
) -> None:
    """Write the files that are out of date, and take away those of nothing; say which.

    Args:
        root: the repository.
        texts: path below it -> what the file is to say.
        check_only: name the files and exit 1 instead.
        remove: paths below it of files that nothing generates any more.
    """
    stale = [place for place, text in texts.items() if _read(root / place) != text]
    for place in stale:
        if not check_only:
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            (root / place).write_text(texts[place], encoding="utf-8")
        out.print(f"{'not up to date' if check_only else 'wrote'}: {place}", soft_wrap=True)
    for place in remove:
        if not check_only:
            (root / place).unlink()
        out.print(f"{'of nothing any more' if check_only else 'removed'}: {place}", soft_wrap=True)
    if not stale and not remove:
        out.print("1 file is up to date" if len(texts) == 1 else f"{len(texts)} files are up to date")
    elif check_only:
        raise typer.Exit(1)


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
