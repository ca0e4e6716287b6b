"""What a change is: the files it touches, and the tree as it was before it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from strata.checkout.git import run_git
from strata.errors import StrataError

# Git's mode of what is not there.
_ABSENT = "000000"


@dataclass(frozen=True)
class CommitRange:
    """From `base` (the merge base with what was asked for) to the checked-out commit.

    Attributes:
        root: the checkout's folder.
        base, head: full commit ids.
        files: paths that differ, sorted; a rename counts as its two paths.
        modes: of those that exist at `head`, Git's mode: 100644 or 100755, or 120000 for a link.
    """

    root: Path
    base: str
    head: str
    files: tuple[str, ...]
    modes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def since(cls, root: Path, base: str, head: str = "HEAD") -> CommitRange:
        """Look at what happened since `base` branched off.

        Raises:
            StrataError: one of the commits is not there, or they have no common ancestor.
        """
        head_id = commit(root, head)
        merge_base = git(root, "merge-base", commit(root, base), head_id).strip()
        listed = git(root, "diff", "--raw", "--no-renames", "-z", merge_base, head_id).split("\0")
        # Pairs of `:<mode before> <mode after> <ids and status>` and a path.
        modes = {path: header.split()[1] for header, path in zip(listed[::2], listed[1::2], strict=False)}
        there = {path: mode for path, mode in modes.items() if mode != _ABSENT}
        return cls(root, merge_base, head_id, tuple(sorted(modes)), there)

    def before(self, path: str) -> bytes | None:
        """What a file held at `base`; None if it was not there."""
        return content(self.root, self.base, path)

    def after(self, path: str) -> bytes | None:
        """What a file holds at `head`; None if it is not there."""
        return content(self.root, self.head, path)

    def paths_before(self) -> list[str]:
        """Every file of `base`."""
        listed = git(self.root, "ls-tree", "-r", "-z", "--name-only", self.base)
        return [path for path in listed.split("\0") if path]

    def is_merged(self, tag: str) -> bool:
        """Whether a tag stands for a commit that `base` holds."""
        try:
            git(self.root, "merge-base", "--is-ancestor", f"refs/tags/{tag}^{{commit}}", self.base)
        except StrataError:
            return False
        return True


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
