"""The commands in docs/ci.md and docs/bootstrap.md are run as they stand."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from strata.bootstrap.github import LABELS
from strata.ci import rego
from strata.ci.code_rules import GateFinding
from strata.ci.plan_rules import built_in
from tests.ci.platform import Platform
from tests.documentation import shell_blocks

pytestmark = pytest.mark.terraform


@pytest.mark.parametrize("page", ["bootstrap", "ci"])
def test_every_block_runs(root: Path, bootstrapped: Platform, page: str, tmp_path: Path) -> None:
    bootstrapped.operator("true")
    gh = tmp_path / "gh"
    gh.write_text('#!/bin/sh\necho "$*" >> "$(dirname "$0")/asked"\n')
    gh.chmod(gh.stat().st_mode | stat.S_IXUSR)
    blocks = shell_blocks(root / f"docs/{page}.md")
    assert blocks
    for block in blocks:
        done = bootstrapped.operator("bash", "-euc", f'PATH="{tmp_path}:$PATH"\n{block}')
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
    if page == "ci":
        asked = (tmp_path / "asked").read_text()
        assert [line.split()[2] for line in asked.splitlines()] == [
            "terraform-post-merge-apply.yaml",
            "unlock.yaml",
        ]


def test_every_label_of_the_gate_is_explained(root: Path) -> None:
    text = (root / "docs/ci.md").read_text()
    sources = "".join((root / f"strata/ci/{name}.py").read_text() for name in ("code_rules", "gate"))
    rules = set(re.findall(r'GateFinding\(\s*"([a-z-]+)"', sources)) | {rule.label for rule in built_in()}
    rules.add(rego.LABEL)
    assert len(rules) == 10
    for rule in rules:
        assert f"| `{GateFinding(rule, '', '').label}` |" in text
    assert text.count("| `approve:") == 10
    # The bootstrap makes them.
    assert set(LABELS) == rules
