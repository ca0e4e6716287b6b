"""Rules of our own on what is planned: what checkov cannot see or does not know.

checkov judges a resource by its graph; here companions are joined by the planned names, so that nothing that
`for_each` makes is left out. The Snowflake rules exist nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from strata.lint.findings import LintFinding
from strata.plan.document import PlannedResource

CHECKS = {
    "bucket-public-access": "a bucket blocks public access in all four ways",
    "bucket-ownership": "a bucket's objects belong to its owner, without ACLs",
    "bucket-encryption": "a bucket is encrypted by a KMS key, with a bucket key",
    "bucket-tls": "a bucket's policy denies every request without TLS",
    "bucket-versioning": "a bucket is versioned",
    "bucket-logging": "access to a bucket is logged",
    "bucket-lifecycle": "a bucket aborts unfinished uploads, and ends noncurrent versions if it is versioned",
    "queue-encryption": "a queue is encrypted",
    "topic-encryption": "a topic is encrypted by a KMS key",
    "log-group": "a log group has an end and a KMS key",
    "event-target": "a rule's target has a dead-letter queue and a limit of retries",
    "role-boundary": "a role has a permissions boundary",
    "component-tag": "whatever can be tagged says which component it is of",
    "warehouse-suspend": "a warehouse suspends itself within ten minutes",
    "warehouse-monitor": "a warehouse has a resource monitor, or the account has one",
    "snowflake-secret": "no user has a password or a key: people use SSO, services a workload identity",
    "snowflake-public": "nothing is granted to PUBLIC",
    "snowflake-admin": "no grant of an administrator's role",
}

_BLOCKS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
_ADMINISTRATORS = ("ACCOUNTADMIN", "ORGADMIN", "SECURITYADMIN")


def check(planned: list[PlannedResource]) -> Iterator[LintFinding]:
    """The findings in a plan."""
    by_type: dict[str, list[PlannedResource]] = {}
    for resource in planned:
        by_type.setdefault(resource.type, []).append(resource)
    for bucket in by_type.get("aws_s3_bucket", []):
        for rule, text in _bucket(bucket, by_type):
            yield LintFinding(rule, bucket.address, text)
    for resource in planned:
        for rule, text in _ALONE.get(resource.type, _nothing)(resource):
            yield LintFinding(rule, resource.address, text)
        if "tags_all" in resource.values and not (resource.values.get("tags") or {}).get("component"):
            yield LintFinding("component-tag", resource.address, "it has no tag `component`")
    account = any(
        monitor.values.get("set_for_account") is True
        for monitor in by_type.get("snowflake_resource_monitor", [])
    )
    for warehouse in by_type.get("snowflake_warehouse", []):
        named = warehouse.values.get("resource_monitor") or warehouse.unknown.get("resource_monitor")
        if not named and not account:
            yield LintFinding("warehouse-monitor", warehouse.address, "it has no resource monitor")


def _bucket(
    bucket: PlannedResource, by_type: Mapping[str, list[PlannedResource]]
) -> Iterator[tuple[str, str]]:
    name = bucket.values.get("bucket")

    def companion(kind: str) -> Mapping[str, Any]:
        found = [r.values for r in by_type.get(f"aws_s3_bucket_{kind}", []) if r.values.get("bucket") == name]
        return found[0] if found and name else {}

    public = companion("public_access_block")
    if missing := [flag for flag in _BLOCKS if public.get(flag) is not True]:
        yield "bucket-public-access", f"{', '.join(missing)} not set"
    ownership = _first(companion("ownership_controls").get("rule")).get("object_ownership")
    if ownership != "BucketOwnerEnforced":
        yield "bucket-ownership", f"object ownership is {ownership}"
    rule = _first(companion("server_side_encryption_configuration").get("rule"))
    algorithm = _first(rule.get("apply_server_side_encryption_by_default")).get("sse_algorithm")
    if algorithm != "aws:kms" or rule.get("bucket_key_enabled") is not True:
        yield "bucket-encryption", f"encryption is {algorithm}, bucket key {rule.get('bucket_key_enabled')}"
    if not _denies_plain(companion("policy").get("policy"), str(name)):
        yield (
            "bucket-tls",
            "no statement denies s3:* without aws:SecureTransport on the bucket and its objects",
        )
    status = _first(companion("versioning").get("versioning_configuration")).get("status")
    if status != "Enabled":
        yield "bucket-versioning", f"versioning is {status}"
    if not companion("logging").get("target_bucket"):
        yield "bucket-logging", "its access is not logged"
    rules = [
        r for r in companion("lifecycle_configuration").get("rule") or [] if r.get("status") == "Enabled"
    ]
    if not any(r.get("abort_incomplete_multipart_upload") for r in rules):
        yield "bucket-lifecycle", "unfinished uploads stay for ever"
    if status == "Enabled" and not any(r.get("noncurrent_version_expiration") for r in rules):
        yield "bucket-lifecycle", "noncurrent versions stay for ever"


def _denies_plain(policy: str | None, bucket: str) -> bool:
    for statement in json.loads(policy or "{}").get("Statement", []):
        resources = statement.get("Resource")
        named = {
            r.rpartition(":::")[2] for r in ([resources] if isinstance(resources, str) else resources or [])
        }
        principal = statement.get("Principal")
        if (
            statement.get("Effect") == "Deny"
            and principal in ("*", {"AWS": "*"})
            and statement.get("Action") in ("s3:*", ["s3:*"], "*")
            and {bucket, f"{bucket}/*"} <= named
            and statement.get("Condition") in ({"Bool": {"aws:SecureTransport": v}} for v in ("false", False))
        ):
            return True
    return False


def _queue(queue: PlannedResource) -> Iterator[tuple[str, str]]:
    key = queue.values.get("kms_master_key_id") or queue.unknown.get("kms_master_key_id")
    if not key and queue.values.get("sqs_managed_sse_enabled") is not True:
        yield "queue-encryption", "it is not encrypted"


def _topic(topic: PlannedResource) -> Iterator[tuple[str, str]]:
    if not (topic.values.get("kms_master_key_id") or topic.unknown.get("kms_master_key_id")):
        yield "topic-encryption", "it is not encrypted"


def _log_group(group: PlannedResource) -> Iterator[tuple[str, str]]:
    if not group.values.get("retention_in_days"):
        yield "log-group", "its logs stay for ever"
    if not (group.values.get("kms_key_id") or group.unknown.get("kms_key_id")):
        yield "log-group", "it has no key"


def _target(target: PlannedResource) -> Iterator[tuple[str, str]]:
    if not target.values.get("dead_letter_config"):
        yield "event-target", "what cannot be delivered is lost: it has no dead-letter queue"
    if not target.values.get("retry_policy"):
        yield "event-target", "it does not say how often and how long to try again"


def _role(role: PlannedResource) -> Iterator[tuple[str, str]]:
    if not (role.values.get("permissions_boundary") or role.unknown.get("permissions_boundary")):
        yield "role-boundary", "it has no permissions boundary"


def _warehouse(warehouse: PlannedResource) -> Iterator[tuple[str, str]]:
    seconds = warehouse.values.get("auto_suspend")
    if not seconds or seconds > 600:
        yield "warehouse-suspend", f"auto_suspend is {seconds}: it runs, and costs, while no query runs"


def _user(user: PlannedResource) -> Iterator[tuple[str, str]]:
    for name in ("password", "rsa_public_key", "rsa_public_key_2"):
        if user.values.get(name) or user.unknown.get(name):
            yield "snowflake-secret", f"{name} is set"
    if user.type == "snowflake_legacy_service_user":
        yield "snowflake-secret", "a legacy service user may log in with a password"
    if user.type == "snowflake_service_user" and not user.values.get("default_workload_identity"):
        yield "snowflake-secret", "it has no workload identity, so it can log in with a secret only"


def _grant(grant: PlannedResource) -> Iterator[tuple[str, str]]:
    to = str(grant.values.get("account_role_name") or grant.values.get("role_name") or "").strip('"').upper()
    if to == "PUBLIC":
        yield "snowflake-public", "every user has the role PUBLIC"
    given = str(grant.values.get("role_name") or "").strip('"').upper()
    if grant.type == "snowflake_grant_account_role" and given in _ADMINISTRATORS:
        yield "snowflake-admin", f"{given} is granted"


def _nothing(resource: PlannedResource) -> Iterator[tuple[str, str]]:
    return iter(())


_ALONE: Mapping[str, Callable[[PlannedResource], Iterator[tuple[str, str]]]] = {
    "aws_cloudwatch_event_target": _target,
    "aws_cloudwatch_log_group": _log_group,
    "aws_iam_role": _role,
    "aws_sns_topic": _topic,
    "aws_sqs_queue": _queue,
    "snowflake_grant_account_role": _grant,
    "snowflake_grant_privileges_to_account_role": _grant,
    "snowflake_legacy_service_user": _user,
    "snowflake_service_user": _user,
    "snowflake_user": _user,
    "snowflake_warehouse": _warehouse,
}


def _first(blocks: Any) -> Mapping[str, Any]:
    """The one block of a kind: plans write them as lists."""
    return blocks[0] if isinstance(blocks, list) and blocks else {}
