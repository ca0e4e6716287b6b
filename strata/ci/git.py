"""What a change is: the files it touches, and the tree as it was before it."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from strata.checkout.git import run_git
from strata.errors import StrataError

# Git's modes: of what is not there, of a link, of a submodule.
_ABSENT, _LINK, _SUBMODULE = "000000", "120000", "160000"


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

    def before(self, paths: Iterable[str]) -> dict[str, bytes]:
        """What those of some files held at `base` that were there."""
        return contents(self.root, self.base, paths)

    def after(self, paths: Iterable[str]) -> dict[str, bytes]:
        """What those of some files hold at `head` that are there."""
        return contents(self.root, self.head, paths)

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


@dataclass(frozen=True)
class _Entry:
    """A file as Git lists it."""

    path: str
    mode: str
    blob: str


def contents(root: Path, commit_id: str, paths: Iterable[str]) -> dict[str, bytes]:
    """What files held in a commit, without those that are not there or are not files."""
    wanted = set(paths)
    found = [entry for entry in _listed(root, commit_id) if entry.path in wanted] if wanted else []
    blobs = _blobs(root, {entry.blob for entry in found if entry.mode != _SUBMODULE})
    return {entry.path: blobs[entry.blob] for entry in found if entry.mode != _SUBMODULE}


def _listed(root: Path, commit_id: str) -> list[_Entry]:
    # Lines of `<mode> <type> <id>\t<path>`.
    lines = git(root, "ls-tree", "-r", "-z", "--full-tree", commit_id).split("\0")
    halves = (line.split("\t", 1) for line in lines if line)
    return [_Entry(path, *head.split()[::2]) for head, path in halves]


def _blobs(root: Path, ids: Iterable[str]) -> dict[str, bytes]:
    """What blobs hold, out of one process."""
    wanted = sorted(ids)
    if not wanted:
        return {}
    answer = run_git("-C", str(root), "cat-file", "--batch", given="\n".join(wanted).encode())
    found: dict[str, bytes] = {}
    start = 0
    for blob in wanted:
        # `<id> blob <size>`, a line's end, the bytes, a line's end.
        head, _, _ = answer[start : start + 200].partition(b"\n")
        first = start + len(head) + 1
        start = first + int(head.split()[2]) + 1
        found[blob] = answer[first : start - 1]
    return found


class ChangeTrees(contextlib.ExitStack):
    """The files of a change before and after it, each laid out when it is first asked for.

    Args:
        change: the change.
        without: folders to leave out.
    """

    def __init__(self, change: CommitRange, without: Collection[str] = ()) -> None:
        super().__init__()
        self.change, self._without = change, without

    @functools.cached_property
    def base(self) -> Path:
        """The tree before the change."""
        return self.enter_context(files_at(self.change.root, self.change.base, self._without))

    @functools.cached_property
    def head(self) -> Path:
        """The tree after it."""
        return self.enter_context(files_at(self.change.root, self.change.head, self._without))


@contextlib.contextmanager
def files_at(root: Path, commit_id: str, without: Collection[str] = ()) -> Iterator[Path]:
    """A folder with the files of a commit to be read, gone afterwards: no worktree, in which git works.

    What the checkout holds unchanged is linked and not written again: nothing may be written into a file.

    Args:
        root: the checkout's folder.
        commit_id: the commit.
        without: top-level folders to leave out.
    """
    with tempfile.TemporaryDirectory(prefix="strata-files-") as folder:
        place = Path(folder).resolve() / "tree"
        # A repository's top is known by it.
        (place / ".git").mkdir(parents=True)
        entries = [one for one in _listed(root, commit_id) if one.path.partition("/")[0] not in without]
        same = _unchanged(root)
        plain = (one for one in entries if one.mode not in (_LINK, _SUBMODULE))
        kept = {one for one in plain if same.get(one.path) == one.blob}
        blobs = _blobs(root, {one.blob for one in entries if one.mode != _SUBMODULE and one not in kept})
        for parent in {os.path.dirname(one.path) for one in entries}:
            (place / parent).mkdir(parents=True, exist_ok=True)
        for one in entries:
            target = place / one.path
            if one.mode == _SUBMODULE:
                target.mkdir()
            elif one.mode == _LINK:
                target.symlink_to(os.fsdecode(blobs[one.blob]))
            elif one in kept:
                _link(root / one.path, target)
            else:
                target.write_bytes(blobs[one.blob])
                target.chmod(int(one.mode[-3:], 8))
        yield place


def _unchanged(root: Path) -> dict[str, str]:
    """Path -> blob of what the working tree holds as the index does."""
    # Lines of `<mode> <id> <stage>\t<path>`.
    staged = (line.split("\t", 1) for line in git(root, "ls-files", "-s", "-z").split("\0") if line)
    # A link made of a file, as here by an earlier run, changes its ctime and nothing else.
    changed = set(git(root, "-c", "core.trustctime=false", "diff-files", "--name-only", "-z").split("\0"))
    return {path: head.split()[1] for head, path in staged if path not in changed}


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        # Another file system, or one without such links.
        shutil.copy2(source, target, follow_symlinks=False)


@contextlib.contextmanager
def tree_at(root: Path, commit_id: str) -> Iterator[Path]:
    """A worktree of a commit, gone afterwards, for programs that ask git; the checkout is left alone."""
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
