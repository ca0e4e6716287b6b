"""One plan of live/dev, every policy known, for all tests of who may what."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from strata.cli.app import run
from strata.live.facts import EnvironmentFacts, environment_facts
from strata.platform.offline_plan import offline_plan
from strata.platform.workspace import load_tree
from strata.terraform.toolchain import find_toolchain
from tests.checkout_copy import Checkout

# Its tests share a plan.
pytestmark = pytest.mark.one_worker("identity")


@pytest.fixture(scope="session")
def checkout(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout.copy(root, tmp_path_factory.mktemp("identity") / "strata")


@pytest.fixture(scope="session")
def plan(checkout: Checkout) -> Mapping[str, Any]:
    """Terraform's plan JSON of live/dev."""
    return offline_plan(checkout.folder, "dev", lambda text: None, policies_known=True)


@pytest.fixture(scope="session")
def plan_file(plan: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("plan") / "plan.json"
    file.write_text(json.dumps(plan), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def facts(checkout: Checkout) -> EnvironmentFacts:
    tree = load_tree(checkout.folder, find_toolchain(checkout.folder / ".strata"))
    return environment_facts(tree, "dev")


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int
    out: str
    err: str


@pytest.fixture
def strata(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """Run the command in the copy, in this process: its imports alone would take longer than the test."""
    monkeypatch.chdir(checkout.folder)

    def command(*arguments: str) -> Done:
        code = run(arguments)
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return command


@pytest.fixture
def changed(plan: Mapping[str, Any]) -> Any:
    """The plan, to be changed by a test."""
    return copy.deepcopy(plan)
