"""The git repository that the modules are released from."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

from strata.checkout.git import run_git
from strata.errors import StrataError, did_you_mean
from strata.modules.diff import InterfaceChange, compare, level_of
from strata.modules.interface import Module, read_folder, read_tree
from strata.modules.versions import FIRST, Level, Release, Version, read_changelog, tag_name

FOLDER = "modules"


@dataclass(frozen=True)
class ReleaseDifference:
    """What changed since a release.

    Attributes:
        base: the release compared with; None if there was none.
        changes: the gravest first.
        level: what they call for.
        next: the smallest version that says so.
    """

    module: str
    base: Version | None
    changes: list[InterfaceChange]
    level: Level
    next: Version


@dataclass(frozen=True)
class Repository:
    """A checkout: its modules as they are, and as they were released."""

    root: Path

    def names(self) -> list[str]:
        """The modules: every folder below `modules` with a Terraform file."""
        return sorted(path.name for path in (self.root / FOLDER).iterdir() if any(path.glob("*.tf")))

    def module(self, name: str) -> Module:
        """A module as the working tree has it.

        Raises:
            StrataError: the module does not exist, or it cannot be read.
        """
        if name not in self.names():
            raise StrataError(f"module {name} does not exist", remedy=did_you_mean(name, self.names()))
        return read_folder(self.root / FOLDER / name, f"{FOLDER}/{name}")

    def released(self, name: str) -> list[Version]:
        """The versions that are tagged, oldest first."""
        prefix = f"{name}/v"
        found = []
        for tag in self._git("tag", "--list", f"{prefix}*").split():
            try:
                found.append(Version.read(tag.removeprefix(prefix)))
            except StrataError:
                # Somebody's own tag, such as s3/v1.0.0-rc1: no release.
                continue
        return sorted(found)

    def module_at(self, name: str, version: Version) -> Module:
        """A module as it was released.

        Raises:
            StrataError: the tag does not exist, or the module was not there then.
        """
        if version not in self.released(name):
            known = ", ".join(str(known) for known in self.released(name)) or "none so far"
            raise StrataError(f"no such tag: {tag_name(name, version)}", remedy=f"released: {known}")
        # All modules of that commit: this one may call others.
        raw = self._run("archive", "--format=tar", tag_name(name, version), "--", FOLDER)
        files: dict[str, bytes] = {}
        with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                if file is not None:
                    files[member.name] = file.read()

        def contents(place: str) -> dict[str, bytes]:
            below = f"{place}/"
            return {path.removeprefix(below): raw for path, raw in files.items() if path.startswith(below)}

        return read_tree(f"{FOLDER}/{name}", contents)

    def changelog(self, name: str) -> list[Release]:
        """The releases that a module's CHANGELOG.md names, newest first.

        Raises:
            StrataError: the file is missing or is not a changelog.
        """
        place = f"{FOLDER}/{name}/CHANGELOG.md"
        try:
            text = (self.root / place).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise StrataError(
                "the file does not exist", file=place, remedy=f"begin with `## {FIRST} (YYYY-MM-DD)`"
            ) from None
        return read_changelog(text, place)

    def difference(
        self, name: str, base: Version | None = None, below: Version | None = None
    ) -> ReleaseDifference:
        """What changed in a module since a release.

        Args:
            name: the module.
            base: the release (default: the newest).
            below: with no `base`: the newest release below this one, so that an old line can be mended.

        Raises:
            StrataError: as `module` and `module_at`.
        """
        now = self.module(name)
        if base is None:
            candidates = [v for v in self.released(name) if below is None or v < below]
            base = candidates[-1] if candidates else None
        if base is None:
            return ReleaseDifference(name, None, [], Level.none, Version.read(FIRST))
        changes = compare(self.module_at(name, base), now)
        level = level_of(changes)
        return ReleaseDifference(name, base, changes, level, base.after(level))

    def tag(self, name: str, version: Version | None = None) -> tuple[str, Release]:
        """Tag the commit that is checked out as a release of a module.

        Args:
            name: the module.
            version: the version; without it the newest of the changelog.

        Returns:
            The annotated tag's name and the release; the release's notes are its message.

        Raises:
            StrataError: the changelog does not begin with the version, the tag exists, the changes since the
                release before call for more, or the working tree differs from the commit.
        """
        self.module(name)
        release = self.changelog(name)[0]
        version = version or release.version
        changelog = f"{FOLDER}/{name}/CHANGELOG.md"
        if release.version != version:
            raise StrataError(
                f"the first release is {release.version}, not {version}",
                file=changelog,
                line=release.line,
                remedy=f"write what changed under `## {version} (YYYY-MM-DD)`",
            )
        tag = tag_name(name, version)
        if version in self.released(name):
            raise StrataError(f"the tag {tag} exists", remedy="a release never changes: take the next number")
        difference = self.difference(name, below=version)
        if difference.base is not None and version < difference.next:
            # The gravest is the first.
            why = difference.changes[0]
            raise StrataError(
                f"{version} is too small a step from {difference.base}: {why.subject} {why.text}",
                remedy=f"a {difference.level.name} change makes it {difference.next}; "
                f"see `strata modules diff {name}`",
            )
        if dirty := self._git("status", "--porcelain").splitlines():
            raise StrataError(
                f"{dirty[0][3:]} is not committed"
                + (f", and {len(dirty) - 1} more" if len(dirty) > 1 else ""),
                remedy="commit: a tag names a commit, not a working tree",
            )
        message = f"{name} {version}\n\n{release.notes}\n"
        # `#` begins a heading of the notes, not a comment.
        self._git("tag", "--annotate", "--cleanup=whitespace", "--message", message, tag)
        return tag, release

    def _git(self, *arguments: str) -> str:
        return self._run(*arguments).decode("utf-8", "replace")

    def _run(self, *arguments: str) -> bytes:
        return run_git("-C", str(self.root), *arguments)
