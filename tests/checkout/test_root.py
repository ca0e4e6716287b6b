"""Where a command finds the tree that it works in."""

from __future__ import annotations

from pathlib import Path

import pytest

from strata.checkout.root import find_tree
from strata.errors import StrataError

# The files, the folder that the command starts in, and the root; None where there is none.
TREES: dict[str, tuple[list[str], str, str | None]] = {
    "this project": (["terragrunt.hcl", "live/dev/a/terragrunt.hcl"], "live/dev", ""),
    "a Git repository": ([".git/HEAD", "a/b/terragrunt.hcl"], "a", ""),
    "a work tree of Git": ([".git", "a/b/terragrunt.hcl"], "a/b", ""),
    "a Git repository without units": ([".git/HEAD", "a/b.txt"], "a", ""),
    "a root configuration": (["root.hcl", "a/b/c/terragrunt.hcl"], "", ""),
    "a unit by itself": (["terragrunt.hcl"], "", ""),
    "a folder of environments": (["live/dev/a/terragrunt.hcl"], "", ""),
    "a folder of units": (["dev/a/terragrunt.hcl"], "dev", "dev"),
    "nothing": ([], "", None),
    "other files": (["main.tf", "a/b.txt", ".hidden/x.hcl"], "", None),
    "a folder of whole trees": (["work/terragrunt.hcl", "work/live/dev/a/terragrunt.hcl"], "", None),
    "a folder of repositories": (["x.hcl", "work/.git/HEAD", "a/terragrunt.hcl"], "", None),
    "a folder of whole trees, and a file": (
        ["x.hcl", "w/terragrunt.hcl", "w/live/a/terragrunt.hcl"],
        "",
        None,
    ),
    "a folder that has trees somewhere below": (["work/x/live/dev/a/terragrunt.hcl"], "", None),
}


@pytest.mark.parametrize("name", TREES)
def test_the_root_of_a_tree(name: str, tmp_path: Path) -> None:
    files, start, root = TREES[name]
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    if root is not None:
        assert find_tree(tmp_path / start) == tmp_path / root
        return
    with pytest.raises(StrataError) as caught:
        find_tree(tmp_path / start)
    assert str(caught.value) == (
        f"{tmp_path / start} is not inside a Git repository "
        "(change to the folder of the live tree: the one of its root configuration)"
    )
