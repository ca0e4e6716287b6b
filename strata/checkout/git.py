"""Git, as every part of the library runs it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

from strata.errors import StrataError

# Who commits may be told; GIT_DIR and the like of a hook or an outer git would mean another repository.
_KEPT = ("GIT_AUTHOR_", "GIT_COMMITTER_")


def run_git(*arguments: str, environ: Mapping[str, str] = os.environ) -> bytes:
    """Run git, without the repository's hooks and without a question for a password.

    Args:
        arguments: of git; `-C FOLDER` first where a repository is meant.
        environ: the caller's environment.

    Returns:
        What git printed.

    Raises:
        StrataError: git is missing, or refuses.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith("GIT_") or name.startswith(_KEPT)
    }
    own = {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.hooksPath",
        "GIT_CONFIG_VALUE_0": os.devnull,
    }
    try:
        done = subprocess.run(["git", *arguments], env={**kept, **own}, capture_output=True, check=False)
    except OSError as error:
        raise StrataError(f"git cannot be run: {error.strerror}", remedy="install git") from None
    if done.returncode:
        command = arguments[2] if arguments[0] == "-C" else arguments[0]
        said = done.stderr.decode("utf-8", "replace").strip()[-300:] or "no output"
        raise StrataError(f"`git {command}` failed: {said}")
    return done.stdout
