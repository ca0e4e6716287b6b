"""The last plan of each environment, kept for those who look at it later."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from strata.checkout.files import write_private
from strata.terraform.plan_document import EnvironmentPlan


def plan_file(root: Path, environment: str) -> Path:
    """Where the last plan of an environment is."""
    return root / ".strata" / "last-plan" / f"{environment}.json"


def keep(root: Path, plan: EnvironmentPlan) -> None:
    """Keep a plan, readable by its owner only: it holds values, except sensitive ones.

    Args:
        root: the checkout's folder.
        plan: the plan.
    """
    file = plan_file(root, plan.environment)
    file.parent.mkdir(parents=True, exist_ok=True)
    document = plan.document(values=True) | {"planned_at": datetime.now(UTC).isoformat(timespec="seconds")}
    write_private(file, json.dumps(document))
