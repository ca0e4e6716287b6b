"""The rules of the platform on what is planned: a plan that keeps them, and each rule with its planted fault."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from strata.lint.platform import CHECKS, check
from strata.plan.document import PlannedResource, resources

NAME = "strata-raw-dev-111122223333"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "DenyInsecureTransport",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "s3:*",
            "Resource": [f"arn:aws:s3:::{NAME}", f"arn:aws:s3:::{NAME}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}
TAGS = {"tags": {"component": "x"}, "tags_all": {"component": "x"}}
# By address: type, values, unknown attributes.
PLAN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "bucket": ("aws_s3_bucket", {"bucket": NAME, **TAGS}, {}),
    "public": (
        "aws_s3_bucket_public_access_block",
        {
            "bucket": NAME,
            "block_public_acls": True,
            "block_public_policy": True,
            "ignore_public_acls": True,
            "restrict_public_buckets": True,
        },
        {},
    ),
    "owner": (
        "aws_s3_bucket_ownership_controls",
        {"bucket": NAME, "rule": [{"object_ownership": "BucketOwnerEnforced"}]},
        {},
    ),
    "encryption": (
        "aws_s3_bucket_server_side_encryption_configuration",
        {
            "bucket": NAME,
            "rule": [
                {
                    "bucket_key_enabled": True,
                    "apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms"}],
                }
            ],
        },
        {},
    ),
    "policy": ("aws_s3_bucket_policy", {"bucket": NAME, "policy": json.dumps(POLICY)}, {}),
    "versioning": (
        "aws_s3_bucket_versioning",
        {"bucket": NAME, "versioning_configuration": [{"status": "Enabled"}]},
        {},
    ),
    "logging": ("aws_s3_bucket_logging", {"bucket": NAME, "target_bucket": "logs"}, {}),
    "lifecycle": (
        "aws_s3_bucket_lifecycle_configuration",
        {
            "bucket": NAME,
            "rule": [
                {"status": "Enabled", "abort_incomplete_multipart_upload": [{"days_after_initiation": 7}]},
                {"status": "Enabled", "noncurrent_version_expiration": [{"noncurrent_days": 7}]},
            ],
        },
        {},
    ),
    "queue": ("aws_sqs_queue", {"sqs_managed_sse_enabled": True, **TAGS}, {}),
    "topic": ("aws_sns_topic", TAGS, {"kms_master_key_id": True}),
    "group": ("aws_cloudwatch_log_group", {"retention_in_days": 30, "kms_key_id": "k", **TAGS}, {}),
    "target": ("aws_cloudwatch_event_target", {"dead_letter_config": [{}], "retry_policy": [{}]}, {}),
    "role": ("aws_iam_role", {"permissions_boundary": "arn", **TAGS}, {}),
    "warehouse": ("snowflake_warehouse", {"auto_suspend": 60, "resource_monitor": "M"}, {}),
    "user": ("snowflake_service_user", {"default_workload_identity": [{"aws": [{}]}]}, {}),
    "grant": ("snowflake_grant_account_role", {"role_name": "READER", "user_name": "U"}, {}),
    "privileges": ("snowflake_grant_privileges_to_account_role", {"account_role_name": "READER"}, {}),
}

Plan = dict[str, tuple[str, dict[str, Any], dict[str, Any]]]


def _planned(plan: Plan) -> list[PlannedResource]:
    return [PlannedResource(name, kind, values, unknown) for name, (kind, values, unknown) in plan.items()]


def _values(name: str, **values: Any) -> Callable[[Plan], None]:
    return lambda plan: plan[name][1].update(values)


def _gone(name: str) -> Callable[[Plan], None]:
    return lambda plan: plan.pop(name) and None


def _statement(**change: Any) -> Callable[[Plan], None]:
    policy = {**POLICY, "Statement": [{**POLICY["Statement"][0], **change}]}  # type: ignore[dict-item]
    return _values("policy", policy=json.dumps(policy))


def _other(name: str) -> Callable[[Plan], None]:
    """The companion is another bucket's."""
    return _values(name, bucket="another")


