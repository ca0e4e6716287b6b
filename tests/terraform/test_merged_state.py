"""States that cannot be merged are refused, with the place of the unit and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strata.errors import StrataError
from strata.terraform.merged_state import merge_states

ALIAS = 'provider["registry.terraform.io/hashicorp/aws"].other'
# A state, and what is said of it.
REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "another version": (
        {"version": 3, "resources": []},
        "the state of base has version 3, not 4",
        "apply the unit alone: Terraform then writes its state anew",
    ),
    "an alias": (
        {"version": 4, "resources": [{"type": "aws_sns_topic", "provider": ALIAS}]},
        f"the state of base uses {ALIAS}, an alias",
        "give the unit one configuration of each provider, and apply it alone",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_merged(name: str) -> None:
    state, message, remedy = REFUSED[name]
    file = Path("live/dev/base/terragrunt.hcl")
    with pytest.raises(StrataError) as caught:
        merge_states({"base": state}, {}, {"base": file})
    assert (caught.value.message, caught.value.file, caught.value.remedy) == (message, str(file), remedy)


AWS = 'provider["registry.terraform.io/hashicorp/aws"]'
STATES: dict[str, dict[str, Any]] = {
    "base": {
        "version": 4,
        "terraform_version": "1.9.10",
        "serial": 31,
        "outputs": {
            "arn": {"value": "arn:x", "type": "string"},
            "ids": {"value": [1], "type": ["list", "number"]},
        },
        "resources": [
            {
                "mode": "managed",
                "type": "aws_sns_topic",
                "provider": AWS,
                "instances": [
                    {"attributes": {"name": "a"}, "dependencies": ["aws_kms_key.k", "module.m.aws_x.y"]},
                    {"index_key": 1},
                ],
            },
            {"mode": "data", "type": "aws_x", "module": "module.m", "provider": f"module.m.{AWS}"},
        ],
    },
    "user": {
        "version": 4,
        "terraform_version": "1.11.2",
        "resources": [
            {
                "type": "terraform_data",
                "provider": 'provider["terraform.io/builtin/terraform"]',
                "instances": [],
            }
        ],
    },
    "empty": {"version": 4, "outputs": {}},
}


def test_each_state_lies_below_its_module() -> None:
    files = {name: Path(f"live/dev/{name}/terragrunt.hcl") for name in STATES}
    merged = merge_states(
        STATES, {"base": {"hashicorp/aws": "second"}, "user": {"hashicorp/aws": "third"}}, files
    )
    lineage = merged.pop("lineage")
    assert lineage != merge_states(STATES, {}, files)["lineage"]
    assert merged == {
        "version": 4,
        # The newest, by number: an older Terraform could not read it.
        "terraform_version": "1.11.2",
        "serial": 1,
        "outputs": {
            "base": {
                "value": {"arn": "arn:x", "ids": [1]},
                "type": ["object", {"arn": "string", "ids": ["list", "number"]}],
                "sensitive": True,
            }
        },
        "resources": [
            {
                "mode": "managed",
                "type": "aws_sns_topic",
                "module": "module.base",
                "provider": f"{AWS}.second",
                "instances": [
                    {
                        "attributes": {"name": "a"},
                        "dependencies": ["module.base.aws_kms_key.k", "module.base.module.m.aws_x.y"],
                    },
                    {"index_key": 1},
                ],
            },
            {
                "mode": "data",
                "type": "aws_x",
                "module": "module.base.module.m",
                "provider": f"module.base.module.m.{AWS}",
                "instances": [],
            },
            {
                "type": "terraform_data",
                "module": "module.user",
                "provider": 'provider["terraform.io/builtin/terraform"]',
                "instances": [],
            },
        ],
        "check_results": None,
    }


def test_no_state_is_one_that_any_terraform_reads() -> None:
    merged = merge_states({}, {}, {})
    assert (merged["terraform_version"], merged["resources"], merged["outputs"]) == ("1.0.0", [], {})
