"""The page of the test library: its fixtures and the keys of a case."""

from __future__ import annotations

import inspect

from strata.docs.fields import fields_table
from strata.docs.markdown import code, page, table
from strata.testing.cases.case import CaseFile
from strata.testing.fixtures import fixtures


def testing_page() -> str:
    """Return docs/reference/testing.md."""
    rows = []
    for name in fixtures.__all__:
        fixture = getattr(fixtures, name)
        rows.append([code(name), fixture._fixture_function_marker.scope, inspect.getdoc(fixture) or ""])
    return page(
        "Test library",
        [
            "[Testing](../testing.md) shows each at work.",
            "## Fixtures",
            "pytest finds them where `strata[testing]` is installed.",
            table(["fixture", "lasts for a", "gives"], rows),
            "## Keys of a case",
            "`tests/modules/<module>/<case>.yaml`; either `expect` or `error` is given.",
            fields_table(CaseFile),
        ],
    )
