"""Which tests one worker runs together, and which begin first, in small projects with a pytest of their own."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.testing.cases.scheduling import check_marker, find_units, sort_longest_first
from strata.testing.durations import read_durations, write_durations

from .conftest import run_pytest

# Notes where each test begins; the reported durations are made up.
CONFTEST = """
import os
from pathlib import Path
import pytest

def pytest_runtest_setup(item):
    with Path("begun").open("a") as begun:
        begun.write(f"{os.environ.get('PYTEST_XDIST_WORKER', 'alone')} {item.nodeid}\\n")

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.duration = {"test_a.py": 8.2, "test_c.py": 31.0}.get(item.path.name, 1.0)
    return report
"""
TESTS = "def test_x(): pass\ndef test_y(): pass\n"
MARKED = "import pytest\npytestmark = pytest.mark.one_worker('{}')\n" + TESTS
# Three files of one group, one of another inside its folder, and three without a marker.
FILES = {
    "conftest.py": CONFTEST,
    "tests/test_a.py": TESTS,
    "tests/test_b.py": MARKED.format("shared"),
    "tests/test_c.py": TESTS,
    "tests/test_d.py": TESTS,
    "tests/folder/conftest.py": "import pytest\npytestmark = pytest.mark.one_worker('shared')\n",
    "tests/folder/test_e.py": TESTS,
    "tests/folder/test_f.py": TESTS,
    "tests/folder/test_g.py": MARKED.format("own"),
}
SHARED = ["tests/folder/test_e.py", "tests/folder/test_f.py", "tests/test_b.py"]


class Project:
    """A small repository, and what begins in a run of its tests."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in {"pyproject.toml": "[tool.pytest.ini_options]\n", **FILES}.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> dict[str, list[str]]:
        """The files of the tests that each worker begins, in order, each once."""
        begun = self.root / "begun"
        begun.unlink(missing_ok=True)
        self.out = run_pytest(self.root, "-v", *arguments).out
        assert "failed" not in self.out, self.out
        found: dict[str, list[str]] = {}
        for line in begun.read_text(encoding="utf-8").splitlines():
            worker, file = line.partition("::")[0].split()
            files = found.setdefault(worker, [])
            if file not in files:
                files.append(file)
        return found


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_one_worker_runs_all_tests_of_a_name(project: Project) -> None:
    begun = project.run("-n", "2", "-p", "no:randomly")
    # In order of collection, where no durations are stored: the folder's files with the one beside it.
    assert {files[0] for files in begun.values()} == {"tests/folder/test_e.py", "tests/folder/test_g.py"}
    first = next(files for files in begun.values() if files[0] == "tests/folder/test_e.py")
    assert first[:3] == SHARED
    assert sum(map(len, begun.values())) == 7
    assert "14 passed" in project.out


def test_what_is_stored_as_longest_begins_first(project: Project) -> None:
    project.write(
        "tests/durations.toml", '"tests/test_d.py" = 60\nshared = 40\n"tests/test_a.py" = 50\ngone = 70\n'
    )
    alone = ["tests/test_d.py", "tests/test_a.py", *SHARED, "tests/folder/test_g.py", "tests/test_c.py"]
    assert project.run("-p", "no:randomly", "-p", "no:xdist") == {"alone": alone}
    # In random order as well, in which the group's own files are shuffled.
    begun = project.run("-n", "2")
    assert {files[0] for files in begun.values()} == {"tests/test_d.py", "tests/test_a.py"}
    assert [set(SHARED) in (set(files[1:4]), set(files[2:5])) for files in begun.values()].count(True) == 1
    assert project.run("tests/test_c.py") == {"alone": ["tests/test_c.py"]}


@pytest.mark.parametrize("arguments", [["-n", "2"], ["-n", "0"]])
def test_durations_of_a_run_that_passes_are_stored(project: Project, arguments: list[str]) -> None:
    # What did not run keeps its duration, what is short now loses it.
    project.write("tests/durations.toml", '"tests/test_d.py" = 20\n"tests/elsewhere/test_x.py" = 90\n')
    project.run("--store-durations", *arguments)
    assert read_durations(project.root / "tests/durations.toml") == {
        # Each test has three reports: 2 * 3 * 31, 2 * 3 * 8.2.
        "tests/test_c.py": 186,
        "tests/elsewhere/test_x.py": 90,
        "tests/test_a.py": 49,
    }
    assert f"durations stored in {project.root}/tests/durations.toml" in project.out


def test_durations_of_a_run_that_fails_are_not_stored(project: Project) -> None:
    project.write("tests/test_d.py", MARKED.format(""))
    ran = run_pytest(project.root, "--store-durations")
    assert "ERROR tests/test_d.py::test_x - Failed: the marker one_worker takes one name" in ran.out
    assert "durations not stored: the run did not pass" in ran.out
    assert not (project.root / "tests/durations.toml").exists()


def test_durations_are_written_longest_first(tmp_path: Path) -> None:
    file = tmp_path / "durations.toml"
    write_durations(file, {"short": 19.9, "b": 20.4, "a": 20.0, 'tests/a "ü".py': 131.6})
    assert file.read_text(encoding="utf-8") == (
        "# Written by `pytest --store-durations`: seconds of files and groups of tests, from 20 s on.\n"
        '"tests/a \\"ü\\".py" = 132\n"a" = 20\n"b" = 20\n'
    )
    write_durations(file, {"b": 300.2, "a": 3.0})
    assert read_durations(file) == {"b": 300, 'tests/a "ü".py': 132}


@pytest.mark.parametrize(
    "text", ["a = ", "a = 'long'", "a = '30'", "a = 30.0", "a = true", "a = 0", "[a]\nb = 1"]
)
def test_a_file_without_durations_is_refused_with_the_remedy(tmp_path: Path, text: str) -> None:
    file = tmp_path / "durations.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(
        pytest.UsageError, match=r"(?s)durations\.toml does not hold durations: .*\ndelete it"
    ):
        read_durations(file)


@pytest.mark.parametrize("arguments", [(), ("",), (1,), ("a", "b")])
def test_a_marker_without_one_name_fails_its_test(
    request: pytest.FixtureRequest, arguments: tuple[object, ...]
) -> None:
    node = request.node
    node.add_marker(pytest.mark.one_worker(*arguments))
    words = r"one_worker takes one name, such as one_worker\('db'\)"
    with pytest.raises(pytest.fail.Exception, match=words) as caught:
        check_marker(node)
    # A traceback would lead into the plugin.
    assert not caught.value.pytrace
    assert find_units([node], 1) == {node.nodeid: node.nodeid.partition("::")[0]}


def test_what_is_known_to_take_a_second_comes_before_what_is_not_known() -> None:
    items: list[Any] = [SimpleNamespace(nodeid=name) for name in "abcd"]
    sort_longest_first(items, {name: name.upper() for name in "abcd"}, {"B": 1, "D": 2})
    assert [item.nodeid for item in items] == ["d", "b", "a", "c"]


def test_every_stored_name_is_a_file_or_a_group_of_this_repository(root: Path) -> None:
    sources = "".join(file.read_text(encoding="utf-8") for file in (root / "tests").rglob("*.py"))
    groups = set(re.findall(r'pytest\.mark\.one_worker\("(\w+)"\)', sources))
    stored = read_durations(root / "tests/durations.toml")
    assert {name for name in stored if not (root / name).is_file()} <= groups
