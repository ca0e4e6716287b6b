"""What a change is: the files it touches, and the tree as it was before it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from strata.checkout.git import run_git
from strata.errors import StrataError


@dataclass(frozen=True)
class CommitRange:
    """From `base` (the merge base with what was asked for) to the checked-out commit.

    Attributes:
        root: the checkout's folder.
        base, head: full commit ids.
        files: paths that differ, sorted; a rename counts as its two paths.
    """

    root: Path
    base: str
    head: str
    files: tuple[str, ...]

    @classmethod
    def since(cls, root: Path, base: str, head: str = "HEAD") -> CommitRange:
        """Look at what happened since `base` branched off.

        Raises:
            StrataError: one of the commits is not there, or they have no common ancestor.
        """
        head_id = commit(root, head)
        merge_base = git(root, "merge-base", commit(root, base), head_id).strip()
        names = git(root, "diff", "--name-only", "--no-renames", "-z", merge_base, head_id)
        return cls(root, merge_base, head_id, tuple(sorted(filter(None, names.split("\0")))))

    def before(self, path: str) -> bytes | None:
        """What a file held at `base`; None if it was not there."""
        return content(self.root, self.base, path)

    def after(self, path: str) -> bytes | None:
        """What a file holds at `head`; None if it is not there."""
        return content(self.root, self.head, path)


def commit(root: Path, name: str) -> str:
    """The full id of a commit.

    Raises:
        StrataError: there is none of that name here.
    """
    # A name that begins with a dash would be an option.
    if name.startswith("-"):
        raise StrataError(f"`{name}` is not a commit")
    try:
        return git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").strip()
    except StrataError:
        raise StrataError(
            f"commit `{name}` is not in this checkout", remedy="fetch the whole history: fetch-depth: 0"
        ) from None


def content(root: Path, commit_id: str, path: str) -> bytes | None:
    """What a file held in a commit; None if it is not there, or is not a file."""
    try:
        return run_git("-C", str(root), "cat-file", "blob", f"{commit_id}:{path}")
    except StrataError:
        return None


@contextlib.contextmanager
def tree_at(root: Path, commit_id: str) -> Iterator[Path]:
    """A folder with the files of a commit, gone afterwards; the checkout itself is left alone."""
    with tempfile.TemporaryDirectory(prefix="strata-base-") as folder:
        place = Path(folder).resolve() / "tree"
        git(root, "worktree", "add", "--quiet", "--detach", "--force", str(place), commit_id)
        try:
            yield place
        finally:
            git(root, "worktree", "remove", "--force", "--force", str(place))


def git(root: Path, *arguments: str) -> str:
    """Run git in a checkout and return what it printed; raises StrataError as `run_git`."""
    return run_git("-C", str(root), *arguments).decode("utf-8", "surrogateescape")
