"""Git, as every part of the library runs it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

from strata.errors import StrataError

# The author may be set; GIT_DIR and the like, of a hook or an outer git, would mean another repository.
_KEPT = ("GIT_AUTHOR_", "GIT_COMMITTER_")


def run_git(*arguments: str, environ: Mapping[str, str] = os.environ, given: bytes = b"") -> bytes:
    """Run git without hooks and without a password prompt.

    Args:
        arguments: git's; start with `-C FOLDER` to name a repository.
        environ: the caller's environment.
        given: what git reads on its standard input.

    Returns:
        What git printed.

    Raises:
        StrataError: git is missing or failed.
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
        done = subprocess.run(
            ["git", *arguments], env={**kept, **own}, input=given, capture_output=True, check=False
        )
    except OSError as error:
        raise StrataError(f"git cannot be run: {error.strerror}", remedy="install git") from None
    if done.returncode:
        command = arguments[2] if arguments[0] == "-C" else arguments[0]
        message = done.stderr.decode("utf-8", "replace").strip()[-300:] or "no output"
        raise StrataError(f"`git {command}` failed: {message}")
    return done.stdout
