"""`python -m strata.setup.platforms`: whether every pinned package has a file for every platform.

Run it when requirements.txt changes. It asks the index that pip's settings name, and downloads no package.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from strata.errors import StrataError
from strata.setup.package_index import PackageIndex
from strata.setup.requirements import PACKAGES, read_requirements

# Debian 12's; older ones have wheels of most packages, too.
_GLIBC = 36
# Python 3.14 does not run PySpark 3.5: set-up brings 3.11 there.
PYTHONS = ((3, 11), (3, 12), (3, 13))
_SOURCE = (".tar.gz", ".zip")


@dataclass(frozen=True)
class Platform:
    """A kind of machine.

    Attributes:
        name: what people call it.
        tags: of the wheels that it can install, the best first.
        required: whether every package must have a file for it.
    """

    name: str
    tags: tuple[str, ...]
    required: bool = True


def _linux(machine: str) -> Platform:
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(_GLIBC, 4, -1)]
    older = [f"{name}_{machine}" for name in ("manylinux2014", "manylinux2010", "manylinux1", "linux")]
    return Platform(f"Linux {machine}", (*tags, *older))


PLATFORMS = (
    _linux("x86_64"),
    _linux("aarch64"),
    Platform("macOS arm64", tuple(mac_platforms((14, 0), "arm64"))),
    # Its last machines were sold in 2023, and packages leave it out one after the other.
    Platform("macOS x86_64", tuple(mac_platforms((14, 0), "x86_64")), required=False),
)


@dataclass(frozen=True)
class MissingWheel:
    """A pinned package that a platform cannot install."""

    package: str
    version: str
    platform: Platform
    python: str

    def __str__(self) -> str:
        return f"{self.package} {self.version} has no wheel for {self.platform.name}, Python {self.python}"


def missing(package: str, version: str, files: Mapping[str, str]) -> Iterator[MissingWheel]:
    """Yield the platforms for which a version of a package has no file.

    A package without any wheel is built from its source, which is pure Python.

    Args:
        package: its name.
        version: the pinned one.
        files: the names of the package's files in the index.
    """
    wheels: set[Tag] = set()
    for name in files:
        try:
            _, number, _, tags = parse_wheel_filename(name)
        except InvalidWheelFilename:
            continue
        if str(number) == version:
            wheels |= tags
    if not wheels and any(f"-{version}{ending}" in name for name in files for ending in _SOURCE):
        return
    for platform in PLATFORMS:
        for python in PYTHONS:
            wanted = {
                *cpython_tags(python, platforms=platform.tags),
                *compatible_tags(python, f"cp{python[0]}{python[1]}", platform.tags),
            }
            if not wheels & wanted:
                yield MissingWheel(package, version, platform, f"{python[0]}.{python[1]}")


def pinned(root: Path) -> dict[str, str]:
    """Return the version of each package of the virtual environment."""
    found = read_requirements(root / PACKAGES)
    return {
        name: re.split(r"[\s;\\]", text.partition("==")[2], maxsplit=1)[0] for name, text in found.items()
    }


def main() -> int:
    """Print what is missing.

    Returns:
        The exit code: 0 if nothing is that a platform requires.
    """
    index = PackageIndex.find(os.environ)
    if index is None:
        print("error: no package index is named (name it in PIP_INDEX_URL)", file=sys.stderr)
        return 1
    packages = pinned(Path(__file__).resolve().parents[2])
    try:
        with ThreadPoolExecutor(8) as pool:
            files = dict(zip(packages, pool.map(index.files, packages), strict=True))
    except StrataError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    found = [one for name, version in packages.items() for one in missing(name, version, files[name])]
    for one in found:
        print(one)
    print(
        f"{len(found)} missing: {len(packages)} packages, {len(PLATFORMS)} platforms, {len(PYTHONS)} Pythons"
    )
    return 1 if any(one.platform.required for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
