"""Every command of docs/state.md is run, with the fault it is for planted before it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from strata.checkout.file_lock import held
from strata.terraform.state import StateBackend
from tests.documentation import shell_blocks

if TYPE_CHECKING:
    from tests.terraform.conftest import Repository

CODE = """
variable "names" { type = map(string) }
resource "terraform_data" "it" {
  for_each = var.names
  input    = each.value
}
output "names" { value = var.names }
"""
USES = 'dependency "s3" {\n  config_path = "../s3"\n}\ninputs = { names = dependency.s3.outputs.names }\n'
LOCK = {
    "ID": "5b4c-1",
    "Operation": "OperationTypeApply",
    "Who": "eve@laptop",
    "Created": "2026-01-02T03:04:05.6Z",
}
# By words of the block: what is done before it, and what the block must have led to.
BEFORE = {
    "strata unlock": "aws s3api put-object --bucket {bucket} --key live/dev/s3/terraform.tfstate.tflock --body lock.json",
    "marker=": 'aws s3api delete-object --bucket "$bucket" --key "$key"; fails "is gone"',
    "good=": 'printf cut > cut; aws s3api put-object --bucket "$bucket" --key "$key" --body cut; fails "not the one"',
    "delete-item": (
        'aws s3api list-object-versions --bucket "$bucket" --prefix "$key" --output text --query '
        "\"reverse(Versions[?Key == '$key'])[0].VersionId\" > first; "
        'aws s3api get-object --bucket "$bucket" --key "$key" --version-id "$(cat first)" old; '
        'aws s3api put-object --bucket "$bucket" --key "$key" --body old; fails "not the one"'
    ),
}
AFTER = {
    "strata unlock": "strata unlock live/dev/s3 | grep -q 'is not locked'",
    "marker=": "strata plan dev",
    "good=": "strata plan dev",
    # The first state had one name less: what was made since shows up, and one apply heals it here.
    "delete-item": "strata plan dev > said || test $? = 2; grep -q '1 to create' said; strata apply dev",
}


@pytest.fixture
def environ(repository: Repository) -> Iterator[dict[str, str]]:
    """The commands' environment, for the small tree with a session that the command finds."""
    subprocess.run(["git", "init", "--quiet", str(repository.root)], check=True)
    repository.unit("s3", CODE, 'inputs = { names = { a = "x" } }\n')
    repository.unit("iam", CODE, USES)
    run = repository.root / ".strata" / "run"
    run.mkdir(parents=True)
    record = {"pid": os.getpid(), "environment": "dev", "endpoints": repository.cloud.endpoints.model_dump()}
    (run / "session.json").write_text(json.dumps(record))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with held(run / "session.lock", "a test", 0):
        yield {"PATH": path, "HOME": os.environ.get("HOME", str(repository.root)), "COLUMNS": "160"}


def bash(repository: Repository, script: str, environ: dict[str, str]) -> str:
    helper = (
        "set -euo pipefail\n"
        "fails() { if strata plan dev > said 2>&1; then echo no failure; exit 9; fi; tr '\\n' ' ' < said | grep -q \"$1\"; }\n"
    )
    done = subprocess.run(
        ["bash", "-c", helper + script],
        cwd=repository.root,
        env=environ,
        input="y\n",
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.mark.needs("aws")
def test_every_command_of_the_page_on_state(
    root: Path, repository: Repository, environ: dict[str, str]
) -> None:
    (repository.root / "lock.json").write_text(json.dumps(LOCK))
    repository.apply()
    # A second version of the state, so that there is an older one.
    repository.unit("s3", CODE, 'inputs = { names = { a = "x", b = "y" } }\n')
    script = ['eval "$(strata variables dev)"']
    used = set()
    for block in shell_blocks(root / "docs/state.md"):
        found = next((words for words in BEFORE if words in block), None)
        if found:
            used.add(found)
            script.append(BEFORE[found].replace("{bucket}", repository.name))
        script.append(block)
        if found:
            script.append(AFTER[found])
    assert used == set(BEFORE)
    said = bash(repository, "\n".join(script), environ)
    assert "live/dev/s3 is locked by eve@laptop (apply since 2026-01-02 03:04:05 UTC, lock 5b4c-1)" in said
    assert "live/dev/s3 is unlocked" in said
    assert "dev: no changes, in 0 of 2 units" in said
    assert (repository.root / "plan.html").is_file()
    plan = json.loads((repository.root / "plan.json").read_text())
    assert plan["changes"]["create"] == 2
    assert (repository.root / "plans/live/dev/iam/tfplan.json").is_file()


@pytest.mark.needs("terragrunt")
def test_terragrunt_works_on_the_embedded_cloud(
    root: Path, repository: Repository, environ: dict[str, str]
) -> None:
    (script,) = shell_blocks(root / "docs/state.md", "sh terragrunt")
    # The environment plan needs no mocks, Terragrunt does before anything is applied.
    file = repository.root / "live/dev/iam/terragrunt.hcl"
    file.write_text(
        file.read_text().replace('"../s3"\n', '"../s3"\n  mock_outputs = { names = { m = "m" } }\n')
    )
    StateBackend(repository.cloud.endpoints).bootstrap(
        repository.tree().remote_states(["live/dev/s3"])["live/dev/s3"]
    )
    bash(repository, script, environ)
    # Its states are the runner's.
    assert repository.plan().empty
