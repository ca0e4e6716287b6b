"""The live tree's contracts, each a rule with file, line and remedy: `strata live check`."""

from __future__ import annotations

from pathlib import Path

from strata.live.check import datasets, environments, files, graph, inputs, mocks
from strata.live.check.findings import CheckFinding
from strata.live.check.snapshot import has_settings, read_snapshot
from strata.live.tree import LiveTree

__all__ = ["RULES", "CheckFinding", "check", "rules_of"]

# Each rule with what it asks for.
RULES = {
    "read": "every unit can be read and rendered",
    "dependency-cycle": "no unit waits for itself",
    "foreign-environment": "a unit depends on units of its own environment",
    "dependency-output": "an output in use is an output of that unit's module",
    "mock-output": "mocks stand for outputs, and every output in use has one",
    "mock-type": "a mock has its output's type",
    "mock-commands": "mocks are allowed for commands that only read",
    "mock-sentinel": "every string in a mock carries the account 000000000000",
    "input-unknown": "an input is a variable of the module",
    "input-missing": "a variable without a default is given",
    "input-type": "an input has its variable's type",
    "input-template": "no template mark stands inside a collection",
    "bucket-name": "a bucket's name has at most 63 characters",
    "environment-settings": "env.hcl holds what its schema asks for",
    "environment-name": "an environment has its folder's name",
    "account-unique": "an account is one environment's",
    "name-unique": "names are one environment's",
    "remote-state": "a unit's state is in S3",
    "state-key": "no two units share a state",
    "protected-version": "a protected environment runs released modules",
    "version-order": "dev is at least as new as staging, staging as prod",
    "component-name": "a unit includes the component of its folder's name, where live/_components has it",
    "unit-size": "a unit has at most 15 effective lines",
    "lock-file": "providers are locked, alike in all units, in git",
    "data-contract": "a data set's contract is sound: see `strata contract check`",
    "dataset-unknown": "a data set of an environment has a contract",
}


# Rules that hold where environments have a file of settings: elsewhere, other conventions may.
CONVENTIONS = frozenset(
    {"mock-sentinel", "bucket-name", "environment-settings", "environment-name", "account-unique"}
    | {"name-unique", "remote-state", "protected-version", "version-order", "component-name", "unit-size"}
    | {"lock-file", "data-contract", "dataset-unknown"}
)


def rules_of(root: Path) -> dict[str, str]:
    """Return the rules that hold in a repository, each with what it requires."""
    return {name: text for name, text in RULES.items() if has_settings(root) or name not in CONVENTIONS}


def check(tree: LiveTree) -> list[CheckFinding]:
    """All findings, sorted by place.

    Raises:
        StrataError: no unit exists, or Terraform cannot be run.
    """
    snapshot = read_snapshot(tree)
    found = {
        *snapshot.findings,
        *files.check(snapshot),
        *inputs.check(snapshot),
        *mocks.check(snapshot),
        *environments.check(snapshot),
        *datasets.check(snapshot),
        *graph.check(snapshot),
    }
    rules = rules_of(tree.root)
    return sorted(finding for finding in found if finding.rule in rules)
