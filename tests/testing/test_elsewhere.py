"""The test library in a repository of other people's modules: data sources, no provider, one that is not to be had."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Ran, offline, run_pytest

pytestmark = [pytest.mark.terraform, pytest.mark.needs("terraform")]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    root = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(Path(__file__).parent / "elsewhere", root, dirs_exist_ok=True)
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    (root / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\nstrata_cases = "cases"\n', encoding="utf-8"
    )
    return run_pytest(root, "cases", below=offline())


def test_data_sources_are_answered_by_the_embedded_cloud(elsewhere: Ran) -> None:
    assert elsewhere.tests["lookup/identity"] == ""


def test_a_module_without_any_provider_is_planned(elsewhere: Ran) -> None:
    assert elsewhere.tests["builtin/two"] == ""


def test_a_provider_that_is_not_to_be_had_is_its_modules_fault_alone(elsewhere: Ran) -> None:
    failure = elsewhere.tests["unavailable/any"]
    assert failure.startswith("terraform init failed: ")
    assert "example.invalid/nobody/nowhere" in failure


def test_a_misspelt_attribute_is_named_with_its_line(elsewhere: Ran) -> None:
    assert elsewhere.tests["lookup/misspelt-attribute"] == (
        "cases/lookup/misspelt-attribute.yaml:6: `people.ada.phnoe` is not an attribute of the type of the input people"
    )


def test_git_is_shown_nothing_of_its_folder(elsewhere: Ran) -> None:
    assert (elsewhere.root / ".strata").is_dir()
    status = ["git", "status", "--short", "--untracked-files=all", "--", ".strata"]
    done = subprocess.run(status, cwd=elsewhere.root, capture_output=True, text=True, check=True)
    assert done.stdout == ""


def test_the_plugin_needs_no_tftest_where_no_case_runs(tmp_path: Path) -> None:
    """Every pytest of an environment loads the plugin."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n")
    blocked = "import sys; sys.modules['tftest'] = None; import pytest; sys.exit(pytest.main(['-q', '-p', 'strata.testing.plugin']))"
    done = subprocess.run(
        [sys.executable, "-c", blocked], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
