"""The pytest plugin: collects cases, plans them in batches, offers fixtures.

Loaded by its entry point where Strata is installed, and by `-p strata.testing.plugin` in any case.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strata.testing.cases.case import SHARED_INPUTS, Case
from strata.testing.cases.collector import LAYOUT, CaseFile, CaseItem, ExampleFile
from strata.testing.cases.layout import RepositoryLayout
from strata.testing.cases.scheduling import batches, make_scheduler, place_of
from strata.testing.cases.session import PLANS, Plans
from strata.testing.fixtures.fixtures import *  # noqa: F403

_BATCHES = "strata_batches"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("strata_modules", "folder of the Terraform modules", default="modules")
    parser.addini("strata_cases", "folder of the modules' cases", default="tests/modules")
    parser.addini(
        "strata_one_worker",
        "files and folders each of whose tests run on one worker, the first of them first",
        type="args",
        default=[],
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "terraform: starts Terraform with the AWS provider")
    root = config.rootpath
    layout = RepositoryLayout(
        root=root,
        modules=root / config.getini("strata_modules"),
        cases=root / config.getini("strata_cases"),
        state=root / ".strata",
    )
    config.stash[LAYOUT] = layout
    config.stash[PLANS] = Plans(layout)


def pytest_unconfigure(config: pytest.Config) -> None:
    if PLANS in config.stash:
        config.stash[PLANS].close()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    layout = parent.config.stash[LAYOUT]
    if file_path.suffix in (".yaml", ".yml") and file_path.parent.parent == layout.cases:
        if file_path.name == SHARED_INPUTS:
            return None
        return CaseFile.from_parent(parent, path=file_path)
    if file_path.name == "README.md" and file_path.parent.parent == layout.modules:
        return ExampleFile.from_parent(parent, path=file_path)
    return None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # What one worker runs as a whole goes first, in the order it is listed: begun last, it would leave the
    # others idle.
    together = config.getini("strata_one_worker")
    items.sort(key=lambda item: place_of(item.nodeid, together))


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is still selected now is what will run."""
    config = session.config
    workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
    found = batches((item.nodeid for item in session.items), workers)
    cases = [
        item.case for item in session.items if isinstance(item, CaseItem) and isinstance(item.case, Case)
    ]
    config.stash[PLANS].schedule(cases, found)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    # Another --dist was asked for by name.
    if config.getoption("dist") != "load":
        return None
    return make_scheduler(config, log, config.getini("strata_one_worker"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_BATCHES] = _lines(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    lines = getattr(node, "workeroutput", {}).get(_BATCHES, [])
    node.config.stash.setdefault(_LINES, []).extend(lines)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in [*config.stash.get(_LINES, []), *_lines(config)]:
        terminalreporter.write_line(line)


_LINES = pytest.StashKey[list[str]]()


def _lines(config: pytest.Config) -> list[str]:
    return [
        f"planned {count} cases in {result.seconds:.1f} s with {result.starts} starts of Terraform"
        for count, result in config.stash[PLANS].done
    ]
