"""A module's source is found: local folders, and git repositories at a tag, a branch or a commit."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from strata.errors import StrataError
from strata.live import LiveTree
from strata.live.source import Sources, split

Load = Callable[..., LiveTree]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository whose module `x` says 1 at the tag x/v1.0.0 and 2 on the branch main."""
    folder = tmp_path / "upstream"
    (folder / "modules/x").mkdir(parents=True)
    _git(folder, "init", "-q", "-b", "main")
    for number, tag in (("1", "x/v1.0.0"), ("2", None)):
        (folder / "modules/x/main.tf").write_text(f"# {number}\n", encoding="utf-8")
        _git(folder, "add", ".")
        _git(folder, "commit", "-q", "-m", number)
        if tag:
            _git(folder, "tag", "-a", tag, "-m", tag)
    return folder


def _git(folder: Path, *arguments: str) -> str:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@example.org",
    }
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, env=environ, capture_output=True, text=True).stdout.strip()


def _sources(tmp_path: Path) -> Sources:
    return Sources(
        tmp_path / "cache", {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_DIR": "/nowhere"}
    )


@pytest.mark.parametrize(("query", "says"), [("?ref=x/v1.0.0", "1"), ("?ref=main", "2"), ("", "2")])
def test_git_source(query: str, says: str, repository: Path, tmp_path: Path) -> None:
    module = _sources(tmp_path).module(f"git::file://{repository}//modules/x{query}", tmp_path)
    assert module.directory == module.root / "modules/x"
    assert (module.directory / "main.tf").read_text(encoding="utf-8") == f"# {says}\n"
    assert not (module.root / ".git").exists()


def test_git_source_at_a_commit(repository: Path, tmp_path: Path) -> None:
    first = _git(repository, "rev-parse", "HEAD~1")
    module = _sources(tmp_path).module(f"git::file://{repository}//modules/x?ref={first}", tmp_path)
    assert (module.directory / "main.tf").read_text(encoding="utf-8") == "# 1\n"


def test_a_version_is_checked_out_once(repository: Path, tmp_path: Path) -> None:
    source = f"git::file://{repository}//modules/x?ref=x/v1.0.0"
    first = _sources(tmp_path).module(source, tmp_path)
    (first.directory / "kept").touch()
    assert (_sources(tmp_path).module(source, tmp_path).directory / "kept").exists()
    assert [entry.name for entry in (tmp_path / "cache/modules").iterdir()] == [first.root.name]


def test_a_repository_is_copied_once_and_a_release_asked_for_once(repository: Path, tmp_path: Path) -> None:
    address = f"git::file://{repository}//modules/x?ref="

    def says(ref: str) -> str:
        module = _sources(tmp_path).module(f"{address}{ref}", tmp_path)
        return (module.directory / "main.tf").read_text(encoding="utf-8")

    assert [says("x/v1.0.0"), says("main")] == ["# 1\n", "# 2\n"]
    copies = [entry for entry in (tmp_path / "cache/mirrors").iterdir() if entry.is_dir()]
    assert len(copies) == 1
    # A branch moves on, a new release comes.
    (repository / "modules/x/main.tf").write_text("# 3\n", encoding="utf-8")
    _git(repository, "commit", "-q", "-a", "-m", "3")
    _git(repository, "tag", "x/v1.1.0")
    assert [says("main"), says("x/v1.1.0"), says("x/v1.0.0")] == ["# 3\n", "# 3\n", "# 1\n"]
    assert [entry for entry in (tmp_path / "cache/mirrors").iterdir() if entry.is_dir()] == copies
    # Releases known here need no repository.
    shutil.rmtree(tmp_path / "cache/modules")
    repository.rename(tmp_path / "gone")
    assert [says("x/v1.1.0"), says("x/v1.0.0")] == ["# 3\n", "# 1\n"]
    with pytest.raises(StrataError, match="`git ls-remote` failed"):
        says("main")


def test_unknown_version(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(StrataError, match=r"no version `x/v9\.0\.0`"):
        _sources(tmp_path).module(f"git::file://{repository}//modules/x?ref=x/v9.0.0", tmp_path)


def test_unknown_repository(tmp_path: Path) -> None:
    with pytest.raises(StrataError, match="`git ls-remote` failed"):
        _sources(tmp_path).module(f"git::file://{tmp_path}/none//modules/x?ref=x", tmp_path)


@pytest.mark.parametrize(
    "source", ["tfr:///a/b?version=1", "https://example.org/x.zip", "s3::https://example.org/x"]
)
def test_other_kinds_are_refused_by_name(source: str, tmp_path: Path) -> None:
    with pytest.raises(StrataError, match="is not supported"):
        _sources(tmp_path).module(source, tmp_path)


SPLITS = [
    ("/a/modules//s3", ("/a/modules", "s3", {})),
    ("../m", ("../m", "", {})),
    ("git::https://h/r.git//m/s3?ref=s3/v1", ("git::https://h/r.git", "m/s3", {"ref": ["s3/v1"]})),
    ("git::file:///r//m?ref=x&depth=1", ("git::file:///r", "m", {"ref": ["x"], "depth": ["1"]})),
    ("git@github.com:o/r.git//m", ("git@github.com:o/r.git", "m", {})),
]


@pytest.mark.parametrize(("source", "expected"), SPLITS)
def test_split(source: str, expected: tuple[str, str, dict[str, list[str]]]) -> None:
    assert split(source) == expected


def test_a_missing_module_is_an_error_at_the_source(load: Load) -> None:
    tree = load({"live/dev/a/terragrunt.hcl": 'terraform {\n  source = "../../../modules//zz"\n}\n'})
    with pytest.raises(StrataError, match="does not exist") as caught:
        tree.render("live/dev/a")
    assert caught.value.line == 2


def test_the_version_map_decides(load: Load, repository: Path) -> None:
    unit = 'include "c" { path = "${get_repo_root()}/live/_components/x.hcl" }\n'
    tree = load(
        {
            "modules/x/main.tf": "# working tree\n",
            "live/dev/env.hcl": 'locals { version = "local" }\n',
            "live/prod/env.hcl": 'locals { version = "v1.0.0" }\n',
            "live/_components/x.hcl": f"""
                locals {{
                  version = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals.version
                  tagged  = "git::file://{repository}//modules/x?ref=x/${{local.version}}"
                }}
                terraform {{
                  source = local.version == "local" ? "${{get_repo_root()}}/modules//x" : local.tagged
                }}
            """,
            "live/dev/x/terragrunt.hcl": unit,
            "live/prod/x/terragrunt.hcl": unit,
        }
    )
    said = [
        (tree.render(f"live/{environment}/x").module_dir / "main.tf").read_text(encoding="utf-8")
        for environment in ("dev", "prod")
    ]
    assert said == ["# working tree\n", "# 1\n"]
    assert (tree.root / ".strata/cache/modules").is_dir()
