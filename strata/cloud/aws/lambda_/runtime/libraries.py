"""Import paths that hold some installed distributions with what they require, and nothing else.

A Lambda or a Glue job must not see what happens to be installed beside Strata: AWS's runtime carries boto3
and a few others, and everything else has to come with the function or the job. So its Python is started
without site-packages, with a folder of links to just those distributions on its path.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable
from pathlib import Path

from strata.errors import StrataError

_NAME = re.compile(r"^\s*([A-Za-z0-9._-]+)")


def link_libraries(folder: Path, names: Iterable[str], *, optional: Iterable[str] = ()) -> Path:
    """Fill the folder with links to the distributions and all they require, and return it.

    `optional` names are left out where they are not installed. Raises StrataError for a missing one of
    `names`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for distribution in _closure(list(names), list(optional)):
        for entry in sorted({path.parts[0] for path in distribution.files or ()}):
            # Scripts lie outside (../../bin), byte code of single modules is made again.
            if entry in ("..", "__pycache__") or (folder / entry).is_symlink():
                continue
            (folder / entry).symlink_to(Path(str(distribution.locate_file(entry))))
    return folder


def _closure(names: list[str], optional: list[str]) -> list[importlib.metadata.Distribution]:
    found: dict[str, importlib.metadata.Distribution] = {}
    pending = [(name, True) for name in names] + [(name, False) for name in optional]
    while pending:
        name, needed = pending.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in found:
            continue
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            if needed:
                raise StrataError(
                    f"the Python package {name} is not installed", remedy="run `make setup`"
                ) from None
            continue
        found[key] = distribution
        for requirement in distribution.requires or ():
            wanted, _, marker = requirement.partition(";")
            match = _NAME.match(wanted)
            if match and "extra" not in marker:
                # With a marker (another Python, another system) it may rightly be absent.
                pending.append((match[1], not marker.strip()))
    return list(found.values())