OBJECTS_ONLY = [f"arn:aws:s3:::{NAME}/*"]
PLANTED: list[tuple[str, str, Callable[[Plan], None]]] = [
    ("bucket-public-access", "bucket", _gone("public")),
    ("bucket-public-access", "bucket", _values("public", ignore_public_acls=False)),
    ("bucket-public-access", "bucket", _other("public")),
    ("bucket-ownership", "bucket", _values("owner", rule=[{"object_ownership": "ObjectWriter"}])),
    ("bucket-encryption", "bucket", _other("encryption")),
    ("bucket-tls", "bucket", _gone("policy")),
    ("bucket-tls", "bucket", _statement(Resource=OBJECTS_ONLY)),
    ("bucket-tls", "bucket", _statement(Action="s3:GetObject")),
    ("bucket-tls", "bucket", _statement(Condition={"Bool": {"aws:SecureTransport": "true"}})),
    ("bucket-tls", "bucket", _statement(Principal={"AWS": "arn:aws:iam::111122223333:root"})),
    ("bucket-versioning", "bucket", _gone("versioning")),
    ("bucket-logging", "bucket", _other("logging")),
    ("bucket-lifecycle", "bucket", _values("lifecycle", rule=[{"status": "Disabled"}])),
    ("queue-encryption", "queue", _values("queue", sqs_managed_sse_enabled=False)),
    ("topic-encryption", "topic", lambda plan: plan["topic"][2].clear()),
    ("log-group", "group", _values("group", retention_in_days=0)),
    ("log-group", "group", _values("group", kms_key_id=None)),
    ("event-target", "target", _values("target", dead_letter_config=[])),
    ("event-target", "target", _values("target", retry_policy=[])),
    ("role-boundary", "role", _values("role", permissions_boundary=None)),
    ("component-tag", "queue", _values("queue", tags={"x": "y"})),
    ("component-tag", "queue", _values("queue", tags=None)),
    ("warehouse-suspend", "warehouse", _values("warehouse", auto_suspend=0)),
    ("warehouse-suspend", "warehouse", _values("warehouse", auto_suspend=3600)),
    ("warehouse-monitor", "warehouse", _values("warehouse", resource_monitor=None)),
    ("snowflake-secret", "user", _values("user", rsa_public_key="k")),
    ("snowflake-secret", "user", _values("user", default_workload_identity=[])),
    ("snowflake-public", "privileges", _values("privileges", account_role_name='"PUBLIC"')),
    ("snowflake-admin", "grant", _values("grant", role_name="AccountAdmin")),
]


def test_a_plan_that_keeps_the_rules_has_no_finding() -> None:
    assert list(check(_planned(PLAN))) == []


def test_every_check_is_planted() -> None:
    assert {rule for rule, *_ in PLANTED} == set(CHECKS)


@pytest.mark.parametrize(
    ("rule", "subject", "plant"), PLANTED, ids=[f"{n}-{p[0]}" for n, p in enumerate(PLANTED)]
)
def test_a_planted_fault_is_found(rule: str, subject: str, plant: Callable[[Plan], None]) -> None:
    plan = copy.deepcopy(PLAN)
    plant(plan)
    found = {(finding.check, finding.subject) for finding in check(_planned(plan))}
    assert found == {(rule, subject)}


def test_a_monitor_of_the_account_watches_every_warehouse() -> None:
    plan = copy.deepcopy(PLAN)
    _values("warehouse", resource_monitor=None)(plan)
    plan["monitor"] = ("snowflake_resource_monitor", {"set_for_account": True}, {})
    assert list(check(_planned(plan))) == []


def test_resources_of_child_modules_are_seen_and_data_sources_are_not() -> None:
    document = {
        "planned_values": {
            "root_module": {
                "resources": [{"address": "a.b", "type": "a", "mode": "managed", "values": {"x": 1}}],
                "child_modules": [
                    {
                        "child_modules": [
                            {
                                "resources": [
                                    {
                                        "address": "module.m.module.n.a.c",
                                        "type": "a",
                                        "mode": "managed",
                                        "values": {},
                                    }
                                ]
                            }
                        ],
                        "resources": [
                            {"address": "module.m.data.a.d", "type": "a", "mode": "data", "values": {}}
                        ],
                    }
                ],
            }
        },
        "resource_changes": [{"address": "a.b", "change": {"after_unknown": {"y": True}}}],
    }
    assert resources(document) == [
        PlannedResource("a.b", "a", {"x": 1}, {"y": True}),
        PlannedResource("module.m.module.n.a.c", "a", {}, {}),
    ]
