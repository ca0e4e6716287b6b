"""What a change is: its commits, the files that differ, and the tree before it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from strata.ci.git import CommitRange, commit, contents, files_at, git, tree_at
from strata.errors import StrataError


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """main: one, then two; a branch off one renames a file; an orphan shares nothing."""
    root = tmp_path_factory.mktemp("change") / "checkout"
    root.mkdir()

    def run(*arguments: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)

    def commit_all(message: str) -> None:
        run("add", "--all")
        run("commit", "-q", "--allow-empty", "-m", message)
        run("tag", message)

    run("init", "-q")
    (root / "kept").write_text("kept\n")
    (root / "old name").write_text("same\n" * 20)
    (root / "folder").mkdir()
    (root / "folder/é").write_bytes(b"\xff")
    commit_all("one")
    (root / "of main").write_text("x\n")
    commit_all("two")
    run("checkout", "-q", "-b", "topic", "one")
    (root / "old name").rename(root / "new name")
    (root / "kept").write_text("changed\n")
    (root / "folder/é").unlink()
    (root / "added").write_text("a\n")
    commit_all("three")
    run("checkout", "-q", "--orphan", "apart")
    commit_all("apart")
    run("checkout", "-q", "topic")
    return root


def test_a_change_is_what_came_since_its_branch(history: Path) -> None:
    change = CommitRange.since(history, "main")
    assert (change.base, change.head) == (commit(history, "one"), commit(history, "three"))
    assert change.files == ("added", "folder/é", "kept", "new name", "old name")
    assert CommitRange.since(history, "one", "two").files == ("of main",)
    assert CommitRange.since(history, "three").files == ()
    assert CommitRange.since(history, "topic", "main").files == ("of main",)


def test_files_before_and_after(history: Path) -> None:
    change = CommitRange.since(history, "main")
    before, after = change.before(change.files), change.after(change.files)
    found = {path: (before.get(path), after.get(path)) for path in change.files}
    assert found == {
        "added": (None, b"a\n"),
        "folder/é": (b"\xff", None),
        "kept": (b"kept\n", b"changed\n"),
        "new name": (None, b"same\n" * 20),
        "old name": (b"same\n" * 20, None),
    }
    # What is not a file, and what is not committed.
    assert contents(history, change.base, ["folder", "nothing"]) == {}
    assert contents(history, change.base, []) == {}


def test_names_of_commits(history: Path) -> None:
    one = commit(history, "one")
    assert len(one) == 40
    assert commit(history, one) == commit(history, one[:12]) == commit(history, "main~1") == one
    assert commit(history, "HEAD") == commit(history, "topic")


@pytest.mark.parametrize("name", ["nowhere", "0" * 40, "HEAD:kept", "HEAD^{tree}", ""])
def test_what_is_not_a_commit_here(name: str, history: Path) -> None:
    with pytest.raises(StrataError) as caught:
        commit(history, name)
    assert caught.value.message == f"commit `{name}` is not in this checkout"
    assert caught.value.remedy == "fetch the whole history: fetch-depth: 0"


@pytest.mark.parametrize("name", ["-h", "--all"])
def test_an_option_is_not_a_commit(name: str, history: Path) -> None:
    with pytest.raises(StrataError, match=f"^`{name}` is not a commit$"):
        commit(history, name)


def test_commits_without_a_common_ancestor(history: Path) -> None:
    with pytest.raises(StrataError, match="`git merge-base` failed"):
        CommitRange.since(history, "apart")


def test_the_tree_of_a_commit_is_gone_afterwards(history: Path) -> None:
    before = git(history, "worktree", "list")
    with tree_at(history, commit(history, "two")) as tree:
        assert sorted(path.name for path in tree.iterdir()) == [
            ".git",
            "folder",
            "kept",
            "of main",
            "old name",
        ]
        assert (tree / "kept").read_text() == "kept\n"
        (tree / "left").write_text("dirt\n")
        # A second one of the same commit, while the first is there.
        with tree_at(history, commit(history, "two")) as other:
            assert other != tree
            assert not (other / "left").exists()
    assert not tree.exists()
    assert git(history, "worktree", "list") == before
    assert (history / "kept").read_text() == "changed\n"


def test_the_tree_is_gone_after_a_failure(history: Path) -> None:
    before = git(history, "worktree", "list")
    with pytest.raises(ZeroDivisionError), tree_at(history, "one"):
        raise ZeroDivisionError
    assert git(history, "worktree", "list") == before


def test_the_files_of_a_commit_are_gone_afterwards(history: Path) -> None:
    (history / "kept").write_text("not committed\n")
    (history / "untracked").write_text("x\n")
    try:
        for name, kept in (("two", "kept\n"), ("three", "changed\n")):
            with files_at(history, commit(history, name)) as tree:
                assert (tree / "kept").read_text() == kept
                assert sorted(path.name for path in tree.iterdir()) == sorted(
                    [".git", *git(history, "ls-tree", "--name-only", "-z", name).split("\0")[:-1]]
                )
            assert not tree.exists()
        with files_at(history, commit(history, "two")) as tree:
            assert (tree / "folder/é").read_bytes() == b"\xff"
    finally:
        (history / "kept").write_text("changed\n")
        (history / "untracked").unlink()


def test_an_unchanged_file_is_linked_each_time(history: Path) -> None:
    # Twice: a link changes the file's ctime, by which Git would take it for changed.
    for _ in range(2):
        with files_at(history, commit(history, "HEAD")) as tree:
            assert (tree / "new name").samefile(history / "new name")


def test_links_and_modes_of_a_commit(tmp_path: Path) -> None:
    def run(*arguments: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    run("init", "-q")
    (tmp_path / "script").write_text("x\n")
    (tmp_path / "script").chmod(0o755)
    (tmp_path / "same").symlink_to("script")
    (tmp_path / "other").symlink_to("script")
    (tmp_path / "line\nend").write_text("odd\n")
    run("add", "--all")
    run("commit", "-q", "-m", "one")
    (tmp_path / "other").unlink()
    (tmp_path / "other").symlink_to("same")
    with files_at(tmp_path, commit(tmp_path, "HEAD")) as tree:
        assert [(tree / name).readlink() for name in ("same", "other")] == [Path("script"), Path("script")]
        assert (tree / "script").stat().st_mode & 0o111
        assert (tree / "line\nend").read_text() == "odd\n"
    assert contents(tmp_path, commit(tmp_path, "HEAD"), ["line\nend", "same"]) == {
        "line\nend": b"odd\n",
        "same": b"script",
    }
