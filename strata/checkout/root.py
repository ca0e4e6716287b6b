"""The checkout that a command works in."""

from __future__ import annotations

from pathlib import Path

from strata.errors import StrataError


def find_root(start: Path) -> Path:
    """Return the root of the checkout: the nearest folder upwards with `terragrunt.hcl` and `live`.

    Raises:
        StrataError: the folder is not inside a checkout.
    """
    for folder in (start, *start.parents):
        if (folder / "terragrunt.hcl").is_file() and (folder / "live").is_dir():
            return folder
    raise StrataError(
        f"{start} is not inside a Strata repository",
        remedy="change to the folder that holds terragrunt.hcl and live",
    )


def find_repository(start: Path) -> Path:
    """Return the root of the checkout; elsewhere that of the Git repository, or else the folder itself.

    Args:
        start: a folder.
    """
    try:
        return find_root(start)
    except StrataError:
        return next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), start)


def find_tree(start: Path) -> Path:
    """Return the root of the repository as `find_repository`; else the folder, if it looks like a tree.

    Args:
        start: a folder.

    Raises:
        StrataError: the folder is in no Git repository, and neither it nor a folder in it holds Terragrunt's
            files, or it holds whole trees: all that is below would be read.
    """
    root = find_repository(start)
    if any((root / name).exists() for name in (".git", "live", "terragrunt.hcl")):
        return root
    # The root configuration may have another name, or units lie side by side without one.
    if (any(root.glob("*.hcl")) or any(root.glob("*/terragrunt.hcl"))) and not any(root.glob("*/.git")):
        trees = (unit.parent for unit in root.glob("*/terragrunt.hcl"))
        if not any((folder / "live").is_dir() for folder in trees):
            return root
    raise StrataError(
        f"{start} is not inside a Git repository",
        remedy="change to the folder of the live tree: the one of its root configuration",
    )
