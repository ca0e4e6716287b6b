"""The account of mock outputs, 000000000000: nothing that names it may be applied."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strata.errors import StrataError
from strata.live.mocks import SENTINEL, places, planned

if TYPE_CHECKING:
    from strata.live import RenderedUnit

_REMEDY = "apply the units it depends on first, and let no dependency use its mock_outputs under apply"


def refuse_mocked_unit(rendered: RenderedUnit, file: Path) -> None:
    """Refuse a unit, whose file is `file`, with a mock's value in what it hands to Terraform.

    Raises:
        StrataError: an input, the backend, a generated file or an argument holds the sentinel account.
    """
    handed = {
        **{f"input {name}": value for name, value in rendered.inputs.items()},
        "remote_state": rendered.remote_state.get("config"),
        **{f"generated file {made.path}": made.contents for made in rendered.generated},
        **{f"extra_arguments {extra.name}": vars(extra) for extra in rendered.extra_arguments},
    }
    for place, value in handed.items():
        for path in places(value):
            raise StrataError(
                f"{rendered.path}: {place}{path} holds a mock output (account {SENTINEL}): never applied",
                file=file,
                remedy=_REMEDY,
            )


def refuse_mocked_plan(unit: str, document: Mapping[str, Any]) -> None:
    """Refuse a saved plan that was made with a mock's value.

    Args:
        unit: the unit's path.
        document: from `terraform show -json`.

    Raises:
        StrataError: a planned value, an output or a variable holds the sentinel account.
    """
    for place, path in planned(document):
        raise StrataError(
            f"{unit}: the plan was made with a mock output: {place}{path} holds account {SENTINEL}",
            remedy=f"{_REMEDY}; then plan again",
        )
