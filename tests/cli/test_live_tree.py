"""Which Terraform evaluates the live tree's expressions."""

from __future__ import annotations

from pathlib import Path

import pytest

from strata.checkout import tools
from strata.cli.app import run
from strata.cli.live_tree import console_program


@pytest.mark.parametrize(
    ("on_path", "brought", "used"),
    [
        ({"terraform": "1.11.4"}, False, "terraform"),
        ({"tofu": "1.10.0"}, False, "tofu"),
        ({}, False, "terraform"),
        ({}, True, "tools/bin/terraform"),
        ({"terraform": "1.5.7"}, True, "tools/bin/terraform"),
        ({"terraform": "1.12.0"}, True, "bin/terraform"),
        ({"terraform": "1.5.7", "tofu": "1.10.0"}, True, "bin/tofu"),
    ],
)
def test_what_suits_on_path_comes_before_what_was_brought(
    on_path: dict[str, str], brought: bool, used: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = {f"bin/{name}": version for name, version in on_path.items()}
    if brought:
        programs["tools/bin/terraform"] = "1.15.5"
    for name, version in programs.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\necho 'v{version}'\n")
        path.chmod(0o755)
    monkeypatch.setattr(tools, "FOLDER", tmp_path / "tools")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    found = str(console_program())
    assert found == (str(tmp_path / used) if "/" in used else used)


@pytest.mark.parametrize(
    "command", [("live", "check"), ("live", "graph"), ("live", "render"), ("env", "list")]
)
def test_outside_a_repository_nothing_is_looked_for(
    command: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    far = tmp_path / "work/x/live/dev/a"
    far.mkdir(parents=True)
    (far / "terragrunt.hcl").touch()
    monkeypatch.chdir(tmp_path)
    assert run(command) == 1
    assert "is not inside a Git repository" in capsys.readouterr().err.replace("\n", " ")
