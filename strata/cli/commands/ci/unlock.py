"""Release a stale state lock by its ID."""

from __future__ import annotations

import re
import subprocess
from typing import Annotated

import typer

from strata.ci.github import GitHub
from strata.ci.workflow import add_summary
from strata.cli.checkout import checkout_root
from strata.cli.options import Environment
from strata.cli.views.console import out
from strata.errors import StrataError
from strata.live import discovery
from strata.terraform.terragrunt import child_environ, first_error

EXAMPLES = ("strata ci unlock dev s3 --lock-id 8f0a2c3e-0000-4000-8000-000000000000",)
_LOCK_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_APPLY_WORKFLOW = "terraform-post-merge-apply.yaml"


def run(
    environment: Environment,
    unit: Annotated[str, typer.Argument(help="Component whose state is locked.")],
    lock_id: Annotated[str, typer.Option(help="ID that Terraform's error names.")],
) -> None:
    """Release a lock while no apply runs; Terraform refuses any ID but the lock's."""
    root = checkout_root()
    known = {path.rpartition("/")[2] for path in discovery.units_of(root, environment)}
    if unit not in known:
        raise StrataError(
            f"environment {environment} has no unit {unit}", remedy=f"it has {', '.join(sorted(known))}"
        )
    if not _LOCK_ID.fullmatch(lock_id):
        raise StrataError(f"`{lock_id}` is not a lock ID", remedy="copy the ID from Terraform's error")
    if f"apply {environment}" in GitHub.from_environment().running_jobs(_APPLY_WORKFLOW):
        raise StrataError(
            f"an apply of {environment} is in progress, so its lock is not stale", remedy="wait until it ends"
        )
    place = f"live/{environment}/{unit}"
    process = subprocess.run(
        [
            *("terragrunt", "run", "--non-interactive", "--no-color", "--tf-path", "terraform"),
            *("--working-dir", str(root / place), "--", "force-unlock", "-force", lock_id),
        ],
        cwd=root,
        env=child_environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        reason = first_error(process.stdout + process.stderr) or "terragrunt gave no reason"
        raise StrataError(
            f"{place} stays locked: {reason}", remedy="check the ID; the lock may be another one, or gone"
        )
    add_summary(f"Released lock `{lock_id}` of `{place}`.")
    out.print(f"released lock {lock_id} of {place}", soft_wrap=True)
