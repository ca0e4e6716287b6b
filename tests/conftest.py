"""What every area of the suite shares: a clean environment, and an honest count of what did not run."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import re
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from strata.checkout import tools
from strata.checkout.imports import uncollected
from strata.terraform.providers import SNOWFLAKE_MIRROR
from strata.terraform.toolchain import find_toolchain
from tests.snowflake_provider.found import MIRROR

ROOT = Path(__file__).resolve().parents[1]
_MISSING = re.compile(r"missing tool: ([\w-]+)")
_FOREIGN = ("ACTIONS_", "AWS_", "GITHUB_", "PYSPARK_", "PYTEST_ADDOPTS", "SNOWFLAKE_", "SPARK_", "STRATA_", "TERRAGRUNT_", "TF_", "TG_")  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--platform-seeds",
        type=int,
        default=1,
        metavar="N",
        help="seeds that are played on the whole platform",
    )
    parser.addoption(
        "--kill-seeds", type=int, default=1, metavar="N", help="how often each job's Spark is killed"
    )
    parser.addoption(
        "--claim-seeds", type=int, default=25, metavar="N", help="how many plays of events meet the claims"
    )
    parser.addoption(
        "--chaos-seeds", type=int, default=20, metavar="N", help="how many combinations of faults are played"
    )
    parser.addoption(
        "--storm-objects", type=int, default=30, metavar="N", help="how many objects are put at once"
    )
    parser.addoption(
        "--hammer-pairs",
        type=int,
        default=0,
        metavar="N",
        help="rounds in which every pair of AWS's mutating actions meets",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name in ("platform_seed", "kill_seed"):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, range(metafunc.config.getoption(f"{name}s")))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(tool): skipped, and counted, where the tool is not on PATH")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts its background jobs so, and children inherit it: their Ctrl-C would do nothing.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Not left as a setting: it would put the real provider into every test that plans. Workers start after
    # the settings are gone, so that they are told.
    told = getattr(config, "workerinput", {})
    config.stash[MIRROR] = told.get(SNOWFLAKE_MIRROR) or os.environ.get(SNOWFLAKE_MIRROR, "")
    for name in list(os.environ):
        # The caller's settings must not decide what a test sees; this one says where providers are.
        if name.startswith(_FOREIGN) and name != "STRATA_PLUGIN_MIRROR":
            del os.environ[name]
    downloaded = ROOT / ".strata" / "terraform" / "providers"
    if downloaded.is_dir():
        # Set-up has brought it once; folders of the tests' own would each bring it again.
        os.environ.setdefault("STRATA_PLUGIN_MIRROR", str(downloaded))
    if tools.terraform() and not told:
        # The suite's own processes look for Terraform on PATH, and workers inherit this one's.
        program = find_toolchain(ROOT / ".strata").terraform
        os.environ["PATH"] = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    if told:
        # An embedded cloud imports this in a thread of its own, and pytest rewrites asserts with ast.parse,
        # which CPython 3.11 cannot do in two threads at once (python/cpython#106905).
        importlib.import_module("strata.cloud.snowflake.provider.server")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Iterator[None]:
    """Collect no garbage among what is imported and collected: it stays.

    To look through it again and again took 14 of a worker's 26 s of CPU; from now on, it is not looked at.
    """
    with uncollected():
        yield
        gc.freeze()
    # Else nanobind, which DuckDB is bound by, takes what is frozen for leaks at the end of the process.
    atexit.register(gc.unfreeze)


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_xdist_auto_num_workers() -> Iterator[int]:
    """One worker more than xdist would start: almost half of the suite's time is waits of the AWS provider."""
    workers: int = yield
    return workers + ("PYTEST_XDIST_AUTO_NUM_WORKERS" not in os.environ)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the real Snowflake provider is."""
    node.workerinput[SNOWFLAKE_MIRROR] = node.config.stash[MIRROR]


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
