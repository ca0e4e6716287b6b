"""Variables by which Terragrunt loads something else are refused by name; the others are let be."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from strata.errors import StrataError
from strata.live import LiveTree
from tests.live.terragrunt import child_environ, render

Load = Callable[..., LiveTree]
UNIT = {"u/terragrunt.hcl": 'feature "big" {\n  default = false\n}\ninputs = { big = feature.big.value }\n'}
# A variable, a value of it, and what the error says that it changes.
REFUSED = [
    ("TG_AUTH_PROVIDER_CMD", "./login", "the variables and credentials of a unit"),
    ("TG_CONFIG", "other.hcl", "which file is a unit's"),
    ("TG_DISCOVERY_BOUNDARY", "live", "which units there are"),
    ("TG_EXPERIMENT", "stacks", "what Terragrunt reads and how"),
    ("TG_EXPERIMENT_MODE", "true", "what Terragrunt reads and how"),
    ("TG_EXPERIMENTAL_ENGINE", "1", "which program plans and applies"),
    ("TG_FEATURE", "big=true", "the values of feature flags"),
    ("TG_FILTER", "./a", "which units there are"),
    ("TG_FILTERS_FILE", "mine", "which units there are"),
    ("TG_FILTER_AFFECTED", "1", "which units there are"),
    ("TG_IAM_ASSUME_ROLE", "arn:aws:iam::1:role/x", "the role that a unit is read and applied by"),
    ("TG_IAM_ASSUME_ROLE_DURATION", "60", "the role that a unit is read and applied by"),
    ("TG_IAM_ASSUME_ROLE_SESSION_NAME", "x", "the role that a unit is read and applied by"),
    ("TG_IAM_ASSUME_ROLE_WEB_IDENTITY_TOKEN", "x", "the role that a unit is read and applied by"),
    ("TG_NO_AUTO_INIT", "true", "whether providers and modules are the ones that are asked for"),
    ("TG_NO_DEPENDENCY_OUTPUTS", "true", "the outputs of dependencies"),
    ("TG_NO_FILTERS_FILE", "true", "which units there are"),
    ("TG_NO_HIDDEN", "true", "which units there are"),
    ("TG_NO_HOOKS", "true", "which hooks run"),
    ("TG_QUEUE_EXCLUDES_FILE", "x", "which units there are"),
    ("TG_QUEUE_EXCLUDE_DIR", "x", "which units there are"),
    ("TG_QUEUE_EXCLUDE_EXTERNAL", "1", "which units there are"),
    ("TG_QUEUE_IGNORE_DAG_ORDER", "1", "the order of units"),
    ("TG_QUEUE_IGNORE_ERRORS", "1", "the order of units"),
    ("TG_QUEUE_INCLUDE_DIR", "x", "which units there are"),
    ("TG_QUEUE_INCLUDE_EXTERNAL", "1", "which units there are"),
    ("TG_QUEUE_INCLUDE_UNITS_READING", "x", "which units there are"),
    ("TG_QUEUE_STRICT_INCLUDE", "1", "which units there are"),
    ("TG_SOURCE", "../modules", "the module of a unit"),
    ("TG_SOURCE_MAP", "a=b", "the module of a unit"),
    ("TG_UNITS_THAT_INCLUDE", "x", "which units there are"),
    ("TG_WORKING_DIR", "live", "which units there are"),
    ("TERRAGRUNT_AUTO_INIT", "false", "whether providers and modules are the ones that are asked for"),
    ("TERRAGRUNT_CONFIG", "other.hcl", "which file is a unit's"),
    ("TERRAGRUNT_EXCLUDES_FILE", "x", "which units there are"),
    ("TERRAGRUNT_EXCLUDE_DIR", "x", "which units there are"),
    ("TERRAGRUNT_IAM_ROLE", "arn:aws:iam::1:role/x", "the role that a unit is read and applied by"),
    ("TERRAGRUNT_IAM_WEB_IDENTITY_TOKEN", "x", "the role that a unit is read and applied by"),
    ("TERRAGRUNT_IGNORE_DEPENDENCY_ERRORS", "1", "the order of units"),
    ("TERRAGRUNT_IGNORE_DEPENDENCY_ORDER", "1", "the order of units"),
    ("TERRAGRUNT_IGNORE_EXTERNAL_DEPENDENCIES", "1", "which units there are"),
    ("TERRAGRUNT_INCLUDE_DIR", "x", "which units there are"),
    ("TERRAGRUNT_INCLUDE_EXTERNAL_DEPENDENCIES", "1", "which units there are"),
    ("TERRAGRUNT_MODULES_THAT_INCLUDE", "x", "which units there are"),
    ("TERRAGRUNT_SOURCE", "../modules", "the module of a unit"),
    ("TERRAGRUNT_SOURCE_MAP", "a=b", "the module of a unit"),
    ("TERRAGRUNT_STRICT_INCLUDE", "1", "which units there are"),
    ("TERRAGRUNT_WORKING_DIR", "live", "which units there are"),
]
# What they change is not what is loaded, or they are switched off.
LET_BE = {
    "TERRAGRUNT_AUTO_INIT": "true",
    "TG_BUCKET_PREFIX": "mine",
    "TG_DOWNLOAD_DIR": "/tmp/x",
    "TG_FEATURE": "",
    "TG_LOG_LEVEL": "debug",
    "TG_NO_AUTO_INIT": "0",
    "TG_NO_AUTO_RETRY": "true",
    "TG_NO_HOOKS": "false",
    "TG_PARALLELISM": "3",
    "TG_PROVIDER_CACHE": "1",
    "TG_TF_PATH": "terraform",
    "TF_CLI_ARGS_plan": "-destroy",
    "TF_DATA_DIR": "/tmp/x",
    "TF_VAR_big": "true",
    "TF_WORKSPACE": "other",
}


@pytest.mark.parametrize(("name", "value", "changes"), REFUSED, ids=[name for name, _, _ in REFUSED])
def test_a_variable_that_changes_what_is_loaded(name: str, value: str, changes: str, load: Load) -> None:
    with pytest.raises(StrataError) as caught:
        load(UNIT, **{name: value})
    assert caught.value.message == (
        f"the variable {name} is set: by it Terragrunt changes {changes}, and Strata does not"
    )
    assert caught.value.remedy == f"unset {name}"


def test_other_variables_change_nothing(load: Load) -> None:
    assert load(UNIT, **LET_BE).config("u")["inputs"] == {"big": False}


@pytest.mark.needs("terragrunt")
def test_terragrunt_knows_these_variables() -> None:
    # These it heeds without showing them in its help.
    hidden = {"TG_EXPERIMENTAL_ENGINE", "TG_UNITS_THAT_INCLUDE"}
    shown = "".join(
        subprocess.run(["terragrunt", command, "--help"], capture_output=True, text=True, check=True).stdout
        for command in ("run", "find", "list")
    )
    refused = {name for name, _, _ in REFUSED if name.startswith("TG_")} - hidden
    assert [name for name in sorted(refused) if f"${name}]" not in shown and "QUEUE" not in name] == []


@pytest.mark.needs("terragrunt")
@pytest.mark.parametrize(
    ("variables", "inputs"),
    [({}, {"big": False}), ({"TG_FEATURE": "big=true"}, {"big": True})],
    ids=["none", "TG_FEATURE"],
)
def test_terragrunt_heeds_one(
    variables: Mapping[str, str], inputs: Mapping[str, bool], write: Callable[..., Path], tmp_path: Path
) -> None:
    document, said = render(write(UNIT) / "u", child_environ(tmp_path, **variables))
    assert document is not None, said
    assert document["inputs"] == inputs
