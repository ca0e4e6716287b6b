"""The last plan that the console shows: readable by its owner, with values, and without secrets."""

from __future__ import annotations

import json
from pathlib import Path

from strata.platform.last_plan import keep, plan_file
from strata.terraform.plan_document import read_plan

CHANGE = {
    "actions": ["update"],
    "before": {"tags": {"a": "1"}, "password": "old-s3cret"},
    "after": {"tags": {"a": "2"}, "password": "new-s3cret"},
    "before_sensitive": {"password": True},
    "after_sensitive": {"password": True},
}
DOCUMENT = {
    "resource_changes": [
        {"address": "module.s3.aws_x.y", "type": "aws_x", "mode": "managed", "change": CHANGE},
    ]
}


def test_a_kept_plan(tmp_path: Path) -> None:
    plan = read_plan(DOCUMENT, "dev", {"s3": "live/dev/s3"}, {"live/dev/s3": []})
    keep(tmp_path, plan)
    file = plan_file(tmp_path, "dev")
    assert file.stat().st_mode & 0o077 == 0
    text = file.read_text()
    assert "s3cret" not in text
    (resource,) = json.loads(text)["units"]["live/dev/s3"]["resources"]
    assert resource["values"] == [
        ["password", "(sensitive value)", "(sensitive value)"],
        ["tags", '{"a": "1"}', '{"a": "2"}'],
    ]
    # What CI prints and uploads has no values at all.
    assert "values" not in plan.document()["units"]["live/dev/s3"]["resources"][0]
