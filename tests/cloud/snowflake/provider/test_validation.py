"""What the provider refuses, in the real provider's words, and what it supports no part of."""

from __future__ import annotations

import re
from typing import Any

import pytest

from strata.cloud.snowflake.provider import tfplugin6_pb2 as pb
from strata.cloud.snowflake.provider.schema import blank, resources
from strata.cloud.snowflake.provider.validation import configuration_faults, faults
from strata.cloud.snowflake.provider.values import UNKNOWN

from ..conftest import Snow
from .conftest import Protocol, RefusedError

STAGE = {"name": "P", "database": "D", "schema": "S", "url": "s3://b/", "storage_integration": "I"}
GRANT = {"account_role_name": "R", "on_account": True}


def _faults(kind: str, config: dict[str, Any]) -> list[str]:
    schema = resources()[f"snowflake_{kind}"]
    return [" | ".join(filter(None, fault)) for fault in faults(schema, blank(schema.block, config))]


@pytest.mark.parametrize(
    ("kind", "config", "expected"),
    [
        ("warehouse", {"name": "W", "warehouse_size": "X-Small"}, []),
        ("warehouse", {"name": "W", "warehouse_size": "huge"}, ["invalid warehouse size: HUGE"]),
        ("warehouse", {"name": "W", "warehouse_size": UNKNOWN}, []),
        ("database", {"name": "D", "log_level": "loud"}, ["unknown log level: loud"]),
        ("database", {"name": "D", "trace_level": "loud"}, ["unknown trace level: loud"]),
        ("database", {"name": "D", "data_retention_time_in_days": 0}, []),
        ("database", {"name": "D", "data_retention_time_in_days": 90}, []),
        (
            "database",
            {"name": "D", "data_retention_time_in_days": 91},
            ["expected data_retention_time_in_days to be in the range (0 - 90), got 91"],
        ),
        (
            "database",
            {"name": "D", "task_auto_retry_attempts": -1},
            ["expected task_auto_retry_attempts to be at least (0), got -1"],
        ),
        ("database", {"name": "D", "task_auto_retry_attempts": 0}, []),
        ("schema", {"name": "N", "database": "D", "is_transient": "true"}, []),
        (
            "schema",
            {"name": "N", "database": "D", "is_transient": "yes"},
            ['expected [{{} is_transient}] to be one of ["true" "false"], got yes'],
        ),
        (
            "grant_privileges_to_account_role",
            GRANT | {"privileges": ["OWNERSHIP"]},
            [
                "Unsupported privilege 'OWNERSHIP' | Granting ownership is only allowed in "
                "snowflake_grant_ownership resource."
            ],
        ),
        (
            "grant_privileges_to_account_role",
            GRANT | {"privileges": ["IMPORTED PRIVILEGES", "MONITOR"]},
            ["Invalid privileges | IMPORTED PRIVILEGES cannot be used with other privileges"],
        ),
        ("grant_privileges_to_account_role", GRANT | {"privileges": ["IMPORTED PRIVILEGES"]}, []),
        ("grant_privileges_to_account_role", GRANT | {"privileges": UNKNOWN}, []),
    ],
)
def test_faults_of_a_configuration(kind: str, config: dict[str, Any], expected: list[str]) -> None:
    assert _faults(kind, config) == expected


@pytest.mark.parametrize(
    ("config", "summary", "detail"),
    [
        (
            {"account_role_name": "R", "on_account": True},
            "Invalid combination of arguments",
            r'"all_privileges": one of `all_privileges,privileges` must be specified',
        ),
        (
            GRANT | {"privileges": ["USAGE"], "all_privileges": True},
            "Invalid combination of arguments",
            r"only one of `all_privileges,privileges` can be specified, but `all_privileges,privileges` were",
        ),
    ],
)
def test_faults_of_a_combination(config: dict[str, Any], summary: str, detail: str) -> None:
    found = _faults("grant_privileges_to_account_role", config)
    assert any(fault.startswith(summary) and re.search(detail, fault) for fault in found), found


