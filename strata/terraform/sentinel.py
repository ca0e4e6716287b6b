"""The account of mock outputs, 000000000000: nothing that names it may be applied."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strata.errors import StrataError
from strata.live.model import SENTINEL

if TYPE_CHECKING:
    from strata.live import RenderedUnit

_FOUND = re.compile(rf"(?<!\d){SENTINEL}(?!\d)")
# Its last group has twelve digits too, and says nothing of an account.
_NIL_UUID = "00000000-0000-0000-0000-000000000000"
_REMEDY = "apply the units it depends on first, and let no dependency use its mock_outputs under apply"


def refuse_mocked_unit(rendered: RenderedUnit, file: Path) -> None:
    """Refuse a unit, whose file is `file`, with a mock's value in what it hands to Terraform.

    Raises:
        StrataError: an input, the backend, a generated file or an argument holds the sentinel account.
    """
    places = {
        **{f"input {name}": value for name, value in rendered.inputs.items()},
        "remote_state": rendered.remote_state.get("config"),
        **{f"generated file {made.path}": made.contents for made in rendered.generated},
        **{f"extra_arguments {extra.name}": vars(extra) for extra in rendered.extra_arguments},
    }
    for place, value in places.items():
        for path in _places(value):
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
    places = {
        change["address"]: change["change"].get("after") for change in document.get("resource_changes", [])
    }
    places |= {
        f"output {name}": change.get("after") for name, change in document.get("output_changes", {}).items()
    }
    places |= {f"variable {name}": value for name, value in document.get("variables", {}).items()}
    for place, value in places.items():
        for path in _places(value):
            raise StrataError(
                f"{unit}: the plan was made with a mock output: {place}{path} holds account {SENTINEL}",
                remedy=f"{_REMEDY}; then plan again",
            )


def _places(value: Any, path: str = "") -> Iterator[str]:
    """Where in a value the sentinel is."""
    if isinstance(value, str):
        if _FOUND.search(value.replace(_NIL_UUID, "")):
            yield path
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _places(str(name), f"{path}.{name}")
            yield from _places(item, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _places(item, f"{path}[{index}]")
