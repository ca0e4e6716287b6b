"""Plans of open pull requests that main has overtaken.

A comment names its units in a hidden line, so that nothing of a pull request is read or run to compare.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from strata.ci.summary import marker

_UNITS = re.compile(r"^<!-- strata:units: (?P<units>[\w./ -]*) -->$", re.MULTILINE)
_WARNING = re.compile(r"^> \[!WARNING\]\n> \*\*Outdated\*\*.*\n\n", re.MULTILINE)
_MOST = 5


def units_note(units: Collection[str]) -> str:
    """The hidden line that names planned units."""
    return f"<!-- strata:units: {' '.join(sorted(units))} -->\n"


def with_units(body: str, environment: str, units: Collection[str]) -> str:
    """A comment with the line behind its marker."""
    first = f"{marker(environment)}\n"
    return body.replace(first, f"{first}{units_note(units)}", 1)


def units_of(body: str) -> frozenset[str]:
    """The units that a comment's plan is of; none of a comment that names none."""
    found = _UNITS.search(body)
    return frozenset(found["units"].split()) if found else frozenset()


def outdated(body: str, commit: str, units: Collection[str]) -> str:
    """A comment that says which of its units another change has reached since.

    Args:
        body: the comment.
        commit: main's.
        units: those that both are about.
    """
    named = sorted(units)
    more = f" and {len(named) - _MOST} more" if len(named) > _MOST else ""
    names = ", ".join(f"`{unit}`" for unit in named[:_MOST])
    warning = (
        f"> [!WARNING]\n> **Outdated**: main is at `{commit[:12]}` and changes {names}{more}. "
        "Update the branch, and it is planned again.\n\n"
    )
    head, line, rest = _WARNING.sub("", body).partition(" -->\n## ")
    return f"{head} -->\n{warning}## {rest}" if line else body
