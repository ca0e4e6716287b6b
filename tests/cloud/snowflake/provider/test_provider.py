"""The real Terraform against the stand-in provider: create, drift, change, import, destroy, refusals."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from strata.cloud.snowflake.provider.server import ProviderServer
from strata.cloud.snowflake.server import SnowflakeServer

from ..conftest import EXTERNAL_ID, ROLE, Lake, Snow, flight

pytestmark = [pytest.mark.terraform, pytest.mark.needs("terraform")]

PROVIDER = """
terraform {
  required_providers {
    snowflake = { source = "snowflakedb/snowflake" }
  }
}
provider "snowflake" {
  organization_name        = "STRATA"
  account_name             = "DEV"
  preview_features_enabled = ["snowflake_external_table_resource"]
  experimental_features_enabled = ["USER_ENABLE_DEFAULT_WORKLOAD_IDENTITY"]
}
"""
LAKE = (Path(__file__).parent / "lake.tf").read_text("utf-8")


@dataclass
class Terraform:
    """A working directory whose provider is the stand-in."""

    directory: Path
    reattach: str

    def write(self, text: str, name: str = "main.tf") -> None:
        (self.directory / name).write_text(text, encoding="utf-8")

    def run(self, *arguments: str, code: int = 0) -> str:
        rc = self.directory / "terraform.rc"
        rc.write_text("disable_checkpoint = true\n", encoding="utf-8")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "TF_CLI_CONFIG_FILE": str(rc),
            "TF_REATTACH_PROVIDERS": self.reattach,
            "TF_IN_AUTOMATION": "1",
        }
        done = subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == code, output[max(output.find("Error:"), 0) :] if code == 0 else output
        # Terraform wraps its messages.
        return re.sub(r"[\s│╷╵]+", " ", output)

    def apply(self, text: str) -> str:
        self.write(text)
        self.run("init")
        return self.run("apply", "-auto-approve", "-input=false")

    def actions(self) -> dict[str, list[str]]:
        """address -> actions of a plan, without those that do nothing."""
        changes = {address: change["actions"] for address, change in self.changes().items()}
        return {address: actions for address, actions in changes.items() if actions != ["no-op"]}

    def changes(self) -> dict[str, dict[str, Any]]:
        """address -> change of a plan."""
        self.run("plan", "-out=plan", "-input=false")
        shown = subprocess.run(
            ["terraform", "show", "-json", "plan"],
            cwd=self.directory,
            env={
                "PATH": os.environ["PATH"],
                "TF_REATTACH_PROVIDERS": self.reattach,
                "HOME": str(self.directory),
                "TF_CLI_CONFIG_FILE": str(self.directory / "terraform.rc"),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        return {c["address"]: c["change"] for c in json.loads(shown.stdout)["resource_changes"]}


@pytest.fixture(scope="module")
def provider(server: SnowflakeServer) -> Iterator[str]:
    found = ProviderServer(server)
    yield found.start()
    found.stop()


@pytest.fixture
def terraform(provider: str, tmp_path: Path) -> Terraform:
    return Terraform(tmp_path, provider)


@pytest.fixture
def lake_text(lake: Lake) -> str:
    lake.put("flight_date=2013-01-01/object=aaa/p.parquet", [flight("UA", 1), flight("AA", 2)])
    values = {"bucket": lake.bucket, "role_arn": ROLE, "external_id": EXTERNAL_ID}
    text = LAKE
    for name, value in values.items():
        text = text.replace(f"<{name}>", value)
    return PROVIDER + text


def test_the_life_of_every_resource(admin: Snow, terraform: Terraform, lake_text: str) -> None:
    out = terraform.apply(lake_text)
    assert "Resources: 17 added" in out
    admin.rows("USE WAREHOUSE STRATA_DEV")
    assert admin.one("SELECT COUNT(*) FROM STRATA_DEV.CURATED.FLIGHTS_CURRENT") == 2
    assert terraform.actions() == {}

    state = json.loads((terraform.directory / "terraform.tfstate").read_text("utf-8"))
    found = {r["type"] + "." + r["name"]: r["instances"][0]["attributes"] for r in state["resources"]}
    integration = found["snowflake_storage_integration_aws.s3"]["describe_output"][0]
    assert integration["external_id"] == EXTERNAL_ID
    assert integration["iam_user_arn"].startswith("arn:aws:iam::")
    assert found["snowflake_schema.curated"]["fully_qualified_name"] == '"STRATA_DEV"."CURATED"'
    assert found["snowflake_warehouse.dev"]["auto_resume"] == "default"
    assert found["snowflake_external_table.flights"]["owner"] == "LOADER"
    assert found["snowflake_execute.current"]["query_results"][0]["name"] == "FLIGHTS_CURRENT"
    assert found["snowflake_service_user.loader"]["show_output"][0]["has_workload_identity"] is True

    terraform.run("destroy", "-auto-approve")
    for kind in ("DATABASES", "INTEGRATIONS", "RESOURCE MONITORS"):
        assert admin.records(f"SHOW {kind}") == []
    assert [row["name"] for row in admin.records("SHOW WAREHOUSES")] == ["COMPUTE_WH"]
    assert "LOADER" not in {row["name"] for row in admin.records("SHOW ROLES")}


DRIFTS = {
    "ALTER WAREHOUSE STRATA_DEV SET AUTO_SUSPEND = 300": ("snowflake_warehouse.dev", ["update"]),
    "ALTER WAREHOUSE STRATA_DEV SET AUTO_RESUME = FALSE": ("snowflake_warehouse.dev", ["update"]),
    "ALTER DATABASE STRATA_DEV SET COMMENT = 'changed'": ("snowflake_database.dev", ["update"]),
    "DROP VIEW STRATA_DEV.CURATED.FLIGHTS_CURRENT": None,
    "DROP EXTERNAL TABLE STRATA_DEV.CURATED.FLIGHTS": ("snowflake_external_table.flights", ["create"]),
    "REVOKE SELECT ON FUTURE VIEWS IN SCHEMA STRATA_DEV.CURATED FROM ROLE READER": (
        "snowflake_grant_privileges_to_account_role.views",
        ["update"],
    ),
    "REVOKE ROLE LOADER FROM ROLE SYSADMIN": ("snowflake_grant_account_role.loader", ["create"]),
    "GRANT OWNERSHIP ON DATABASE STRATA_DEV TO ROLE SYSADMIN COPY CURRENT GRANTS": None,
    "ALTER STORAGE INTEGRATION STRATA_S3_DEV SET ENABLED = FALSE": (
        "snowflake_storage_integration_aws.s3",
        ["update"],
    ),
    "ALTER STAGE STRATA_DEV.CURATED.PROCESSED SET FILE_FORMAT = (TYPE = PARQUET TRIM_SPACE = TRUE)": (
        "snowflake_stage_external_s3.processed",
        ["update"],
    ),
    "ALTER USER LOADER SET WORKLOAD_IDENTITY = (TYPE = AWS ARN = 'arn:aws:iam::111122223333:role/other')": (
        "snowflake_service_user.loader",
        ["update"],
    ),
    "ALTER USER LOADER SET DISABLED = TRUE": ("snowflake_service_user.loader", ["update"]),
    "ALTER RESOURCE MONITOR M SET CREDIT_QUOTA = 7": ("snowflake_resource_monitor.m", ["update"]),
}


def test_drift_is_seen_and_put_right(admin: Snow, terraform: Terraform, lake_text: str) -> None:
    terraform.apply(lake_text)
    for change in DRIFTS:
        admin.rows(change)
    expected = dict(found for found in DRIFTS.values() if found is not None)
    assert terraform.actions() == expected
    terraform.run("apply", "-auto-approve")
    assert terraform.actions() == {}
    (row,) = admin.records("SHOW WAREHOUSES LIKE 'STRATA_DEV'")
    assert (row["auto_suspend"], row["auto_resume"]) == ("60", "true")
    terraform.run("destroy", "-auto-approve")


CHANGES = {
    'comment = "the lake"': ('comment = "another"', ["snowflake_database.dev", ["update"]]),
    'warehouse_size = "XSMALL"': ('warehouse_size = "SMALL"', ["snowflake_warehouse.dev", ["update"]]),
    "storage_blocked_locations = []": (
        'storage_blocked_locations = ["s3://blocked-bucket/"]',
        ["snowflake_storage_integration_aws.s3", ["update"]],
    ),
    'disabled = "false"': ('disabled = "true"', ["snowflake_service_user.loader", ["update"]]),
    'privileges = ["USAGE"] # schema': (
        'privileges = ["USAGE", "MONITOR"]',
        ["snowflake_grant_privileges_to_account_role.schema", ["update"]],
    ),
    'type = "NUMBER(10,2)"': (
        'type = "NUMBER(12,2)"',
        ["snowflake_external_table.flights", ["delete", "create"]],
    ),
    "suspend_trigger = 100": ("suspend_trigger = 90", ["snowflake_resource_monitor.m", ["update"]]),
}


def test_changes_are_made_in_place_or_by_a_new_object(
    admin: Snow, terraform: Terraform, lake_text: str
) -> None:
    terraform.apply(lake_text)
    changed = lake_text
    for old, (new, _) in CHANGES.items():
        assert old in changed
        changed = changed.replace(old, new)
    terraform.write(changed)
    expected: dict[str, Any] = {address: actions for _, (address, actions) in CHANGES.values()}
    expected["snowflake_execute.current"] = ["delete", "create"]
    assert terraform.actions() == expected
    terraform.run("apply", "plan")
    assert terraform.actions() == {}
    (row,) = admin.records("SHOW WAREHOUSES LIKE 'STRATA_DEV'")
    assert row["size"] == "Small"
    terraform.run("destroy", "-auto-approve")


PLANNED_ONLY = """
resource "snowflake_authentication_policy" "p" {
  database               = "D"
  schema                 = "S"
  name                   = "P"
  authentication_methods = ["WORKLOAD_IDENTITY"]
  workload_identity_policy {
    allowed_providers = ["AWS", "OIDC"]
  }
}
resource "snowflake_database_role" "r" {
  database = "D"
  name     = "R"
}
resource "snowflake_grant_database_role" "g" {
  database_role_name = "D.R"
  parent_role_name   = "SYSADMIN"
}
resource "snowflake_grant_privileges_to_database_role" "g" {
  database_role_name = "D.R"
  privileges         = ["USAGE"]
  on_database        = "D"
}
resource "snowflake_network_policy" "n" {
  name            = "N"
  allowed_ip_list = ["192.0.2.0/24"]
}
resource "snowflake_stream_on_external_table" "s" {
  database       = "D"
  schema         = "S"
  name           = "STREAM"
  external_table = "D.S.T"
}
resource "snowflake_task" "t" {
  database      = "D"
  schema        = "S"
  name          = "T"
  sql_statement = "SELECT 1"
  started       = false
}
"""


def test_what_the_embedded_snowflake_lacks_is_planned_and_not_applied(
    admin: Snow, terraform: Terraform
) -> None:
    terraform.write(PROVIDER + PLANNED_ONLY)
    terraform.run("init")
    changes = terraform.changes()
    assert {address: change["actions"] for address, change in changes.items()} == {
        "snowflake_authentication_policy.p": ["create"],
        "snowflake_database_role.r": ["create"],
        "snowflake_grant_database_role.g": ["create"],
        "snowflake_grant_privileges_to_database_role.g": ["create"],
        "snowflake_network_policy.n": ["create"],
        "snowflake_stream_on_external_table.s": ["create"],
        "snowflake_task.t": ["create"],
    }
    policy = changes["snowflake_authentication_policy.p"]
    assert sorted(policy["after"]["workload_identity_policy"][0]["allowed_providers"]) == ["AWS", "OIDC"]
    assert policy["after_unknown"]["fully_qualified_name"] is True
    # The real provider's own defaults, from its behaviour document.
    assert changes["snowflake_stream_on_external_table.s"]["after"]["insert_only"] == "default"
    grant = changes["snowflake_grant_privileges_to_database_role.g"]["after"]
    assert (grant["all_privileges"], grant["with_grant_option"]) == (False, False)
    out = terraform.run("apply", "-auto-approve", "-input=false", code=1)
    for address in changes:
        assert f"plans {address.split('.')[0]}, but the embedded Snowflake has none" in out
    assert not (terraform.directory / "terraform.tfstate").read_text("utf-8").count('"instances"')


GRANT = 'resource "snowflake_grant_privileges_to_account_role" "g" {\n account_role_name = "PUBLIC"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'resource "snowflake_grant_database_role" "g" {\n database_role_name = "A"\n}',
            "one of `parent_database_role_name,parent_role_name,share_name`",
        ),
        (
            'resource "snowflake_stream_on_external_table" "s" {\n name = "S"\n database = "D"\n'
            ' schema = "S"\n external_table = "T"\n at {\n offset = "0"\n }\n before {\n offset = "0"\n }\n}',
            '"at": conflicts with before',
        ),
        ('resource "snowflake_database" "d" {\n}', 'The argument "name" is required'),
        ('resource "snowflake_database" "d" {\n name = "D"\n colour = "red"\n}', "Unsupported argument"),
        (GRANT + " on_account = true\n}", "one of `all_privileges,privileges` must be specified"),
        (GRANT + ' on_account = true\n privileges = ["A"]\n all_privileges = true\n}', "only one of"),
        (GRANT + ' privileges = ["USAGE"]\n}', "one of `on_account,on_account_object"),
        (
            'resource "snowflake_grant_account_role" "g" {\n role_name = "A"\n}',
            "one of `parent_role_name,user_name`",
        ),
        (
            'resource "snowflake_warehouse" "w" {\n name = "W"\n generation = "1"\n'
            ' resource_constraint = "X"\n}',
            '"generation": conflicts with resource_constraint',
        ),
        (
            'resource "snowflake_warehouse" "w" {\n name = "W"\n auto_suspend = "soon"\n}',
            "a number is required",
        ),
    ],
)
def test_a_wrong_configuration_fails_at_plan(
    admin: Snow, terraform: Terraform, text: str, message: str
) -> None:
    terraform.write(PROVIDER + text)
    terraform.run("init")
    assert message in terraform.run("plan", "-input=false", code=1)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ('password = "wrong"', "Incorrect username or password"),
        ('user = "NOBODY"', "Incorrect username or password"),
        ('role = "NO_SUCH"', "Role 'NO_SUCH' specified"),
        ('authenticator = "WORKLOAD_IDENTITY"', "supports password login only"),
    ],
)
def test_a_refused_login_fails_the_plan(
    admin: Snow, terraform: Terraform, setting: str, message: str
) -> None:
    text = PROVIDER.replace('account_name             = "DEV"', setting)
    terraform.write(text + 'resource "snowflake_database" "d" {\n name = "D"\n}')
    terraform.run("init")
    assert message in terraform.run("plan", "-input=false", code=1)


@pytest.mark.parametrize(
    ("enabled", "message"),
    [
        (
            '"snowflake_external_table_resource"',
            "snowflake_external_table_resource is currently a preview feature, and must be enabled by adding "
            "snowflake_external_table_resource to `preview_features_enabled`",
        ),
        (
            '"USER_ENABLE_DEFAULT_WORKLOAD_IDENTITY"',
            "to use `default_workload_identity`, you need to first specify the "
            "`USER_ENABLE_DEFAULT_WORKLOAD_IDENTITY` feature in the `experimental_features_enabled` field",
        ),
    ],
)
def test_a_gate_has_to_be_open_at_apply(
    admin: Snow, terraform: Terraform, lake_text: str, enabled: str, message: str
) -> None:
    """The real provider plans what a gate forbids, and refuses to apply it."""
    terraform.write(lake_text.replace(enabled, ""))
    terraform.run("init")
    terraform.run("plan", "-input=false")
    assert message in terraform.run("apply", "-auto-approve", "-input=false", code=1)
    terraform.write(lake_text)
    terraform.run("destroy", "-auto-approve")


def test_an_experiment_that_is_not_done_here_is_refused_by_name(admin: Snow, terraform: Terraform) -> None:
    text = PROVIDER.replace("USER_ENABLE_DEFAULT_WORKLOAD_IDENTITY", "HIERARCHY_RENAMES")
    terraform.write(text + 'resource "snowflake_database" "d" {\n name = "D"\n}')
    terraform.run("init")
    assert "does not support HIERARCHY_RENAMES" in terraform.run("plan", "-input=false", code=1)


def test_a_failed_statement_is_the_error_and_the_rest_is_kept(admin: Snow, terraform: Terraform) -> None:
    text = PROVIDER + (
        'resource "snowflake_database" "d" {\n name = "D"\n}\n'
        'resource "snowflake_execute" "e" {\n'
        ' execute = "CREATE VIEW D.PUBLIC.V AS SELECT * FROM D.PUBLIC.NONE"\n'
        ' revert = "SELECT 1"\n depends_on = [snowflake_database.d]\n}\n'
    )
    terraform.write(text)
    terraform.run("init")
    out = terraform.run("apply", "-auto-approve", code=1)
    assert "Object 'D.PUBLIC.NONE' does not exist or not authorized" in out
    assert terraform.actions() == {"snowflake_execute.e": ["create"]}
    terraform.run("destroy", "-auto-approve")


def test_parallel_runs_keep_their_own_configuration(admin: Snow, provider: str, tmp_path: Path) -> None:
    """One servicer, eight Terraform processes, each logged in with a role of its own."""
    user = admin.one("SELECT CURRENT_USER()")

    def run(number: int) -> str:
        directory = tmp_path / str(number)
        directory.mkdir()
        terraform = Terraform(directory, provider)
        text = PROVIDER.replace('account_name             = "DEV"', f'role = "TEAM_{number}"')
        terraform.apply(text + f'resource "snowflake_database" "d" {{\n name = "D_{number}"\n}}')
        assert terraform.actions() == {}
        return (directory / "terraform.tfstate").read_text("utf-8")

    for number in range(8):
        admin.script(
            f"CREATE ROLE TEAM_{number}; GRANT CREATE DATABASE ON ACCOUNT TO ROLE TEAM_{number};"
            f"GRANT ROLE TEAM_{number} TO USER {user}"
        )
    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(run, range(8)))) == 8
    owners = {row["name"]: row["owner"] for row in admin.records("SHOW DATABASES")}
    assert owners == {f"D_{number}": f"TEAM_{number}" for number in range(8)}
