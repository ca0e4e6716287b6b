"""The pytest plugin: collects cases, plans them in batches, offers fixtures.

Loaded by its entry point where Strata is installed, and by `-p strata.testing.plugin` in any case.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from strata.testing.cases.case import SHARED, Case
from strata.testing.cases.collector import LAYOUT, CaseFile, CaseItem, ExampleFile
from strata.testing.cases.layout import RepositoryLayout, holds_module
from strata.testing.cases.scheduling import (
    MARKER,
    check_marker,
    find_units,
    make_scheduler,
    mark_folder,
    read_units,
    sort_longest_first,
    write_units,
)
from strata.testing.cases.session import PLANS, Plans
from strata.testing.durations import DurationRecorder, read_durations
from strata.testing.fixtures.fixtures import *  # noqa: F403

_BATCHES = "strata_batches"
_UNITS_FILE = "strata_units_file"
_FOLDER = pytest.StashKey[TemporaryDirectory[str]]()
_DURATIONS = pytest.StashKey[Mapping[str, int]]()
_UNITS = pytest.StashKey[Mapping[str, str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "strata_modules",
        "folders that are a Terraform module or hold some (default: modules/*, and the root if it is one)",
        type="linelist",
    )
    parser.addini("strata_cases", "folder of the modules' cases", default="tests/modules")
    parser.addini("strata_durations", "where durations of tests are stored", default="tests/durations.toml")
    parser.addoption(
        "--store-durations",
        action="store_true",
        help="store how long each file and each group of tests takes; later runs begin with the longest",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "terraform: starts Terraform with the AWS provider")
    config.addinivalue_line(
        "markers", f"{MARKER}(name): one worker of pytest-xdist runs all tests of the name"
    )
    root = config.rootpath
    layout = RepositoryLayout(
        root=root,
        modules=_module_folders(config),
        cases=root / config.getini("strata_cases"),
        state=root / ".strata",
    )
    config.stash[LAYOUT] = layout
    config.stash[PLANS] = Plans(layout)
    # Read before there are workers, whose errors pytest-xdist hides.
    config.stash[_DURATIONS] = read_durations(_durations_file(config))
    # Workers report to the controller.
    if config.getoption("store_durations") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(DurationRecorder(_durations_file(config), lambda: _units(config)))


def pytest_unconfigure(config: pytest.Config) -> None:
    if PLANS in config.stash:
        config.stash[PLANS].close()
    if _FOLDER in config.stash:
        config.stash[_FOLDER].cleanup()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    layout = parent.config.stash[LAYOUT]
    if file_path.suffix in (".yaml", ".yml") and file_path.parent.parent == layout.cases:
        if file_path.stem in SHARED:
            return None
        return CaseFile.from_parent(parent, path=file_path)
    if file_path.name == "README.md" and layout.module_at(file_path.parent) is not None:
        return ExampleFile.from_parent(parent, path=file_path)
    return None


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if isinstance(collector, pytest.Directory):
        # pytest has loaded the folder's conftest now, and looks at no marks in it.
        conftest = collector.config.pluginmanager.get_plugin(str(collector.path / "conftest.py"))
        mark_folder(collector, conftest)
    return report


# Before pytest-xdist's: the controller asks for the units as soon as it has the node ids.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """What is still selected now is what will run."""
    config = session.config
    units = find_units(session.items, _workers(config))
    sort_longest_first(session.items, units, config.stash[_DURATIONS])
    config.stash[_UNITS] = units
    told = getattr(config, "workerinput", {})
    if _UNITS_FILE in told:
        write_units(Path(told[_UNITS_FILE]), units)
    cases = [
        item.case for item in session.items if isinstance(item, CaseItem) and isinstance(item.case, Case)
    ]
    config.stash[PLANS].schedule(cases, units)


def pytest_runtest_setup(item: pytest.Item) -> None:
    check_marker(item)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand a worker of pytest-xdist the place where the controller looks for the units."""
    node.workerinput[_UNITS_FILE] = str(_units_file(node.config))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    # Another --dist was asked for by name.
    if config.getoption("dist") != "load":
        return None
    return make_scheduler(config, log, lambda: _units(config))


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


def _module_folders(config: pytest.Config) -> tuple[Path, ...]:
    root = config.rootpath
    if chosen := config.getini("strata_modules"):
        # Without normpath, the root's "." would be another folder than the root.
        return tuple(Path(os.path.normpath(root / name)) for name in chosen)
    return (root / "modules/*", root) if holds_module(root) else (root / "modules/*",)


def _durations_file(config: pytest.Config) -> Path:
    return config.rootpath / str(config.getini("strata_durations"))


def _workers(config: pytest.Config) -> int:
    return int(getattr(config, "workerinput", {}).get("workercount", 1))


def _units_file(config: pytest.Config) -> Path:
    if _FOLDER not in config.stash:
        config.stash[_FOLDER] = TemporaryDirectory(prefix="pytest-units-")
    return Path(config.stash[_FOLDER].name) / "units.json"


def _units(config: pytest.Config) -> Mapping[str, str]:
    if _UNITS not in config.stash:
        config.stash[_UNITS] = read_units(_units_file(config))
    return config.stash[_UNITS]
