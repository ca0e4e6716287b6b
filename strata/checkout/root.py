"""Which checkout a command works in."""

from __future__ import annotations

from pathlib import Path

from strata.errors import StrataError


def find_root(start: Path) -> Path:
    """The checkout that a folder is in: the nearest one upwards with a `terragrunt.hcl` and a `live` folder.

    Raises:
        StrataError: there is none.
    """
    for folder in (start, *start.parents):
        if (folder / "terragrunt.hcl").is_file() and (folder / "live").is_dir():
            return folder
    raise StrataError(
        f"{start} is not inside a Strata repository",
        remedy="change to the folder that holds terragrunt.hcl and live",
    )