def test_an_unknown_feature_is_named_by_its_path() -> None:
    (fault,) = configuration_faults({"preview_features_enabled": ["snowflake_moon_resource", UNKNOWN]})
    assert fault.summary.startswith(
        "expected [{{} preview_features_enabled} {{} {{{{} 78}} 0x0}}] to be one of ["
    )
    assert fault.summary.endswith("], got snowflake_moon_resource")
    both = {"preview_features_enabled": ["moon", "sun"], "experimental_features_enabled": ["MARS"]}
    found = configuration_faults(both)
    assert {fault.summary.rpartition(", got ")[2] for fault in found} == {"MARS", "moon", "sun"}
    assert configuration_faults({"experimental_features_enabled": ["HIERARCHY_RENAMES"]}) == []


@pytest.mark.parametrize(
    ("kind", "config", "fault"),
    [
        ("database", {"name": "D", "replication": [{}]}, "does not support the block replication of"),
        ("stage_external_s3", STAGE | {"credentials": [{}]}, "does not support the block credentials of"),
        ("stage_external_s3", STAGE | {"encryption": [{}]}, "does not support the block encryption of"),
        (
            "stage_external_s3",
            STAGE | {"directory": [{"enable": True}]},
            "does not support directory tables of snowflake_stage_external_s3",
        ),
        (
            "grant_ownership",
            {"database_role_name": "D.R", "on": [{"object_type": "SCHEMA", "object_name": "D.S"}]},
            "does not support database_role_name of snowflake_grant_ownership",
        ),
    ],
)
def test_an_unsupported_part_is_refused_at_plan(
    provider: Protocol, kind: str, config: dict[str, Any], fault: str
) -> None:
    with pytest.raises(RefusedError, match=fault):
        provider.plan(f"snowflake_{kind}", config)


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ({"authenticator": "oauth"}, "supports password login only, not authenticator = OAUTH"),
        ({"experimental_features_enabled": ["HIERARCHY_RENAMES"]}, "does not support HIERARCHY_RENAMES"),
        ({"user": "NO_SUCH"}, "Incorrect username or password"),
    ],
)
def test_a_configuration_is_refused(provider: Protocol, config: dict[str, Any], fault: str) -> None:
    with pytest.raises(RefusedError, match=fault):
        provider.configure(**config)


@pytest.mark.parametrize(
    ("kind", "identifier", "fault"),
    [
        ("grant_account_role", "R|ROLE", "invalid ID specified: R|ROLE, expected <role_name>|"),
        ("grant_account_role", "R|SHARE|S", "invalid object type specified: SHARE, expected ROLE or USER"),
        ("grant_privileges_to_account_role", "R|false|false|USAGE", "should hold at least 5 parts"),
        ("grant_ownership", "ToAccountRole|R||OnObject|SCHEMA", "should hold at least 5 parts"),
        ("grant_ownership", "ToDatabaseRole|R||OnObject|SCHEMA|S", "should hold at least 5 parts"),
        ("stage_external_s3", "S", "unexpected number of parts 1 in identifier S, expected 3"),
        ("account_role", "a.b", "unexpected number of parts 2 in identifier a.b, expected 1"),
        ("warehouse", "NO_SUCH", "object does not exist"),
    ],
)
def test_an_import_is_refused(provider: Protocol, kind: str, identifier: str, fault: str) -> None:
    with pytest.raises(RefusedError, match=re.escape(fault)):
        provider.imported(f"snowflake_{kind}", identifier)


def test_a_preview_feature_must_be_enabled(admin: Snow, provider: Protocol) -> None:
    provider.configure(preview_features_enabled=[])
    with pytest.raises(RefusedError, match=r"^snowflake_external_table_resource is currently a preview"):
        provider.read("snowflake_external_table", {"id": "D|S|E"})


def test_the_provider_plans_no_destruction(provider: Protocol) -> None:
    found = provider.call("GetProviderSchema")
    assert found.server_capabilities == pb.ServerCapabilities(plan_destroy=False)
