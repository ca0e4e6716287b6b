"""Rules of plans in Rego: the folder `policies` at the root of a repository, evaluated by `opa` on PATH.

Each element of `data.strata.deny` names a rule, its label and the address of a resource of the plan. Other
text of it is left out, since it may quote a value.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path
from typing import Any

from strata.ci.plan_rules import PlanFinding
from strata.errors import StrataError

FOLDER = "policies"
LABEL = "policies"
_QUERY = "data.strata.deny"
_NAME = re.compile(r"[a-z][a-z0-9-]*")


def of_policies(root: Path, plan: Path, addresses: Collection[str]) -> list[PlanFinding]:
    """What a repository's policies deny of a plan; that they are not evaluated is a finding too.

    Args:
        root: the repository's folder.
        plan: Terraform's plan JSON.
        addresses: of the plan's resources.

    Raises:
        StrataError: the policies do not compile, or deny something in another form.
    """
    folder = root / FOLDER
    if not any(folder.rglob("*.rego")):
        return []
    opa = shutil.which("opa")
    if opa is None:
        said = "not evaluated, since opa is not on PATH"
        return [PlanFinding(address=FOLDER, rule="rego", label=LABEL, what=said)]
    command = [opa, "eval", "--format", "json", "--data", str(folder), "--input", str(plan), _QUERY]
    # Without the job's variables, among which are its credentials.
    environ = {"PATH": os.environ.get("PATH", "")}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    try:
        denied = [
            one
            for result in json.loads(done.stdout).get("result", ())
            for expression in result["expressions"]
            for one in expression["value"]
        ]
    except (ValueError, AttributeError, KeyError, TypeError):
        denied = None
    if done.returncode or denied is None:
        # Its own words may quote a value of the plan.
        raise StrataError("the policies cannot be evaluated", file=folder, remedy="run `opa check` on them")
    return [_finding(one, addresses, folder) for one in denied]


def _finding(denied: Any, addresses: Collection[str], folder: Path) -> PlanFinding:
    found = denied if isinstance(denied, dict) else {}
    names = [str(found.get(key, "")) for key in ("rule", "label")]
    address = str(found.get("address", ""))
    if not all(map(_NAME.fullmatch, names)) or address not in addresses:
        raise StrataError(
            f"an element of {_QUERY} names no rule, label and address of the plan",
            file=folder,
            remedy='add objects such as {"rule": "no-queues", "label": "queues", "address": rc.address}',
        )
    return PlanFinding(address=address, rule=names[0], label=names[1], what=f"denied by {FOLDER}/")
