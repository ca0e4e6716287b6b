"""A plan of an environment is the sum of its units' own, on trees from seeds; bench/trees.py takes 200."""

from __future__ import annotations

from pathlib import Path

import pytest

from strata.terraform.toolchain import find_toolchain
from tests.live.compared import compare_plans, own_plans, write_tree
from tests.live.generated import tree
from tests.live.unapplied import plan_unapplied


@pytest.mark.needs("terragrunt")
@pytest.mark.parametrize("seed", range(3))
def test_the_plan_of_an_environment_is_the_sum(seed: int, tmp_path: Path) -> None:
    made = write_tree(tmp_path, tree(seed, plannable=True))
    own = own_plans(made, tmp_path / "own")
    assert own
    whole = plan_unapplied(made.load(), find_toolchain(tmp_path / "state"), tmp_path / "whole")
    assert compare_plans(whole, own) == []
    assert whole["resource_changes"]
