"""What every area of the suite shares: a clean environment, and an honest count of what did not run."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
_MISSING = re.compile(r"missing tool: (\w+)")
_FOREIGN = ("AWS_", "TF_", "TERRAGRUNT_", "TG_", "SNOWFLAKE_", "STRATA_", "SPARK_", "PYSPARK_")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(tool): skipped, and counted, where the tool is not on PATH")
    for name in list(os.environ):
        # The caller's settings must not decide what a test sees; this one says where providers are.
        if name.startswith(_FOREIGN) and name != "STRATA_PLUGIN_MIRROR":
            del os.environ[name]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One worker for all of tests/pipeline, which share one platform; everything else test by test.

    pytest-xdist's own `loadgroup` does nothing with pytest 9.2: it renames tests by an attribute that is gone.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "platform" if nodeid.startswith("tests/pipeline/") else nodeid

    return Scheduling(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        tool = str(marker.args[0])
        if shutil.which(tool) is None:
            pytest.skip(f"missing tool: {tool}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        found = _MISSING.search(str(report.longrepr))
        if found:
            counts[found.group(1)] += 1
    named = ", ".join(f"{tool} ({count})" for tool, count in sorted(counts.items()))
    terminalreporter.write_line(f"tests not run for a missing tool: {sum(counts.values())} {named}".rstrip())


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT
