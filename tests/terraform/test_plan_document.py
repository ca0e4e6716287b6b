"""What the plan of an environment says of each unit, out of Terraform's JSON."""

from __future__ import annotations

from typing import Any

import pytest

from strata.terraform.plan_document import EnvironmentPlan, InstanceChange, PlannedUnit, read_plan


def change(address: str, *actions: str, **more: Any) -> dict[str, Any]:
    """A resource of a unit's module; `importing` and `previous_address` are Terraform's."""
    facts = {
        "actions": list(actions),
        "before": {"a": 1, "b": 1},
        "after": {"a": 1, "b": 2},
        "after_unknown": {"c": True},
    }
    if "importing" in more:
        facts["importing"] = more.pop("importing")
    mode = "data" if ".data." in address else "managed"
    return {"address": address, "mode": mode, "type": address.split(".")[-2], "change": facts, **more}


DOCUMENT: dict[str, Any] = {
    "format_version": "1.2",
    "resource_changes": [
        change("module.base.aws_a.new", "create"),
        change("module.base.aws_a.changed", "update"),
        change("module.base.aws_a.again", "delete", "create"),
        change("module.base.aws_a.again_first", "create", "delete"),
        change("module.base.aws_a.gone", "delete"),
        change("module.base.aws_a.left", "forget"),
        change("module.base.aws_a.same", "no-op"),
        change("module.base.aws_a.taken", "no-op", importing={"id": "x"}),
        change("module.base.aws_a.named", "no-op", previous_address="module.base.aws_a.old"),
        change("module.base.module.deep.aws_a.x", "update", importing={"id": "y"}, previous_address="module.base.aws_a.y"),
        change("module.base.data.aws_a.read", "read"),
        change("module.other.aws_a.x", "create"),
        change("aws_a.root", "create"),
    ],
    "output_changes": {
        "base": {"actions": ["update"], "before": {"x": 1, "y": 1}, "after": {"x": 1, "y": 2}, "after_unknown": {"z": True}},
        "quiet": {"actions": ["no-op"], "before": {"x": 1}, "after": {"x": 1}, "after_unknown": False},
    },
}  # fmt: skip
MODULES = {"base": "live/dev/base", "quiet": "live/dev/quiet"}
AFTER = {"live/dev/base": (), "live/dev/quiet": ("live/dev/base", "live/dev/elsewhere")}
NONE = {"create": 0, "update": 0, "replace": 0, "delete": 0, "import": 0, "move": 0, "forget": 0}


@pytest.fixture
def plan() -> EnvironmentPlan:
    return read_plan(DOCUMENT, "dev", MODULES, AFTER)


def test_each_unit_has_its_changes(plan: EnvironmentPlan) -> None:
    assert list(plan.units) == ["live/dev/base", "live/dev/quiet"]
    base, quiet = plan.units.values()
    found = {
        one.address.removeprefix("module.base."): (one.kind, list(one.kinds()), one.changed)
        for one in base.resources
    }
    assert found == {
        "aws_a.new": ("create", ["create"], ()),
        "aws_a.changed": ("update", ["update"], ("b", "c")),
        "aws_a.again": ("replace", ["replace"], ("b", "c")),
        "aws_a.again_first": ("replace", ["replace"], ("b", "c")),
        "aws_a.gone": ("delete", ["delete"], ()),
        "aws_a.left": ("forget", ["forget"], ()),
        "aws_a.taken": ("", ["import"], ("b", "c")),
        "aws_a.named": ("", ["move"], ("b", "c")),
        "module.deep.aws_a.x": ("update", ["update", "import", "move"], ("b", "c")),
    }  # fmt: skip
    assert (base.outputs, base.after) == (("y", "z"), ())
    assert (quiet.resources, quiet.outputs, quiet.after) == ((), (), ("live/dev/base",))
    counts = NONE | {"create": 1, "update": 2, "replace": 2, "delete": 1, "import": 2, "move": 2, "forget": 1}
    assert (base.changes(), quiet.changes(), plan.changes()) == (counts, NONE, counts)


def test_the_document_tells_names_and_no_value(plan: EnvironmentPlan) -> None:
    document = plan.document()
    assert (document["environment"], list(document["units"])) == ("dev", ["live/dev/base", "live/dev/quiet"])
    assert document["changes"] == plan.changes()
    assert document["units"]["live/dev/quiet"] == {"changes": NONE, "resources": [], "outputs": []}
    base = document["units"]["live/dev/base"]
    assert (base["outputs"], base["changes"]) == (["y", "z"], plan.changes())
    resources = {one["address"].rpartition("aws_a.")[2]: one for one in base["resources"]}
    assert resources["again"] == {
        "address": "module.base.aws_a.again",
        "type": "aws_a",
        "actions": ["delete", "create"],
        "changed": ["b", "c"],
    }
    assert resources["x"] == {
        "address": "module.base.module.deep.aws_a.x",
        "type": "aws_a",
        "actions": ["update"],
        "changed": ["b", "c"],
        "importing": True,
        "moved_from": "module.base.aws_a.y",
    }


def one(kind: str = "", *, importing: bool = False, moved_from: str = "") -> InstanceChange:
    return InstanceChange("a.b", "a", kind, (kind,), importing=importing, moved_from=moved_from)


@pytest.mark.parametrize(
    ("resources", "outputs", "action"),
    [
        ([], (), ""),
        ([], ("x",), "output"),
        ([one()], (), ""),
        ([one(moved_from="a.c")], ("x",), "move"),
        ([one(moved_from="a.c"), one(importing=True)], (), "import"),
        ([one(importing=True), one("create")], (), "create"),
        ([one("create"), one("update")], (), "update"),
        ([one("update"), one("forget")], (), "forget"),
        ([one("forget"), one("replace")], (), "replace"),
        ([one("replace"), one("delete"), one("create")], ("x",), "delete"),
        ([one("update", importing=True, moved_from="a.c")], (), "update"),
    ],
)
def test_a_units_action_is_its_weightiest_change(
    resources: list[InstanceChange], outputs: tuple[str, ...], action: str
) -> None:
    unit, idle = (
        PlannedUnit("live/dev/a", tuple(resources), outputs, ()),
        PlannedUnit("live/dev/b", (), (), ()),
    )
    assert unit.action == action
    assert EnvironmentPlan("dev", {unit.unit: unit, idle.unit: idle}).empty is (not action)
