"""docs/modules.md does what it says: its commands run, in their order, in a copy of this repository."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.checkout_copy import Checkout
from tests.documentation import run_blocks

IDENTITY = ("-c", "user.name=A", "-c", "user.email=a@example.org")


def test_the_commands_of_the_guide_run(root: Path, tmp_path: Path) -> None:
    checkout = Checkout.copy(root, tmp_path / "platform")
    origin = tmp_path / "origin.git"

    def git(*arguments: str) -> str:
        command = ["git", *IDENTITY, *arguments]
        done = subprocess.run(command, cwd=checkout.folder, check=True, capture_output=True, text=True)
        return done.stdout

    git("init", "--quiet", "--bare", str(origin))
    git("remote", "add", "origin", str(origin))
    git("config", "user.name", "A")
    git("config", "user.email", "a@example.org")
    git("add", "--all")
    git("commit", "--quiet", "--message", "First")
    said = run_blocks(checkout, root / "docs/modules.md")
    assert len(said) == 7
    assert "eventbridge" in said[0]
    assert "0 findings" in said[0]
    assert "wrote: modules/ledger/main.tf" in said[1]
    assert "0 findings" in said[1]
    assert "tagged eventbridge/v2.1.0" in said[2]
    assert said[3].splitlines() == [
        "major input zone: added, and callers have to give it",
        "eventbridge 2.1.0 -> 3.0.0 at least (major)",
    ]
    assert "tagged eventbridge/v3.0.0" in said[4]
    row = next(line for line in said[5].splitlines() if " eventbridge " in line)
    assert re.findall(r"[\w.-]+", row) == ["eventbridge", "3.0.0", "3.0.0", "none", "local", "v2.1.0"]
    assert re.sub(" +", " ", said[6].splitlines()[0].strip()) == "live/staging/env.hcl | 2 +-"
    assert "refs/tags/eventbridge/v3.0.0" in git("ls-remote", "origin")
