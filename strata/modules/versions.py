"""Version numbers of modules, their tags and their changelogs."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from enum import IntEnum

from strata.errors import StrataError

_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_HEADING = re.compile(r"## (\S+)(?: \((\d{4}-\d{2}-\d{2})\))?")
FIRST = "1.0.0"


class Level(IntEnum):
    """How much a change asks of callers, as Semantic Versioning 2.0.0 counts it."""

    none = 0
    patch = 1
    minor = 2
    major = 3


@dataclass(frozen=True, order=True)
class Version:
    major: int
    minor: int
    patch: int

    @classmethod
    def read(cls, text: str) -> Version:
        """The version that `text` spells.

        Raises:
            StrataError: it is not X.Y.Z.
        """
        found = _VERSION.fullmatch(text)
        if found is None:
            raise StrataError(
                f"`{text}` is not a version", remedy="write three numbers such as 1.2.0, without a `v`"
            )
        return cls(*(int(part) for part in found.groups()))

    def after(self, level: Level) -> Version:
        """The smallest version that announces a change of this level."""
        match level:
            case Level.major:
                return Version(self.major + 1, 0, 0)
            case Level.minor:
                return Version(self.major, self.minor + 1, 0)
            case Level.patch:
                return Version(self.major, self.minor, self.patch + 1)
            case _:
                return self

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


@dataclass(frozen=True)
class Release:
    """One heading of a changelog, and the text under it."""

    version: Version
    date: str
    notes: str
    line: int


def tag_name(module: str, version: Version) -> str:
    """The tag of a release, `<module>/vX.Y.Z` (decision D8)."""
    return f"{module}/v{version}"


def read_changelog(text: str, file: str) -> list[Release]:
    """The releases of a CHANGELOG.md, newest first.

    Raises:
        StrataError: a heading is not `## X.Y.Z (YYYY-MM-DD)`, the order is wrong, or there is none.
    """
    releases: list[Release] = []
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("## ")]
    for number, end in itertools.pairwise([*starts, len(lines)]):
        found = _HEADING.fullmatch(lines[number].rstrip())
        if found is None or found[2] is None or _VERSION.fullmatch(found[1]) is None:
            raise StrataError(
                f"`{lines[number]}` is not a release",
                file=file,
                line=number + 1,
                remedy="write `## X.Y.Z (YYYY-MM-DD)`",
            )
        version = Version.read(found[1])
        if releases and version >= releases[-1].version:
            raise StrataError(
                f"{version} stands below {releases[-1].version}",
                file=file,
                line=number + 1,
                remedy="put the newest release first",
            )
        releases.append(Release(version, found[2], "\n".join(lines[number + 1 : end]).strip(), number + 1))
    if not releases:
        raise StrataError("no release", file=file, remedy=f"begin with `## {FIRST} (YYYY-MM-DD)`")
    return releases
