"""Finds the Java that runs Spark: one of the machine's, else the one that set-up has brought."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from strata.checkout import tools
from strata.errors import StrataError

# Glue 5.x runs Java 17. From 24 on, Java lacks what Hadoop 3.3 asks for ("getSubject is not supported").
OLDEST, NEWEST = 17, 21
_REMEDY = (
    f"install a Java from {OLDEST} to {NEWEST} (such as openjdk-{OLDEST}-jre-headless), "
    "or point JAVA_HOME to one"
)
# `java -version` says 'openjdk version "17.0.15" ...', and before Java 9 'java version "1.8.0_402"'.
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


@dataclass(frozen=True)
class Java:
    """A Java installation.

    Attributes:
        path: its executable.
        version: its major version.
        reason: where it was found, and why no earlier place has one that suits.
    """

    path: Path
    version: int
    reason: str = ""

    @property
    def home(self) -> Path:
        """The folder for JAVA_HOME; symbolic links (/usr/bin/java) are followed."""
        return self.path.resolve().parent.parent

    @property
    def brought(self) -> bool:
        """Whether set-up has brought it."""
        return self.path == tools.java()


def find_java(environ: Mapping[str, str]) -> Java:
    """Return the first suitable Java: of JAVA_HOME, of PATH, or the one that set-up has brought.

    Raises:
        StrataError: none is from 17 to 21; the message says what is wrong with each.
    """
    faults: list[str] = []
    for place, path in _candidates(environ):
        if path is None:
            faults.append(place)
            continue
        try:
            return Java(path, _suitable_version(path), "; ".join((place, *faults)))
        except StrataError as error:
            faults.append(error.message)
    if brought := tools.java():
        return Java(brought, _suitable_version(brought), "; ".join((tools.BROUGHT, *faults)))
    raise StrataError("; ".join(faults), remedy=_REMEDY)


def _candidates(environ: Mapping[str, str]) -> Iterator[tuple[str, Path | None]]:
    """Yield where a Java is looked for and the program there, or what to say where there is none."""
    home = environ.get("JAVA_HOME")
    if home:
        found = shutil.which("java", path=str(Path(home) / "bin"))
        yield ("of JAVA_HOME", Path(found)) if found else (f"no Java at JAVA_HOME={home}", None)
    found = shutil.which("java", path=environ.get("PATH", ""))
    yield ("on PATH", Path(found)) if found else ("no Java on PATH", None)


def _suitable_version(path: Path) -> int:
    try:
        answer = subprocess.run(
            [str(path), "-version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StrataError(f"Java at {path} does not run: {error}") from error
    match = _VERSION.search(answer.stderr + answer.stdout)
    if not match:
        # macOS carries a /usr/bin/java that only says where to download one.
        raise StrataError(f"Java at {path} does not say its version")
    version = int(match[1])
    if not OLDEST <= version <= NEWEST:
        raise StrataError(f"Java {version} at {path} is not from {OLDEST} to {NEWEST}")
    return version
