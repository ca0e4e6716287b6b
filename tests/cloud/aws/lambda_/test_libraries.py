"""Which installed distributions a function sees: those of its runtime with what they require, and nothing else."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.cloud.aws.lambda_.runtime.libraries import link_libraries
from strata.errors import StrataError

# Distribution -> what it requires, and its files.
INSTALLED: dict[str, tuple[list[str] | None, list[str] | None]] = {
    "boto3": (["Botocore>=1.2", 'boto-crt ; extra == "crt"'], ["boto3/__init__.py", "boto3/session.py"]),
    "Botocore": (
        ["urllib3 (>=1)", 'tomli>=2 ; python_version < "3"'],
        ["botocore/__init__.py", "../../bin/x"],
    ),
    "urllib3": (None, ["urllib3/a.py", "__pycache__/one.pyc", "one.py"]),
    "boto-crt": (["nowhere"], ["crt.py"]),
    "pandas": (["boto3"], ["pandas/a.py"]),
    "beside": ([], ["beside.py"]),
    "empty": (["boto3"], None),
}


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def distribution(name: str) -> Any:
        if name not in INSTALLED:
            raise importlib.metadata.PackageNotFoundError(name)
        requires, files = INSTALLED[name]
        paths = None if files is None else [Path(file) for file in files]
        return SimpleNamespace(requires=requires, files=paths, locate_file=lambda entry: f"/site/{entry}")

    monkeypatch.setattr(importlib.metadata, "distribution", distribution)


def linked(folder: Path) -> dict[str, str]:
    return {path.name: str(path.readlink()) for path in folder.iterdir()}


BOTO3 = {name: f"/site/{name}" for name in ("boto3", "botocore", "urllib3", "one.py")}


def test_a_distribution_brings_what_it_requires(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    assert link_libraries(folder, ["boto3"]) == folder
    assert linked(folder) == BOTO3
    # A second time is the same.
    assert linked(link_libraries(folder, ["boto3", "empty"])) == BOTO3


def test_what_is_optional_is_linked_where_it_is_installed(tmp_path: Path) -> None:
    folder = link_libraries(tmp_path, ["beside"], optional=["pandas", "numpy"])
    assert linked(folder) == {**BOTO3, "pandas": "/site/pandas", "beside.py": "/site/beside.py"}


@pytest.mark.parametrize(("names", "missing"), [(["numpy"], "numpy"), (["boto-crt"], "nowhere")])
def test_what_is_needed_and_not_installed_is_named(tmp_path: Path, names: list[str], missing: str) -> None:
    with pytest.raises(StrataError) as caught:
        link_libraries(tmp_path, names)
    assert caught.value.message == f"the Python package {missing} is not installed"
    assert caught.value.remedy == "run `make setup`"
