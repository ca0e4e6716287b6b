"""How an included configuration merges into a unit's: each block and each kind of value, shallow and deep.

The expected values follow Terragrunt 1.1.3's `include.go`; conformance/ and semantics.toml hold what it answered.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from strata.errors import StrataError
from strata.live.language.includes import deep_merge, merge, merge_dependency

Tree = dict[str, Any]

HOOK = {"name": "h", "commands": ["plan"], "execute": ["a"]}
OTHER = {"name": "h", "commands": ["apply"], "execute": ["b"]}

# the included file's tree, the including file's, the result shallow, the result deep (None: as shallow)
MERGES: dict[str, tuple[Tree, Tree, Tree, Tree | None]] = {
    "one side only": ({"iam_role": "a"}, {"download_dir": "b"}, {"iam_role": "a", "download_dir": "b"}, None),
    "the child's value wins": ({"iam_role": "a"}, {"iam_role": "b"}, {"iam_role": "b"}, None),
    "an empty value does not win": ({"iam_role": "a"}, {"iam_role": ""}, {"iam_role": "a"}, None),
    "null does not win": ({"iam_role": "a"}, {"iam_role": None}, {"iam_role": "a"}, None),
    "false wins": ({"prevent_destroy": True}, {"prevent_destroy": False}, {"prevent_destroy": False}, None),
    "zero wins": ({"iam_assume_role_duration": 5}, {"iam_assume_role_duration": 0}, {"iam_assume_role_duration": 0}, None),
    "inputs": (
        {"inputs": {"a": 1, "m": {"x": 1}, "l": [1]}},
        {"inputs": {"a": 2, "m": {"y": 2}, "l": [2]}},
        {"inputs": {"a": 2, "m": {"y": 2}, "l": [2]}},
        {"inputs": {"a": 2, "m": {"x": 1, "y": 2}, "l": [1, 2]}},
    ),
    "inputs of the parent alone": ({"inputs": {"a": 1}}, {"inputs": None}, {"inputs": {"a": 1}}, None),
    "inputs of the child alone": ({"inputs": None}, {"inputs": {"a": 1}}, {"inputs": {"a": 1}}, None),
    "an input that is null": ({"inputs": {"a": 1}}, {"inputs": {"a": None}}, {"inputs": {"a": None}}, None),
    "paths": (
        {"dependencies": {"paths": ["a", "b"]}},
        {"dependencies": {"paths": ["c", "a"]}},
        {"dependencies": {"paths": ["a", "b", "c"]}},
        None,
    ),
    "paths of the child alone": ({}, {"dependencies": {"paths": ["a"]}}, {"dependencies": {"paths": ["a"]}}, None),
    "dependencies": (
        {"dependency": {"a": {"config_path": "x", "skip": True}, "b": {"config_path": "y"}}},
        {"dependency": {"a": {"config_path": "z"}}},
        {"dependency": {"a": {"config_path": "z"}, "b": {"config_path": "y"}}},
        {"dependency": {"a": {"config_path": "z", "skip": True}, "b": {"config_path": "y"}}},
    ),
    "features": (
        {"feature": {"a": {"default": 1}}},
        {"feature": {"b": {"default": 2}}},
        {"feature": {"a": {"default": 1}, "b": {"default": 2}}},
        None,
    ),
    "features that are maps": (
        {"feature": {"a": {"default": {"x": 1}}}},
        {"feature": {"a": {"default": {"y": 1}}}},
        {"feature": {"a": {"default": {"y": 1}}}},
        None,
    ),
    "generate blocks": (
        {"generate": {"a": {"path": "x"}}},
        {"generate": {"b": {"path": "y"}}},
        {"generate": {"a": {"path": "x"}, "b": {"path": "y"}}},
        None,
    ),
    "exclude": (
        {"exclude": {"if": True, "actions": ["plan"], "no_run": True}},
        {"exclude": {"if": False, "actions": ["apply"]}},
        {"exclude": {"if": False, "actions": ["apply"]}},
        {"exclude": {"if": False, "actions": ["apply"], "no_run": True}},
    ),
    "exclude of the child alone": ({}, {"exclude": {"if": True}}, {"exclude": {"if": True}}, None),
    "errors": (
        {"errors": {"retry": {"a": {}}}},
        {"errors": {"ignore": {"b": {}}}},
        {"errors": {"ignore": {"b": {}}}},
        {"errors": {"retry": {"a": {}}, "ignore": {"b": {}}}},
    ),
    "remote state": (
        {"remote_state": {"backend": "s3", "config": {"a": 1}}},
        {"remote_state": {"backend": "gcs", "config": {"b": 1}}},
        {"remote_state": {"backend": "gcs", "config": {"b": 1}}},
        None,
    ),
    "terraform of one side": ({}, {"terraform": {"source": "a"}}, {"terraform": {"source": "a"}}, None),
    "a source": (
        {"terraform": {"source": "a", "copy_terraform_lock_file": True}},
        {"terraform": {"source": "b"}},
        {"terraform": {"source": "b", "copy_terraform_lock_file": True}},
        None,
    ),
    **{
        kind: (
            {"terraform": {kind: {"h": HOOK, "i": HOOK}}},
            {"terraform": {kind: {"h": OTHER, "j": OTHER}}},
            {"terraform": {kind: {"h": OTHER, "i": HOOK, "j": OTHER}}},
            None,
        )
        for kind in ("extra_arguments", "before_hook", "after_hook", "error_hook")
    },
    "a hook of the child alone": (
        {"terraform": {"source": "a"}},
        {"terraform": {"before_hook": {"h": HOOK}}},
        {"terraform": {"source": "a", "before_hook": {"h": HOOK}}},
        None,
    ),
    **{
        kind: (
            {"terraform": {kind: ["a"]}},
            {"terraform": {kind: ["b"]}},
            {"terraform": {kind: ["a"]}},
            {"terraform": {kind: ["b", "a"]}},
        )
        for kind in ("include_in_copy", "exclude_from_copy")
    },
    "a copy list of the child alone": (
        {"terraform": {"source": "a"}},
        {"terraform": {"include_in_copy": ["b"]}},
        {"terraform": {"source": "a"}},
        {"terraform": {"source": "a", "include_in_copy": ["b"]}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("strategy", ["shallow", "deep"])
@pytest.mark.parametrize("name", MERGES)
def test_a_merge(name: str, strategy: str) -> None:
    parent, child, shallow, deep = copy.deepcopy(MERGES[name])
    assert merge(parent, child, strategy) == (deep if strategy == "deep" and deep is not None else shallow)
    # Neither is changed: both are merged again for other units.
    assert (parent, child) == MERGES[name][:2]


@pytest.mark.parametrize("kind", ["extra_arguments", "before_hook", "after_hook", "error_hook"])
def test_a_hook_keeps_its_place_in_the_order(kind: str) -> None:
    parent = {"terraform": {kind: {"h": HOOK, "i": HOOK}}}
    merged = merge(parent, {"terraform": {kind: {"j": OTHER, "h": OTHER}}}, "shallow")
    assert list(merged["terraform"][kind]) == ["h", "i", "j"]


def test_a_generate_block_of_both() -> None:
    parent, child = {"generate": {"b": {}, "a": {}}}, {"generate": {"a": {"path": "x"}, "b": {}}}
    with pytest.raises(StrataError) as caught:
        merge(parent, child, "shallow")
    assert caught.value.message == "the `generate` block `a` is defined both here and in an included file"
    assert caught.value.remedy == "rename one of them"
    assert merge(parent, child, "deep") == {"generate": {"a": {"path": "x"}, "b": {}}}


@pytest.mark.parametrize(
    ("mine", "theirs", "refused"), [(True, False, True), ({}, {}, False), ({}, True, False)]
)
def test_a_feature_of_both(mine: Any, theirs: Any, refused: bool) -> None:
    parent, child = {"feature": {"f": {"default": theirs}}}, {"feature": {"f": {"default": mine}}}
    assert merge(parent, child, "shallow") == child
    if not refused:
        assert merge(parent, child, "deep") == child
        return
    with pytest.raises(StrataError) as caught:
        merge(parent, child, "deep")
    assert caught.value.message == "Terragrunt cannot merge deeply two `feature` blocks named `f`"


# what is there, what comes over it, the result; and the result where lists are replaced
DEEP: list[tuple[Tree, Tree, Tree, Tree]] = [
    ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}, {"a": 1, "b": 2}),
    ({"a": {"x": {"p": 1}}}, {"a": {"x": {"q": 2}}}, {"a": {"x": {"p": 1, "q": 2}}}, {"a": {"x": {"p": 1, "q": 2}}}),
    ({"a": [1, 2]}, {"a": [2]}, {"a": [1, 2, 2]}, {"a": [2]}),
    ({"a": {"l": [1]}}, {"a": {"l": [2]}}, {"a": {"l": [1, 2]}}, {"a": {"l": [2]}}),
    ({"a": [1]}, {"a": []}, {"a": [1]}, {"a": []}),
    ({"a": None}, {"a": [1]}, {"a": [1]}, {"a": [1]}),
    ({}, {"a": [1]}, {"a": [1]}, {"a": [1]}),
    ({"a": {"x": 1}}, {"a": 5}, {"a": 5}, {"a": 5}),
    ({"a": 5}, {"a": {"x": 1}}, {"a": {"x": 1}}, {"a": {"x": 1}}),
    ({"a": [1]}, {"a": {"x": 1}}, {"a": {"x": 1}}, {"a": {"x": 1}}),
    ({"a": 1}, {"a": None}, {"a": None}, {"a": None}),
]  # fmt: skip


@pytest.mark.parametrize(("target", "source", "appended", "replaced"), DEEP)
def test_a_deep_merge(target: Tree, source: Tree, appended: Tree, replaced: Tree) -> None:
    before = copy.deepcopy((target, source))
    assert deep_merge(target, source) == appended
    assert deep_merge(target, source, append=False) == replaced
    assert (target, source) == before


@pytest.mark.parametrize("present", ["x", 0, False, {"k": 1}])
def test_a_list_is_appended_to_a_list_only(present: Any) -> None:
    with pytest.raises(StrataError) as caught:
        deep_merge({"m": {"l": present}}, {"m": {"l": [1]}})
    assert caught.value.message == "a deep merge cannot append the list `l` to another type"
    assert deep_merge({"l": present}, {"l": [1]}, append=False) == {"l": [1]}


COMMANDS = "mock_outputs_allowed_terraform_commands"


@pytest.mark.parametrize(
    ("parent", "child", "expected"),
    [
        ({"config_path": "a", "skip": True}, {"config_path": "b"}, {"config_path": "b", "skip": True}),
        ({"mock_outputs": {"a": {"x": 1}}}, {"mock_outputs": {"a": {"y": 2}}}, {"mock_outputs": {"a": {"x": 1, "y": 2}}}),
        ({"mock_outputs": {"l": [1]}}, {"mock_outputs": {"l": [2]}}, {"mock_outputs": {"l": [1, 2]}}),
        ({"mock_outputs": {"a": 1}}, {}, {"mock_outputs": {"a": 1}}),
        ({}, {"mock_outputs": {"a": 1}}, {"mock_outputs": {"a": 1}}),
        ({COMMANDS: ["init", "plan"]}, {COMMANDS: ["plan"]}, {COMMANDS: ["init", "plan", "plan"]}),
        ({COMMANDS: ["init"]}, {}, {COMMANDS: ["init"]}),
        ({}, {COMMANDS: ["plan"]}, {COMMANDS: ["plan"]}),
    ],
)  # fmt: skip
def test_a_dependency_merged_deeply(parent: Tree, child: Tree, expected: Tree) -> None:
    assert merge_dependency(parent, child) == expected
