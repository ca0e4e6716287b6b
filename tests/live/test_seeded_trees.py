"""Trees made from seeds mean the same to Strata and to the real Terragrunt; bench/trees.py takes many."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live.compared import compare_graph, compare_plans, compare_renders, write_tree
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


def _change(actions: list[str], after: object, unknown: object = False) -> dict[str, object]:
    return {"actions": actions, "after": after, "after_unknown": unknown}


# A change of `x` in the environment's plan and in the unit's own, and what is said of the two.
CHANGES = [
    (_change(["create"], {"a": 1}), _change(["create"], {"a": 1}), ""),
    (_change(["create"], {"a": 1}), _change(["create"], {"a": 2}), "{'a': 1} here, {'a': 2} there"),
    (_change(["create"], {"a": None}, {"a": True}), _change(["create"], {"a": "mock"}), ""),
    (_change(["create"], {"a": [None, 1]}, {"a": [True, False]}), _change(["create"], {"a": ["m", 1]}), ""),
    (
        _change(["create"], {"a": [None, 1]}, {"a": [True, False]}),
        _change(["create"], {"a": ["m", 2]}),
        "{'a': [None, 1]} here, {'a': ['m', 2]} there",
    ),
    (_change(["create"], {}), _change(["update"], {}), "['create'] here, ['update'] there"),
    (_change(["create"], {}), None, "only here"),
    (None, _change(["create"], {}), "only there"),
]


@pytest.mark.parametrize(("here", "there", "said"), CHANGES)
def test_plans_that_differ(here: object, there: object, said: str) -> None:
    whole = {"resource_changes": [{"address": "module.g-u.x", "change": here}] if here else []}
    own = {"live/dev/g/u": {"resource_changes": [{"address": "x", "change": there}] if there else []}}
    assert compare_plans(whole, own) == ([f"module.g-u.x: {said}"] if said else [])
