"""Git as the library runs it: nothing of an outer git gets in, no hook runs, and a failure is git's own word."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from strata.checkout.git import run_git
from strata.errors import StrataError

AUTHOR = {
    f"GIT_{who}_{what}": f"{what.lower()}@example.org"
    for who in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    """A person's environment, with an author."""
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **AUTHOR}


@pytest.fixture
def repository(tmp_path: Path, environ: Mapping[str, str]) -> Path:
    folder = tmp_path / "repository"
    run_git("init", "--quiet", str(folder), environ=environ)
    return folder


def test_an_outer_gits_variables_mean_nothing(
    repository: Path, environ: Mapping[str, str], tmp_path: Path
) -> None:
    outer = {
        **environ,
        "GIT_DIR": str(tmp_path / "elsewhere"),
        "GIT_WORK_TREE": "/",
        "GIT_CEILING_DIRECTORIES": "/",
    }
    found = run_git("-C", str(repository), "rev-parse", "--show-toplevel", environ=outer)
    assert found.decode().strip() == str(repository)


def test_no_hook_runs_and_the_author_is_kept(repository: Path, environ: Mapping[str, str]) -> None:
    hook = repository / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    run_git("-C", str(repository), "commit", "--quiet", "--allow-empty", "--message", "x", environ=environ)
    shown = run_git("-C", str(repository), "log", "--format=%an %ce", environ=environ)
    assert shown == b"name@example.org email@example.org\n"


@pytest.mark.parametrize("language", ["C", "de_DE.UTF-8"])
def test_a_failure_names_the_command(repository: Path, environ: Mapping[str, str], language: str) -> None:
    with pytest.raises(StrataError) as caught:
        run_git("-C", str(repository), "show", "nothing", environ={**environ, "LANG": language})
    assert caught.value.message.startswith("`git show` failed: fatal: ambiguous argument 'nothing'")


def test_without_git_the_remedy_is_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(StrataError) as caught:
        run_git("status", environ={"PATH": str(tmp_path)})
    assert (caught.value.message, caught.value.remedy) == (
        "git cannot be run: No such file or directory",
        "install git",
    )
