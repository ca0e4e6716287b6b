"""s3, iam, glue, lambda, eventbridge and pipeline, which calls stepfunctions: applied, planned again, changed in place, destroyed."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from strata.cloud.endpoints import Endpoints
from strata.modules.interface import Move
from tests.modules.module_lifecycle import Change, Root, moves_of, of

pytestmark = [pytest.mark.terraform, pytest.mark.needs("terraform")]

FOLDER = Path(__file__).parent
CHECKOUT = FOLDER.parents[1]
# What one changed input of each module changes, in place, and what follows from it.
CHANGED = {
    "eventbridge": {
        'aws_cloudwatch_event_archive.this["raw-objects"]',
        'aws_cloudwatch_event_rule.this["raw-objects"]',
        'aws_cloudwatch_event_target.this["raw-objects"]',
    },
    "glue": {'aws_glue_catalog_table.this["flights"]', 'aws_glue_job.this["clean"]'},
    "iam": {'aws_iam_role_policy.this["glue"]'},
    "lambda": {
        'aws_lambda_function.this["announce"]',
        'aws_lambda_function.this["refresh"]',
        'aws_lambda_function_event_invoke_config.this["announce"]',
    },
    "s3": {'aws_s3_bucket_policy.this["processed"]'},
    "pipeline": {"module.machine.aws_sfn_alias.this", "module.machine.aws_sfn_state_machine.this"},
}
MODULES = sorted(CHANGED)
MOVES = [(module, move) for module in MODULES for move in moves_of(CHECKOUT, module)]
# Kinds of things that a look into the account finds, and of each the names.
Inventory = Mapping[str, set[str]]


@dataclass
class Lifetime:
    """What was seen of the modules, from the first apply to the destroy."""

    before: Inventory
    made: Inventory
    again: dict[str, Change]
    moved: dict[str, Change]
    change: dict[str, Change]
    once_more: dict[str, Change]
    left: Inventory


@pytest.fixture(scope="module")
def lifetime(cloud: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Lifetime:
    """One root of all the modules, lived through to its end."""
    account = cloud.for_account("300000000001", cloud.region)
    text = (FOLDER / "apply_a" / "main.tf").read_text("utf-8")
    folder = tmp_path_factory.mktemp("apply") / "a"
    with Root.make(CHECKOUT, folder, text, [*MODULES, "stepfunctions"], account) as root:
        (root.folder / "terraform.tfvars").write_text(f'account_id = "{account.account_id}"\n', "utf-8")
        shutil.copytree(FOLDER / "glue" / "files", root.folder, dirs_exist_ok=True)
        (root.folder / "artifacts" / "lambda").mkdir()
        with zipfile.ZipFile(root.folder / "artifacts" / "lambda" / "function.zip", "w") as archive:
            archive.writestr("function.py", "def handler(event, context):\n    return event\n")
        before = inventory(account)
        root.apply()
        made = inventory(account)
        again = root.changes()
        moves: dict[str, list[Move]] = {}
        for module, move in MOVES:
            moves.setdefault(module, []).append(move)
        moved = root.changes_since(moves)
        change = root.changes("-var=changed=true", "-refresh=false")
        root.run("apply", "-input=false", "plan.bin")
        once_more = root.changes("-var=changed=true")
        root.run("destroy", "-auto-approve", "-input=false", "-refresh=false")
        return Lifetime(before, made, again, moved, change, once_more, inventory(account))


@pytest.mark.parametrize("module", MODULES)
def test_a_plan_after_the_apply_has_no_changes(lifetime: Lifetime, module: str) -> None:
    assert of(module, lifetime.again) == {}


@pytest.mark.parametrize("module", MODULES)
def test_one_changed_input_is_changed_in_place(lifetime: Lifetime, module: str) -> None:
    assert of(module, lifetime.change) == dict.fromkeys(CHANGED[module], "update")


@pytest.mark.parametrize("module", MODULES)
def test_a_plan_after_the_change_has_no_changes(lifetime: Lifetime, module: str) -> None:
    assert of(module, lifetime.once_more) == {}


@pytest.mark.parametrize(("module", "move"), MOVES, ids=lambda value: getattr(value, "source", value))
def test_what_was_made_before_a_move_is_kept(lifetime: Lifetime, module: str, move: Move) -> None:
    change = lifetime.moved[f"module.{module}.{move.target}"]
    assert change == Change("move", f"module.{module}.{move.source}")


def test_moves_are_all_that_a_plan_after_them_has(lifetime: Lifetime) -> None:
    assert {change.action for change in lifetime.moved.values()} == {"move"}


def test_a_destroy_leaves_nothing(lifetime: Lifetime) -> None:
    assert {kind for kind, names in lifetime.made.items() if names > lifetime.before[kind]} == set(
        lifetime.before
    ), "every kind that is looked for was made"
    assert lifetime.left == lifetime.before


def inventory(account: Endpoints) -> Inventory:
    """The names of what the account holds, of every kind that the modules make."""

    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=account.aws_url,
            region_name=account.region,
            aws_access_key_id=account.account_id,
            aws_secret_access_key="test",
        )

    def pages(service: str, action: str, result: str, key: str = "", **given: str) -> set[str]:
        found = client(service).get_paginator(action).paginate(**given).build_full_result()[result]
        return {item if isinstance(item, str) else item[key] for item in found}

    events, glue = client("events"), client("glue")
    return {
        "aliases": {a for a in pages("kms", "list_aliases", "Aliases", "AliasName") if "/aws/" not in a},
        "archives": {a["ArchiveName"] for a in events.list_archives()["Archives"]},
        "buckets": {b["Name"] for b in client("s3").list_buckets()["Buckets"]},
        "databases": pages("glue", "get_databases", "DatabaseList", "Name"),
        "functions": pages("lambda", "list_functions", "Functions", "FunctionName"),
        "jobs": set(glue.list_jobs()["JobNames"]),
        "layers": pages("lambda", "list_layers", "Layers", "LayerName"),
        "log groups": pages("logs", "describe_log_groups", "logGroups", "logGroupName"),
        "machines": pages("stepfunctions", "list_state_machines", "stateMachines", "name"),
        "policies": pages("iam", "list_policies", "Policies", "PolicyName", Scope="Local"),
        "queues": set(client("sqs").list_queues().get("QueueUrls", [])),
        "roles": pages("iam", "list_roles", "Roles", "RoleName"),
        "rules": {r["Name"] for r in events.list_rules()["Rules"]},
        "security configurations": {
            s["Name"] for s in glue.get_security_configurations()["SecurityConfigurations"]
        },
        "tables": pages("dynamodb", "list_tables", "TableNames"),
    }
