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
