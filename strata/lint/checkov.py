"""checkov, in a virtual environment of its own (`.strata/checkov`): its pins clash with the platform's."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from strata.checkout import own_environment
from strata.checkout.child_output import json_document
from strata.errors import StrataError
from strata.lint.checkov_input import with_unknowns
from strata.lint.findings import LintFinding

CHECKS = "CKV*"


def ensure(root: Path, note: Callable[[str], None]) -> Path:
    """Install checkov, unless the pinned version is there; return the program.

    Args:
        root: the checkout's folder.
        note: called with what is being done when it takes long.

    Raises:
        StrataError: no version is pinned, or pip failed.
    """
    return own_environment.ensure(root, "checkov", note) / "checkov"


def check(program: Path, document: Mapping[str, Any], scratch: Path) -> Iterator[LintFinding]:
    """What checkov finds in a plan, by all its frameworks.

    Args:
        program: from `ensure`.
        document: the plan, as `terraform show -json` prints it.
        scratch: an empty folder.

    Raises:
        StrataError: checkov failed, could not read the plan, or looked at no resource of it.
    """
    plan = scratch / "plan.json"
    plan.write_text(json.dumps(with_unknowns(document)), encoding="utf-8")
    done = subprocess.run(
        [
            *(str(program), "--file", str(plan), "--framework", "all", "--output", "json"),
            *("--quiet", "--compact", "--skip-download"),
        ],
        cwd=scratch,
        # No API key, configuration or external checks of the user's.
        env={"PATH": os.environ.get("PATH", ""), "HOME": str(scratch), "LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found = json_document(done.stdout)
    except ValueError:
        output = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no output"]
        raise StrataError(f"checkov failed: {output[0]}") from None
    reports: list[dict[str, Any]] = found if isinstance(found, list) else [found]
    planned = next((report for report in reports if report.get("check_type") == "terraform_plan"), None)
    if planned is None or not planned["summary"]["resource_count"]:
        raise StrataError("checkov looked at no resource of the plan")
    for report in reports:
        if report.get("summary", {}).get("parsing_errors"):
            raise StrataError(f"checkov could not read the plan ({report['check_type']})")
        for failed in report.get("results", {}).get("failed_checks", []):
            yield LintFinding(failed["check_id"], failed["resource"], failed["check_name"])
