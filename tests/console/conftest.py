"""One source for the tests of the console, its server in this process, and one browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from strata.console.platform_source import traced as placed
from tests.console.recorded import Recorded, named
from tests.trace.test_collect import traced


@pytest.fixture(scope="session")
def recorded() -> Recorded:
    """Recorded traces, 10,000 executions."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        pages = {
            name: placed(named(traced(name, monkeypatch), name)) for name in ("clean", "refused", "duplicate")
        }
    source = Recorded(pages)
    source.load()
    return source


@pytest.fixture
def source(recorded: Recorded) -> Iterator[Recorded]:
    """The same, as it was at first."""
    recorded.fault, recorded.empty, recorded.slow = None, False, 0.0
    recorded.asked.clear()
    recorded.again.clear()
    yield recorded
    recorded.fault, recorded.empty, recorded.slow = None, False, 0.0
