"""The test library where only the extra `testing` is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from .conftest import Ran, read_report

pytestmark = [pytest.mark.terraform, pytest.mark.needs("terraform")]

HERE = Path(__file__).parent
OWN = """
import importlib.util

import pytest


@pytest.mark.parametrize("name", ["moto", "pyspark", "fakesnow", "boto3"])
def test_the_cloud_is_not_installed(name):
    assert importlib.util.find_spec(name) is None


def test_spark(spark): ...
def test_account(account): ...


def test_live(live):
    assert live.find() == ["units/a"]


def test_plan(plan):
    assert len(plan("queue", {"name": "jobs"}).resource_changes) == 2
"""


def project(root: Path) -> dict[str, Any]:
    return dict(tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"])


def metadata(root: Path) -> str:
    """What an installation of the checkout says of itself."""
    extras = project(root)["optional-dependencies"].items()
    lines = [f'Requires-Dist: {line}; extra == "{extra}"' for extra, names in extras for line in names]
    return "\n".join(["Metadata-Version: 2.1", "Name: strata", "Version: 0", *lines, ""])


def closure(root: Path) -> Iterator[str]:
    """The packages that `pip install strata[testing]` brings."""
    todo = [*project(root)["dependencies"], *project(root)["optional-dependencies"]["testing"]]
    seen: set[str] = set()
    while todo:
        requirement = Requirement(todo.pop())
        if requirement.name not in seen and (requirement.marker is None or requirement.marker.evaluate()):
            seen.add(requirement.name)
            yield requirement.name
            todo += [line for line in distribution(requirement.name).requires or () if "extra ==" not in line]


@pytest.fixture(scope="module")
def slim(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The cases of another repository, run by a Python that finds those packages only."""
    site = tmp_path_factory.mktemp("site")
    for name in closure(root):
        for entry in {file.parts[0] for file in distribution(name).files or () if file.parts[0] != ".."}:
            if not (site / entry).exists():
                (site / entry).symlink_to(str(distribution(name).locate_file(entry)))
    (site / "strata").symlink_to(root / "strata")
    (site / "strata-0.dist-info").mkdir()
    (site / "strata-0.dist-info" / "METADATA").write_text(metadata(root), encoding="utf-8")
    repository = tmp_path_factory.mktemp("repository")
    shutil.copytree(HERE / "shapes", repository, dirs_exist_ok=True)
    shutil.copytree(HERE / "elsewhere/modules/lookup", repository / "modules/lookup")
    shutil.copytree(HERE / "elsewhere/cases/lookup", repository / "tests/modules/lookup")
    (repository / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (repository / "units" / "a").mkdir(parents=True)
    (repository / "units" / "a" / "terragrunt.hcl").write_text("inputs = { a = 1 }\n", encoding="utf-8")
    (repository / "test_own.py").write_text(OWN, encoding="utf-8")
    # Without -S, the virtual environment's own packages would be found.
    command = [sys.executable, "-S", "-m", "pytest", "-p", "strata.testing.plugin", "-p", "no:cacheprovider"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment |= {"PYTHONPATH": str(site), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    files = [
        "test_own.py",
        *(
            f"tests/modules/{name}"
            for name in ("local", "lookup", "machine", "outside", "queue/letters.yaml")
        ),
    ]
    done = subprocess.run(
        [*command, "--junitxml=report.xml", *files],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(repository, read_report(repository / "report.xml"), done.stdout + done.stderr)


def test_cases_that_need_no_cloud_are_planned(slim: Ran) -> None:
    assert slim.tests["queue/letters"] == ""
    assert slim.tests["local/queue"] == ""
    assert slim.tests["outside/refused"] == ""
    assert slim.tests["test_own/test_plan"] == ""
    assert slim.tests["test_own/test_live"] == ""
    assert {name for name in slim.tests if "not_installed" in name and slim.tests[name] == ""} == {
        f"test_own/test_the_cloud_is_not_installed[{name}]"
        for name in ("moto", "pyspark", "fakesnow", "boto3")
    }


@pytest.mark.parametrize(
    ("case", "asking", "remedy"),
    [
        (
            "lookup/identity",
            "data.aws_caller_identity.current of module lookup",
            ", or say in override_data what it answers",
        ),
        ("machine/one", "aws_sfn_state_machine.this of module machine", ""),
    ],
)
def test_a_case_that_asks_aws_names_the_extra(slim: Ran, case: str, asking: str, remedy: str) -> None:
    assert slim.tests[case] == (
        f"tests/modules/{case}.yaml:1: {asking} needs the extra `cloud`: boto3 is not installed "
        f"(pip install 'strata[cloud]'{remedy})"
    )


@pytest.mark.parametrize(
    ("test", "needing"), [("test_spark", "the fixture `spark`"), ("test_account", "the embedded cloud")]
)
def test_a_fixture_names_the_extra(slim: Ran, test: str, needing: str) -> None:
    assert (
        f"{needing} needs the extra `cloud`: boto3 is not installed (pip install 'strata[cloud]')"
        in slim.tests[f"test_own/{test}"]
    )
