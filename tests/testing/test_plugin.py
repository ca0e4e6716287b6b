"""The plugin's hooks, called as pytest and pytest-xdist call them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.errors import StrataError
from strata.testing import plugin
from strata.testing.cases.batch import BatchResult
from strata.testing.cases.case import Case
from strata.testing.cases.collector import LAYOUT, CaseFile, CaseItem, ExampleFile
from strata.testing.cases.compare import ValueDifference
from strata.testing.cases.layout import RepositoryLayout
from strata.testing.cases.session import PLANS
from strata.testing.cases.verdict import CaseFailedError
from strata.testing.durations import DurationRecorder, read_durations

FILES = {
    "modules/box/main.tf": "",
    "modules/box/README.md": (
        '<!-- case: small resources=2 -->\n```hcl\nmodule "x" {\n  source = "../box"\n}\n```\n'
        '<!-- case: smaller -->\n```hcl\nmodule "x" {\n  source = "../box"\n}\n```\n'
    ),
    "modules/README.md": "<!-- case: none -->\n",
    "tests/modules/inputs.yaml": "{}\n",
    "tests/modules/box/inputs.yaml": "{}\n",
    "tests/modules/box/override_data.yaml": "{}\n",
    "tests/modules/box/providers.yaml": "{}\n",
    "tests/modules/box/one.yaml": "expect: {counts: {resources: 1}}\n",
    "tests/modules/box/two.yml": "expect: {counts: {resources: 1}}\n",
    "tests/modules/box/bad.yaml": "expect: {}\n",
    "tests/modules/box/notes.txt": "",
    "tests/modules/box/files/deep.yaml": "{}\n",
    "elsewhere/box/one.yaml": "{}\n",
}


class Config:
    """What the hooks ask of pytest's own; a worker's if it has `workerinput`."""

    def __init__(self, root: Path, workerinput: dict[str, Any] | None = None, **options: Any) -> None:
        self.rootpath = root
        self.stash = pytest.Stash()
        self.ini: dict[str, Any] = {
            "strata_modules": [],
            "strata_cases": "tests/modules",
            "strata_durations": "tests/durations.toml",
        }
        self.options = {"store_durations": False, "dist": "load"} | options
        self.option = SimpleNamespace()
        self.lines: list[tuple[str, str]] = []
        self.plugins: list[Any] = []
        self.pluginmanager = SimpleNamespace(register=self.plugins.append)
        if workerinput is not None:
            self.workerinput = workerinput
            self.workeroutput: dict[str, Any] = {}

    def getini(self, name: str) -> Any:
        return self.ini[name]

    def getoption(self, name: str) -> Any:
        return self.options[name]

    def addinivalue_line(self, name: str, line: str) -> None:
        self.lines.append((name, line))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def configured(repository: Path) -> Callable[..., Any]:
    def make(workerinput: dict[str, Any] | None = None, **options: Any) -> Any:
        config: Any = Config(repository, workerinput, **options)
        plugin.pytest_configure(config)
        return config

    return make


def test_the_layout_is_the_configurations(configured: Callable[..., Any], repository: Path) -> None:
    config = configured()
    assert config.stash[LAYOUT] == RepositoryLayout(
        repository, (repository / "modules/*",), repository / "tests/modules", repository / ".strata"
    )
    assert config.stash[PLANS].layout is config.stash[LAYOUT]
    # --strict-markers refuses others.
    assert [(name, line.partition(":")[0]) for name, line in config.lines] == [
        ("markers", "terraform"),
        ("markers", "one_worker(name)"),
    ]
    (repository / "main.tf").write_text("")
    assert configured().stash[LAYOUT].modules == (repository / "modules/*", repository)
    other: Any = Config(repository)
    other.ini |= {"strata_modules": [".", "infra/*", "parts/../infra"], "strata_cases": "cases"}
    plugin.pytest_configure(other)
    assert other.stash[LAYOUT].modules == (repository, repository / "infra/*", repository / "infra")
    assert other.stash[LAYOUT].cases == repository / "cases"


@pytest.mark.parametrize(
    ("worker", "asked", "stored"), [(None, True, True), (None, False, False), ({}, True, False)]
)
def test_durations_are_stored_where_workers_report_to(
    configured: Callable[..., Any], repository: Path, worker: Any, asked: bool, stored: bool
) -> None:
    (repository / "tests/durations.toml").write_text('"tests/test_a.py" = 30\n')
    config = configured(worker, store_durations=asked)
    assert [type(one) for one in config.plugins] == [DurationRecorder] * stored
    if stored:
        # What a worker says of the units is read when it is needed.
        config.stash[plugin._UNITS] = {"tests/test_b.py::test": "tests/test_b.py"}
        report: Any = SimpleNamespace(nodeid="tests/test_b.py::test", duration=25.0)
        config.plugins[0].pytest_runtest_logreport(report)
        config.plugins[0].pytest_sessionfinish(pytest.ExitCode.OK)
        text = (repository / "tests/durations.toml").read_text()
        assert text.splitlines()[1:] == ['"tests/test_a.py" = 30', '"tests/test_b.py" = 25']
        told: list[str] = []
        reporter: Any = SimpleNamespace(write_line=told.append)
        config.plugins[0].pytest_terminal_summary(reporter)
        assert told == [f"durations stored in {repository}/tests/durations.toml"]


def test_durations_of_a_run_that_fails_are_not_stored(tmp_path: Path) -> None:
    units = {f"test_{name}.py::test": f"test_{name}.py" for name in "ab"}
    recorder = DurationRecorder(tmp_path / "durations.toml", lambda: units)
    told: list[str] = []
    reporter: Any = SimpleNamespace(write_line=told.append)
    # Set-up, call and tear-down.
    for nodeid, seconds in (("test_a.py::test", 15.0), ("test_a.py::test", 6.4), ("test_b.py::test", 19.0)):
        report: Any = SimpleNamespace(nodeid=nodeid, duration=seconds)
        recorder.pytest_runtest_logreport(report)
    recorder.pytest_sessionfinish(pytest.ExitCode.TESTS_FAILED)
    recorder.pytest_terminal_summary(reporter)
    assert not (tmp_path / "durations.toml").exists()
    recorder.pytest_sessionfinish(pytest.ExitCode.OK)
    recorder.pytest_terminal_summary(reporter)
    assert read_durations(tmp_path / "durations.toml") == {"test_a.py": 21}
    assert told == [
        "durations not stored: the run did not pass",
        f"durations stored in {tmp_path}/durations.toml",
    ]


def test_a_fault_in_the_durations_ends_the_run(configured: Callable[..., Any], repository: Path) -> None:
    (repository / "tests/durations.toml").write_text("x = 'long'\n")
    with pytest.raises(pytest.UsageError, match="does not hold durations"):
        configured()


@pytest.mark.parametrize(
    ("file", "collected"),
    [
        ("tests/modules/box/one.yaml", CaseFile),
        ("tests/modules/box/two.yml", CaseFile),
        ("tests/modules/box/inputs.yaml", None),
        ("tests/modules/box/override_data.yaml", None),
        ("tests/modules/box/providers.yaml", None),
        ("tests/modules/inputs.yaml", None),
        ("tests/modules/box/notes.txt", None),
        ("tests/modules/box/files/deep.yaml", None),
        ("elsewhere/box/one.yaml", None),
        ("modules/box/README.md", ExampleFile),
        ("modules/README.md", None),
        ("modules/box/main.tf", None),
    ],
)
def test_cases_and_readmes_of_modules_are_collected(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    configured: Callable[..., Any],
    repository: Path,
    file: str,
    collected: type | None,
) -> None:
    monkeypatch.setitem(request.config.stash, LAYOUT, configured().stash[LAYOUT])  # type: ignore[misc]
    found = plugin.pytest_collect_file(repository / file, request.session)
    assert (type(found) if found is not None else None) is collected


@pytest.fixture
def collect(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    configured: Callable[..., Any],
    repository: Path,
) -> Callable[[str], list[CaseItem]]:
    """Collects the items of a file, in this very session."""
    stash: Any = request.config.stash
    monkeypatch.setitem(stash, LAYOUT, configured().stash[LAYOUT])

    def items(file: str) -> list[CaseItem]:
        collector: Any = plugin.pytest_collect_file(repository / file, request.session)
        return list(collector.collect())

    return items


def test_a_case_file_is_one_item(collect: Callable[[str], list[CaseItem]], repository: Path) -> None:
    (item,) = collect("tests/modules/box/one.yaml")
    assert item.name == "one"
    assert isinstance(item.case, Case)
    assert item.case.id == item.nodeid
    assert item.nodeid.endswith("one.yaml::one")
    assert item.get_closest_marker("terraform") is not None
    assert item.reportinfo() == (repository / "tests/modules/box/one.yaml", None, "one")


def test_each_example_of_a_readme_is_an_item(
    collect: Callable[[str], list[CaseItem]], repository: Path
) -> None:
    items = collect("modules/box/README.md")
    assert [(item.name, item.case.name) for item in items if isinstance(item.case, Case)] == [
        ("small", "small"),
        ("smaller", "smaller"),
    ]
    readme = repository / "modules/box/README.md"
    readme.write_text(f"{FILES['modules/box/README.md']}<!-- case: Bad Name -->\n")
    *sound, bad = collect("modules/box/README.md")
    assert [item.name for item in sound] == ["small", "smaller"]
    assert (bad.name, type(bad.case)) == ("directives", StrataError)


def test_what_is_wrong_with_a_file_is_its_own_failure(
    collect: Callable[[str], list[CaseItem]],
) -> None:
    (item,) = collect("tests/modules/box/bad.yaml")
    assert item.name == "bad"
    with pytest.raises(StrataError, match="expects nothing") as raised:
        item.runtest()
    assert item.repr_failure(raised) == (
        "tests/modules/box/bad.yaml:1: expect expects nothing, so that it cannot fail"
    )


def test_a_case_is_checked_against_its_plan(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    collect: Callable[[str], list[CaseItem]],
) -> None:
    checked: list[Any] = []

    def check(case: Case) -> None:
        checked.append(case)
        difference = ValueDifference(("expect", "counts", "resources"), "number of resources", 1, 2)
        raise CaseFailedError(case, [difference])

    stash: Any = request.config.stash
    monkeypatch.setitem(stash, PLANS, SimpleNamespace(check=check))
    (item,) = collect("tests/modules/box/one.yaml")
    with pytest.raises(CaseFailedError) as raised:
        item.runtest()
    assert checked == [item.case]
    assert str(item.repr_failure(raised)).splitlines()[:3] == [
        "tests/modules/box/one.yaml:1: number of resources",
        "  - expected 1",
        "  + planned  2",
    ]
    # An error of the library itself is shown with its traceback.
    with pytest.raises(ZeroDivisionError) as unforeseen:
        _ = 1 / 0
    assert "1 / 0" in str(item.repr_failure(unforeseen))


def test_what_is_selected_is_what_will_be_planned(
    configured: Callable[..., Any], repository: Path, request: pytest.FixtureRequest
) -> None:
    (repository / "tests/durations.toml").write_text('"tests/test_b.py" = 30\n')
    scheduled: list[Any] = []
    told = repository / "units.json"
    config = configured({"workercount": 2, "strata_units_file": str(told)})
    config.stash[PLANS] = SimpleNamespace(schedule=lambda cases, units: scheduled.append((cases, units)))
    case = Case("x/a.yaml::a", "a", "box")
    sound, broken = (
        CaseItem.from_parent(request.session, name=name, case=held, nodeid=f"x/{name}.yaml::{name}")
        for name, held in (("a", case), ("b", StrataError("wrong")))
    )
    short, long = (
        SimpleNamespace(nodeid=f"tests/test_{name}.py::test", get_closest_marker=lambda name: None)
        for name in "ab"
    )
    session: Any = SimpleNamespace(config=config, items=[short, long, sound, broken])
    plugin.pytest_collection_finish(session)
    units = {
        "tests/test_a.py::test": "tests/test_a.py",
        "tests/test_b.py::test": "tests/test_b.py",
        "x/a.yaml::a": "cases 0",
        "x/b.yaml::b": "cases 0",
    }
    assert scheduled == [([case], units)]
    # The longest comes first.
    assert session.items == [long, short, sound, broken]
    # The controller reads what a worker wrote, once.
    controller = configured()
    controller.stash[plugin._FOLDER] = SimpleNamespace(name=str(repository))
    assert plugin._units(controller) == units
    told.unlink()
    assert plugin._units(controller) == units


def test_workers_and_controller_agree_on_a_place_that_does_not_stay(configured: Callable[..., Any]) -> None:
    config = configured()
    nodes = [SimpleNamespace(config=config, workerinput={}) for _ in range(2)]
    for node in nodes:
        plugin.pytest_configure_node(node)
    assert nodes[0].workerinput == nodes[1].workerinput
    place = Path(nodes[0].workerinput["strata_units_file"])
    assert place.parent.is_dir()
    closed: list[bool] = []
    config.stash[PLANS] = SimpleNamespace(close=lambda: closed.append(True))
    plugin.pytest_unconfigure(config)
    assert closed == [True]
    assert not place.parent.exists()
    # Another plugin's error may end pytest before it was configured.
    unconfigured: Any = Config(config.rootpath)
    plugin.pytest_unconfigure(unconfigured)


def test_another_way_to_distribute_is_left_alone(configured: Callable[..., Any]) -> None:
    assert plugin.pytest_xdist_make_scheduler(configured(dist="loadfile"), None) is None
    made: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plugin, "make_scheduler", lambda config, log, units: made.append(units) or "scheduler")
        config = configured()
        assert plugin.pytest_xdist_make_scheduler(config, None) == "scheduler"
    config.stash[plugin._UNITS] = {"a": "b"}
    assert made[0]() == {"a": "b"}


def test_what_workers_planned_is_told_with_ones_own(configured: Callable[..., Any]) -> None:
    def planned(count: int, seconds: float, starts: int) -> Any:
        return SimpleNamespace(done=[(count, BatchResult({}, starts, seconds))])

    controller, told = configured(), []
    for count in (2, 3):
        worker = configured({})
        worker.stash[PLANS] = planned(count, 1.26, 4)
        session: Any = SimpleNamespace(config=worker)
        plugin.pytest_sessionfinish(session)
        node = SimpleNamespace(config=controller, workeroutput=worker.workeroutput)
        plugin.pytest_testnodedown(node, None)
    # A worker that crashed has said nothing.
    plugin.pytest_testnodedown(SimpleNamespace(config=controller), "crashed")
    controller.stash[PLANS] = planned(1, 0.5, 3)
    session = SimpleNamespace(config=controller)
    plugin.pytest_sessionfinish(session)
    reporter: Any = SimpleNamespace(write_line=told.append)
    plugin.pytest_terminal_summary(reporter, controller)
    assert told == [
        "planned 2 cases in 1.3 s with 4 starts of Terraform",
        "planned 3 cases in 1.3 s with 4 starts of Terraform",
        "planned 1 cases in 0.5 s with 3 starts of Terraform",
    ]
