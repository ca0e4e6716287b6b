"""Finds the folder that a unit's `source` means: a local path, or a git repository at a version.

Source forms are go-getter's, as Terragrunt uses them: `<place>//<folder in it>?ref=<version>`.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

from strata.checkout.file_lock import held
from strata.checkout.git import run_git
from strata.errors import StrataError

# A module's release, which is never another commit later.
_RELEASE = re.compile(r"[\w-]+/v\d+\.\d+\.\d+")
_BRANCHES_AND_TAGS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_COMMIT = re.compile(r"[0-9a-f]{7,40}")


@dataclass(frozen=True)
class ModuleSource:
    """Where a module lies: copy `root`, run Terraform in `directory` (`root` itself or a folder in it)."""

    root: Path
    directory: Path


@dataclass(frozen=True)
class Sources:
    """Resolves sources, with checked-out git versions kept under `cache`.

    Args:
        cache: a folder of our own; it is made when first needed.
        environ: the environment of the git processes, without variables that would point git elsewhere.
        fetch: whether modules of other places are fetched; else the unit's own folder stands for them.
    """

    cache: Path
    environ: Mapping[str, str]
    fetch: bool = True
    _commits: dict[tuple[str, str], str] = field(default_factory=dict)

    def module(self, source: str | None, directory: Path) -> ModuleSource:
        """The module that `source` names for a unit in `directory`; no source means the unit's own folder.

        Raises:
            StrataError: the folder or version does not exist, git fails, or the kind of source is not
            supported.
        """
        if not source:
            return ModuleSource(directory, directory)
        place, folder, query = split(source)
        elsewhere = "::" in place or "://" in place or place.startswith(("github.com/", "git@"))
        if elsewhere and not self.fetch:
            return ModuleSource(directory, directory)
        if place.startswith("git::"):
            root = self._checkout(place.removeprefix("git::"), query.get("ref", [""])[0])
        elif elsewhere:
            raise StrataError(
                f"the source `{source}` is not supported", remedy="use a local path or a `git::` address"
            )
        else:
            root = Path(os.path.normpath(directory / place))
        found = Path(os.path.normpath(root / folder)) if folder else root
        if not found.is_dir():
            raise StrataError(f"the source `{source}` names the folder {found}, which does not exist")
        return ModuleSource(root, found)

    def _checkout(self, address: str, ref: str) -> Path:
        mirror = self.cache / "mirrors" / _short(address)
        commit = self._commits.get((address, ref)) or self._commit(address, ref, mirror)
        self._commits[address, ref] = commit
        target = self.cache / "modules" / _short(f"{address}\n{commit}")
        if target.is_dir():
            return target
        self._fetch(address, commit, mirror)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".clone-") as scratch:
            clone = Path(scratch, "clone")
            self._git("clone", "--quiet", "--shared", "--no-checkout", str(mirror), str(clone))
            self._git("-C", str(clone), "checkout", "--quiet", "--detach", commit)
            shutil.rmtree(clone / ".git")
            try:
                clone.rename(target)
            except OSError:
                # Another process was faster; what it checked out is the same commit.
                if not target.is_dir():
                    raise
        return target

    def _fetch(self, address: str, commit: str, mirror: Path) -> None:
        """See that the repository's one copy has the commit."""
        mirror.parent.mkdir(parents=True, exist_ok=True)
        with held(mirror.with_suffix(".lock"), f"the copy of {address}", math.inf):
            if not mirror.is_dir():
                with tempfile.TemporaryDirectory(dir=mirror.parent, prefix=".clone-") as scratch:
                    clone = Path(scratch, "clone")
                    self._git("clone", "--quiet", "--bare", address, str(clone))
                    clone.rename(mirror)
            elif not self._known(commit, mirror):
                self._git("-C", str(mirror), "fetch", "--quiet", address, *_BRANCHES_AND_TAGS)

    def _known(self, revision: str, mirror: Path) -> str:
        """The commit that a revision is in the repository's copy; "" if there is none."""
        if not mirror.is_dir():
            return ""
        named = f"{revision}^{{commit}}"
        try:
            return self._git("-C", str(mirror), "rev-parse", "--verify", "--quiet", named).strip()
        except StrataError:
            return ""

    def _commit(self, address: str, ref: str, mirror: Path) -> str:
        """The commit that a tag, a branch or a commit id means now."""
        if _RELEASE.fullmatch(ref) and (release := self._known(f"refs/tags/{ref}", mirror)):
            return release
        wanted = [f"refs/tags/{ref}", f"refs/tags/{ref}^{{}}", f"refs/heads/{ref}"] if ref else ["HEAD"]
        listed = self._git("ls-remote", address, *wanted)
        known = {name: commit for commit, _, name in (line.partition("\t") for line in listed.splitlines())}
        # An annotated tag lists its own id first; `^{}` is the commit it stands for.
        for name in sorted(known, key=lambda name: ("refs/heads/" in name, not name.endswith("^{}"))):
            return known[name]
        if _COMMIT.fullmatch(ref):
            return ref
        raise StrataError(
            f"the repository {address} has no version `{ref}`", remedy="push the tag, or correct it"
        )

    def _git(self, *arguments: str) -> str:
        return run_git(*arguments, environ=self.environ).decode("utf-8", "replace")


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def split(source: str) -> tuple[str, str, dict[str, list[str]]]:
    """A source's place, the folder in it (after `//`) and its query."""
    bare, _, query = source.partition("?")
    start = bare.find("://") + 3 if "://" in bare else 0
    at = bare.find("//", start)
    if at < 0:
        return bare, "", parse_qs(query)
    return bare[:at], bare[at + 2 :], parse_qs(query)
