"""Which version of which module each environment runs: the version map of its env.hcl (decision D8)."""

from __future__ import annotations

from pathlib import Path

from strata.errors import StrataError
from strata.hcl.syntax import parse
from strata.hcl.values import elements, string_value
from strata.live.discovery import environments


def pins(root: Path) -> dict[str, dict[str, str]]:
    """By environment and module the version, or `local`.

    Raises:
        StrataError: an env.hcl cannot be read or has no map of plain strings.
    """
    return {name: _versions(root / "live" / name / "env.hcl", root) for name in environments(root)}


def _versions(path: Path, root: Path) -> dict[str, str]:
    place = path.relative_to(root).as_posix()
    try:
        file = parse(place, path.read_bytes())
    except FileNotFoundError:
        raise StrataError("the file does not exist", file=place) from None
    found = [
        block.attributes["versions"]
        for block in file.body.children("locals")
        if "versions" in block.attributes
    ]
    if not found:
        raise StrataError("`locals` has no `versions`", file=place)
    versions: dict[str, str] = {}
    for name, element, value in elements(found[0].node):
        version = string_value(value)
        if name is None or version is None:
            raise StrataError("a version is a plain string", file=place, line=element.line)
        versions[name] = version
    return versions
