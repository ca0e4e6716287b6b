"""state-backend, github-oidc, observability, snowflake-integration and snowflake, applied and destroyed again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector

from strata.cloud.endpoints import Endpoints
from strata.modules.interface import Move
from strata.platform import pipeline
from tests.modules.module_lifecycle import Change, Root, moves_of, of

pytestmark = [pytest.mark.terraform, pytest.mark.needs("terraform")]

FOLDER = Path(__file__).parent
CHECKOUT = FOLDER.parents[1]
# The modules of each root. The state's is slow (S3's lifecycle alone takes 55 s), so both live side by side.
ROOTS = {
    "others": ("github-oidc", "observability", "snowflake", "snowflake-integration"),
    "state": ("state-backend",),
}
MODULES = [module for modules in ROOTS.values() for module in modules]
MOVES = [(module, move) for module in MODULES for move in moves_of(CHECKOUT, module)]
# What one changed input of each module changes, in place.
CHANGED = {
    "github-oidc": {'aws_iam_role.this["apply"]', 'aws_iam_role.this["plan"]'},
    "observability": {'aws_cloudwatch_metric_alarm.freshness["pipeline"]'},
    "snowflake": {'snowflake_warehouse.this["MAIN"]'},
    "snowflake-integration": {"snowflake_storage_integration_aws.this"},
    "state-backend": {
        "aws_dynamodb_table.lock[0]",
        'aws_s3_bucket_server_side_encryption_configuration.this["state"]',
    },
}
# The state outlives everything, and so does who read it; a test has to come to an end.
DISPOSABLE = """
resource "aws_s3_bucket" "logs" {
  force_destroy = true
}
resource "aws_dynamodb_table" "lock" {
  deletion_protection_enabled = false
}
"""
UNGUARDED = """
resource "aws_s3_bucket" "state" {
  lifecycle {
    prevent_destroy = false
  }
}
resource "aws_dynamodb_table" "lock" {
  lifecycle {
    prevent_destroy = false
  }
}
"""


@dataclass
class Lifetime:
    """What was seen of a root, from the first apply to the destroy."""

    again: dict[str, Change]
    moved: dict[str, Change]
    change: dict[str, Change]


class Cloud:
    """The account and the Snowflake account, by their own clients."""

    def __init__(self, endpoints: Endpoints) -> None:
        self.endpoints = endpoints

    def client(self, service: str) -> Any:
        return pipeline.client(self.endpoints, service)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        found = self.endpoints
        with closing(
            snowflake.connector.connect(
                account=found.snowflake_account,
                user=found.snowflake_user,
                password=found.snowflake_password,
                host=found.snowflake_host,
                port=found.snowflake_port,
                protocol="http",
            )
        ) as connection:
            cursor = connection.cursor(snowflake.connector.DictCursor)
            return [dict(row) for row in cursor.execute(sql).fetchall()]

    def bootstrap(self) -> None:
        """Make what the bootstrap makes before any unit runs."""
        self.client("s3").create_bucket(
            Bucket=f"modb-tfstate-test-{self.endpoints.account_id}",
            CreateBucketConfiguration={"LocationConstraint": self.endpoints.region},
        )
        self.client("dynamodb").create_table(
            TableName="modb-tflock-test",
            KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def left(self) -> dict[str, list[str]]:
        """The names of what is there, of every kind that the modules make."""
        cloudwatch, iam = self.client("cloudwatch"), self.client("iam")
        found = {
            "alarms": [a["AlarmName"] for a in cloudwatch.describe_alarms()["MetricAlarms"]],
            "buckets": [b["Name"] for b in self.client("s3").list_buckets()["Buckets"]],
            "dashboards": [d["DashboardName"] for d in cloudwatch.list_dashboards()["DashboardEntries"]],
            "providers": [
                p["Arn"] for p in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
            ],
            "queues": self.client("sqs").list_queues().get("QueueUrls", []),
            "roles": [r["RoleName"] for r in iam.list_roles()["Roles"]],
            "rules": [r["Name"] for r in self.client("events").list_rules()["Rules"]],
            "tables": self.client("dynamodb").list_tables()["TableNames"],
            "topics": [t["TopicArn"] for t in self.client("sns").list_topics()["Topics"]],
        }
        for kind in ("DATABASES", "INTEGRATIONS", "RESOURCE MONITORS", "ROLES", "USERS", "WAREHOUSES"):
            found[kind] = [row["name"] for row in self.rows(f"SHOW {kind} LIKE 'MODB%'")]
        return {kind: names for kind, names in found.items() if names}


@pytest.fixture(scope="module")
def seen(cloud: Endpoints) -> Cloud:
    found = Cloud(cloud.for_account("300000000002", cloud.region))
    found.bootstrap()
    return found


@pytest.fixture(scope="module")
def lifetimes(seen: Cloud, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Lifetime]:
    """Module -> what was seen of it; in the end everything is destroyed."""
    folder = tmp_path_factory.mktemp("apply")
    with ThreadPoolExecutor() as pool:
        lives = dict(zip(ROOTS, pool.map(lambda name: _live(name, folder, seen), ROOTS), strict=True))
    return {module: lives[name] for name, modules in ROOTS.items() for module in modules}


def _live(name: str, folder: Path, seen: Cloud) -> Lifetime:
    text = (FOLDER / "apply_b" / f"{name}.tf").read_text("utf-8")
    with Root.make(CHECKOUT, folder / name, text, ROOTS[name], seen.endpoints) as root:
        variables = f'account_id = "{seen.endpoints.account_id}"\n'
        (root.folder / "terraform.tfvars").write_text(variables, "utf-8")
        state_backend = root.folder / "modules" / "state-backend"
        if name == "state":
            (state_backend / "override.tf").write_text(DISPOSABLE, "utf-8")
        root.apply()
        again = root.changes()
        moves: dict[str, list[Move]] = {}
        for module, move in MOVES:
            if module in ROOTS[name]:
                moves.setdefault(module, []).append(move)
        moved = root.changes_since(moves)
        change = root.changes("-var=changed=true")
        root.run("apply", "-input=false", "plan.bin")
        if name == "state":
            refused = root.run("plan", "-destroy", "-refresh=false", code=1)
            assert "Instance cannot be destroyed" in refused
            (state_backend / "guards_override.tf").write_text(UNGUARDED, "utf-8")
        else:
            (warehouse,) = seen.rows("SHOW WAREHOUSES LIKE 'MODB_MAIN_TEST'")
            assert warehouse["auto_suspend"] == "120"
        root.run("destroy", "-auto-approve", "-input=false")
        return Lifetime(again, moved, change)


@pytest.mark.parametrize("module", MODULES)
def test_a_plan_after_the_apply_has_no_changes(lifetimes: dict[str, Lifetime], module: str) -> None:
    assert of(module, lifetimes[module].again) == {}


@pytest.mark.parametrize("module", MODULES)
def test_one_changed_input_is_changed_in_place(lifetimes: dict[str, Lifetime], module: str) -> None:
    assert of(module, lifetimes[module].change) == dict.fromkeys(CHANGED[module], "update")


def test_a_destroy_leaves_nothing(lifetimes: dict[str, Lifetime], seen: Cloud) -> None:
    assert seen.left() == {}


@pytest.mark.parametrize(("module", "move"), MOVES, ids=lambda value: getattr(value, "source", value))
def test_what_was_made_before_a_move_is_kept(lifetimes: dict[str, Lifetime], module: str, move: Move) -> None:
    change = lifetimes[module].moved[f"module.{module}.{move.target}"]
    assert change == Change("move", f"module.{module}.{move.source}")
