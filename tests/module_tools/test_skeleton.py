"""`strata modules new`: what it writes keeps the rules, runs its cases, and is whole or not there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from strata.live import LiveTree
from strata.modules.skeleton import create

from .conftest import Library, Ran

Strata = Callable[..., Ran]
FILES = [
    "modules/ledger/CHANGELOG.md",
    "modules/ledger/README.md",
    "modules/ledger/context.tf",
    "modules/ledger/main.tf",
    "modules/ledger/outputs.tf",
    "modules/ledger/variables.tf",
    "modules/ledger/versions.tf",
    "tests/modules/ledger/defaults.yaml",
    "tests/modules/ledger/inputs.yaml",
    "tests/modules/ledger/retention.yaml",
]


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Path:
    """The modules and the live tree of this repository, without its cases."""
    copy = tmp_path / "checkout"
    for folder in ("modules", "live"):
        shutil.copytree(
            root / folder, copy / folder, ignore=shutil.ignore_patterns(".terra*cache", ".terraform")
        )
    for file in ("terragrunt.hcl", "tests/modules/inputs.yaml"):
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / file, copy / file)
    (copy / "pyproject.toml").write_text("[tool.pytest.ini_options]\n", encoding="utf-8")
    return copy


def _files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }


def test_the_files_are_written_and_named(library: Library, strata: Strata) -> None:
    before = _files(library.root)
    ran = strata("modules", "new", "ledger")
    assert ran.out.splitlines() == [
        *(f"wrote: {file}" for file in FILES),
        "check it with: strata modules check ledger && pytest tests/modules/ledger modules/ledger",
    ]
    assert ran.code == 0
    assert sorted(set(_files(library.root)) - set(before)) == FILES
    assert library.read("modules/ledger/context.tf") == library.read("modules/default-context.tf")
    assert library.read("modules/ledger/CHANGELOG.md").splitlines()[2] == f"## 1.0.0 ({date.today()})"
    assert "snowflake" not in library.read("modules/ledger/versions.tf")


def test_a_new_module_keeps_every_rule(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, strata: Strata
) -> None:
    monkeypatch.chdir(checkout)
    assert strata("modules", "new", "ledger-2").code == 0
    ran = strata("modules", "check", "ledger-2")
    assert (ran.code, ran.out.split(",")[0]) == (0, "0 findings")
    assert strata("modules", "docs", "--check").code == 0
    assert strata("modules", "stamp", "--check").code == 0


@pytest.mark.terraform
def test_a_new_module_passes_its_own_cases_and_example(checkout: Path) -> None:
    create(checkout, "ledger")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-p", "strata.testing.plugin", "-p", "no:xdist", "-q"]
    done = subprocess.run(
        [*command, "tests/modules/ledger", "modules/ledger"],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_a_component_is_written_only_where_it_is_asked_for(checkout: Path) -> None:
    assert create(checkout, "ledger", component=True) == [*FILES, "live/_components/ledger.hcl"]
    settings = checkout / "live/dev/env.hcl"
    settings.write_text(
        settings.read_text("utf-8").replace(
            'lambda                = "local"', 'lambda = "local"\n    ledger = "local"'
        ),
        encoding="utf-8",
    )
    shutil.copytree(checkout / "live/dev/lambda", checkout / "live/dev/ledger")
    unit = checkout / "live/dev/ledger/terragrunt.hcl"
    unit.write_text(unit.read_text("utf-8").replace("lambda.hcl", "ledger.hcl"), encoding="utf-8")
    tree = LiveTree.load(checkout, environ={"PATH": os.environ["PATH"], "HOME": str(checkout)})
    rendered = tree.renders(["live/dev/ledger"], command="plan")["live/dev/ledger"]
    assert rendered.source is not None
    assert rendered.source.endswith("/modules//ledger")
    assert rendered.inputs["retention_days"] == 30
    assert rendered.inputs["kms_key_arn"].startswith("arn:aws:kms:eu-west-1:000000000000:key/")


@pytest.mark.parametrize(
    "name", ["", "l", "Ledger", "1st", "my_ledger", "a--b", "a-", "-a", "../ledger", "a" * 27, "ledger\n"]
)
def test_a_name_that_is_not_a_modules_is_refused(library: Library, strata: Strata, name: str) -> None:
    before = _files(library.root)
    ran = strata("modules", "new", "--", name)
    assert ran.code == 1
    assert ran.err == (
        f"error: `{name}` cannot be the name of a module (take 2 to 26 lower-case letters, digits and "
        "single hyphens, a letter first)\n"
    )
    assert _files(library.root) == before


@pytest.mark.parametrize("name", ["ab", "a1-2b", "a" * 26])
def test_a_good_name_is_taken(library: Library, name: str) -> None:
    create(library.root, name)
    assert name in library.repository.names()


@pytest.mark.parametrize("place", ["modules/ledger", "tests/modules/ledger", "live/_components/ledger.hcl"])
def test_what_exists_is_not_touched(library: Library, strata: Strata, place: str) -> None:
    (library.root / place).mkdir(parents=True)
    before = _files(library.root)
    ran = strata("modules", "new", "ledger", "--component")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"error: {place} exists (choose another name, or delete it first)\n"
    assert _files(library.root) == before


@pytest.mark.parametrize("failing", ["modules/ledger", "tests/modules/ledger", "live/_components/ledger.hcl"])
def test_nothing_is_left_half_written(
    library: Library, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    before = _files(library.root)
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if target == library.root / failing:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="No space left"):
        create(library.root, "ledger", component=True)
    assert _files(library.root) == before
    assert not (library.root / "modules/ledger").exists()
    assert not list(library.root.glob("modules/.new-*"))
