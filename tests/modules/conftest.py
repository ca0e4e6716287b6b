"""Plans of the modules as `live/dev` calls them: one Terraform process, no account, mocks for dependencies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from strata.live import LiveTree
from strata.testing.fixtures.planning import ModulePlanner

Planned = Callable[[str, str], dict[str, Any]]
# Component -> module.
COMPONENTS = {"github-oidc": "github-oidc", "iam": "iam", "s3": "s3", "stepfunctions": "pipeline"}


@pytest.fixture(scope="session")
def planned(plan: ModulePlanner, live: LiveTree) -> Planned:
    """Look up a planned resource of a component of dev by its address in the module; JSON texts are decoded."""
    rendered = live.renders([f"live/dev/{component}" for component in COMPONENTS], command="plan")
    plans = plan.together(
        {
            component: (module, rendered[f"live/dev/{component}"].inputs)
            for component, module in COMPONENTS.items()
        }
    )

    def look_up(component: str, address: str) -> dict[str, Any]:
        changes = plans[component].resource_changes
        assert address in changes, f"no {address} among {sorted(changes)}"
        return {name: _decoded(value) for name, value in changes[address]["change"]["after"].items()}

    return look_up


def _decoded(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in "{[":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
