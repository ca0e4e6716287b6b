"""The extras of this package that may not be installed: named in one line, where something needs them."""

from __future__ import annotations

import re
from functools import cache

from strata.errors import StrataError

CLOUD, TESTING = "cloud", "testing"


@cache
def missing_packages(extra: str) -> tuple[str, ...]:
    """The packages of an extra that are not installed."""
    # Imported here: of what most commands load it is a tenth.
    import importlib.metadata

    try:
        required = importlib.metadata.requires("strata") or ()
    except importlib.metadata.PackageNotFoundError:
        # A checkout on PYTHONPATH: whoever runs it so brings the packages.
        return ()
    return tuple(name for line in required if (name := _name(line, extra)) and not _installed(name))


def need_extra(extra: str, what: str) -> None:
    """Refuse what cannot be done without an extra.

    Args:
        extra: its name.
        what: who needs it, such as "the fixture spark".

    Raises:
        StrataError: a package of it is not installed.
    """
    if missing := missing_packages(extra):
        raise StrataError(
            f"{what} needs the extra `{extra}`: {missing[0]} is not installed",
            remedy=f"pip install 'strata[{extra}]'",
        )


def _name(requirement: str, extra: str) -> str:
    """The package that a line of the metadata requires for an extra, "" if it is of another."""
    marked = re.search(r"""extra == ["']([\w-]+)["']""", requirement)
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    return found[0] if found and marked and marked[1] == extra else ""


def _installed(name: str) -> bool:
    import importlib.metadata

    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
