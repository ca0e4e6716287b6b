"""Trees made from seeds mean the same to Strata and to the real Terragrunt; bench/trees.py takes many."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live.compared import compare_graph, compare_renders, write_tree
from tests.live.generated import tree


@pytest.mark.needs("terragrunt")
@pytest.mark.parametrize("seed", range(4))
def test_a_tree_of_a_seed(seed: int, tmp_path: Path) -> None:
    made = write_tree(tmp_path, tree(seed))
    assert compare_graph(made) == []
    assert compare_renders(made) == []


def test_the_same_seed_makes_the_same_tree() -> None:
    assert tree(7) == tree(7)
    assert tree(7) != tree(8)
