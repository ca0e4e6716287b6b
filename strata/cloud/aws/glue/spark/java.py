"""Finds the Java that runs Spark."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from strata.errors import StrataError

NEEDED = 17  # Glue 5.x runs Java 17
_REMEDY = f"install Java {NEEDED} or newer (such as openjdk-{NEEDED}-jre-headless), or point JAVA_HOME to one"
# `java -version` says 'openjdk version "17.0.15" ...', and before Java 9 'java version "1.8.0_402"'.
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


@dataclass(frozen=True)
class Java:
    """A Java installation: its executable and its major version."""

    path: Path
    version: int

    @property
    def home(self) -> Path:
        """The folder for JAVA_HOME; symbolic links (/usr/bin/java) are followed."""
        return self.path.resolve().parent.parent


def find_java(environ: Mapping[str, str]) -> Java:
    """Return the Java of JAVA_HOME, else of PATH.

    Raises StrataError if there is none, if it does not say its version, or if it is older than 17.
    """
    home = environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else None
    if home and not found:
        raise StrataError(f"no Java at JAVA_HOME={home}", remedy=_REMEDY)
    found = found or shutil.which("java", path=environ.get("PATH", ""))
    if not found:
        raise StrataError("no Java found in JAVA_HOME or PATH", remedy=_REMEDY)
    path = Path(found)
    try:
        said = subprocess.run([found, "-version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StrataError(f"Java at {path} does not run: {error}", remedy=_REMEDY) from error
    match = _VERSION.search(said.stderr + said.stdout)
    if not match:
        # macOS carries a /usr/bin/java that only says where to download one.
        raise StrataError(f"Java at {path} does not say its version", remedy=_REMEDY)
    version = int(match[1])
    if version < NEEDED:
        raise StrataError(f"Java {version} found at {path}, Java {NEEDED} or newer needed", remedy=_REMEDY)
    return Java(path=path, version=version)
