"""The one error type that a user sees."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

_SHOWN = 12
_CHECKOUT = Path(__file__).parents[1]

# Words of a message → the page that helps; the first that a message holds counts. By words, because many
# messages come from a child process: Terraform's, or the embedded cloud's.
PAGES = {
    "its state is locked by": "docs/state.md#a-lock-that-stays",
    "Error acquiring the state lock": "docs/state.md#a-lock-that-stays",
    "its digest in the lock table says so": "docs/state.md#a-state-that-is-lost",
    "is corrupt (truncated or overwritten)": "docs/state.md#a-state-that-is-lost",
    "is frozen until": "docs/ci.md#apply-exactly-what-was-reviewed",
    "is under no data set's prefix": "docs/datasets.md",
    "has no contract": "docs/datasets.md#what-a-contract-says",
    "no data set ": "docs/datasets.md",
    "execution TIMED_OUT": "docs/console.md#what-happened-to-an-object",
    "execution FAILED": "docs/console.md#what-happened-to-an-object",
    "the file is not a snapshot": "docs/snapshots.md",
    "the package index does not answer": "docs/setup.md#a-companys-network",
    "no AWS provider": "docs/setup.md#where-something-cannot-be-brought",
    "this Python comes without pip": "docs/troubleshooting.md#set-up",
    "the embedded cloud is not running": "docs/troubleshooting.md#the-platform",
    "a session of this checkout is running already": "docs/troubleshooting.md#the-platform",
    "cannot be used for the embedded": "docs/troubleshooting.md#the-platform",
    "the embedded cloud ended with exit code": "docs/troubleshooting.md#the-platform",
    "the embedded cloud exited unexpectedly": "docs/troubleshooting.md#the-platform",
    "the embedded cloud does not answer": "docs/troubleshooting.md#the-platform",
    "AccessDenied": "docs/identity.md#in-the-embedded-cloud",
    "NotImplemented": "docs/fidelity.md",
    "is locked by process": "docs/troubleshooting.md#set-up",
}


class StrataError(Exception):
    """A fault that the user can fix: what is wrong, where, and the remedy.

    Args:
        message: what is wrong, one sentence without a full stop.
        file: the file the fault is in, if there is one.
        line: the 1-based line in that file.
        remedy: what to do about it, an imperative sentence without a full stop.
        exit_code: the command's exit code.
        page: the page that helps, such as `docs/setup.md`; default: the one that `PAGES` has.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        remedy: str | None = None,
        exit_code: int = 1,
        page: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = str(file) if file is not None else None
        self.line = line
        self.remedy = remedy
        self.exit_code = exit_code
        self.page = page or next((PAGES[words] for words in PAGES if words in message), None)

    def __str__(self) -> str:
        place = ""
        if self.file is not None:
            place = f"{self.file}:{self.line}: " if self.line is not None else f"{self.file}: "
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{place}{self.message}{remedy}"


def with_page(error: StrataError) -> str:
    """Return an error's text, and as its last line the page that helps, where this checkout has one."""
    if error.page is None or not (_CHECKOUT / error.page.partition("#")[0]).is_file():
        return str(error)
    return f"{error}\nsee {error.page}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the remedy for a name that is not among those that are known."""
    names = sorted(known)
    if close := difflib.get_close_matches(name, names, n=1):
        return f"did you mean {close[0]}?"
    return f"there are {', '.join(names[:_SHOWN]) or 'none'}{' and more' if len(names) > _SHOWN else ''}"
