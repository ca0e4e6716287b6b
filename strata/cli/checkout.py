"""The checkout that a command works in."""

from __future__ import annotations

import os
from pathlib import Path

from strata.checkout.root import find_repository, find_root, find_tree


def checkout_root() -> Path:
    """Return the root of the checkout that the current folder is in.

    Raises:
        StrataError: the current folder is not inside a checkout.
    """
    return find_root(Path.cwd())


def repository_root() -> Path:
    """Return the root of the repository that the current folder is in: this project's, or any other."""
    return find_repository(Path.cwd())


def tree_root() -> Path:
    """Return the root of the live tree that the current folder is in.

    Raises:
        StrataError: the current folder is in no Git repository and does not look like a live tree.
    """
    return find_tree(Path.cwd())


def keep_out_snowflake_settings(root: Path) -> None:
    """Give the Snowflake connector a home in the checkout; call it before the connector is imported.

    The connector reads `config.toml` in its home, which it looks up when it is imported. The user's own could
    break it or make it write logs. It ignores a home that does not exist.
    """
    home = root / ".strata" / "home" / "snowflake"
    home.mkdir(parents=True, exist_ok=True)
    os.environ["SNOWFLAKE_HOME"] = str(home)
