"""Who may touch which object: bucket policies, and the policies of the role that calls.

moto takes any condition in a Deny statement as met, whoever calls, knows no NotResource, and never asks for
the rights of a role. Rules: Amazon S3 User Guide, "How Amazon S3 authorizes a request". A caller who is no
role (the account itself) needs no allow; everybody is held by a deny. Encryption asks for no rights here.
"""

from __future__ import annotations

import logging
from typing import Any

from flask import has_request_context, request
from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from strata.cloud.aws import identity
from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.patches import Patches
from strata.cloud.aws.policies import Decision, Principal, Request, UnsupportedConditionError, decide

_log = logging.getLogger(__name__)
_patches = Patches()
_LOGGING = "logging.s3.amazonaws.com"
# moto names an action after the HTTP method.
_ACTIONS = {"s3:HeadObject": "s3:GetObject", "s3:PostObject": "s3:PutObject"}


class _ListingDenied(S3ClientError):
    http_status = 403


def install(context: CloudContext) -> None:
    """Patch moto's S3."""
    _patches.attribute(FakeBucket, "get_permission", _permission)
    _patches.attribute(FakeBucket, "set_logging", _logging_checked(FakeBucket.set_logging))
    for name in ("list_objects", "list_objects_v2", "list_object_versions"):
        _patches.attribute(S3Response, name, _list_checked(getattr(S3Response, name)))


def uninstall() -> None:
    """Undo `install`."""
    _patches.undo()


def _permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    """What the policies say to the caller of the current request."""
    caller = identity.caller_of_request()
    asked = _ACTIONS.get(action, action)
    context = _context(caller)
    try:
        by_bucket = Decision.IMPLICIT_DENY
        if bucket.policy is not None:
            request_to_bucket = Request(action=asked, resource=resource, principal=caller, context=context)
            by_bucket = decide([bucket.policy.decode()], request_to_bucket)
        by_role = _role_decision(caller, Request(action=asked, resource=resource, context=context))
    except UnsupportedConditionError as error:
        _log.warning("%s on %s refused: %s", asked, resource, error)
        return PermissionResult.DENIED
    if Decision.DENY in (by_bucket, by_role):
        return PermissionResult.DENIED
    if by_role is Decision.IMPLICIT_DENY and by_bucket is not Decision.ALLOW:
        return PermissionResult.DENIED
    return PermissionResult.PERMITTED if by_bucket is Decision.ALLOW else PermissionResult.NEUTRAL


def _role_decision(caller: Principal, asked: Request) -> Decision | None:
    """What the role's own policies say; None if the caller is no role."""
    if len(caller.arns) < 2:
        return None
    role = identity.find_role(caller.arns[-1])
    return decide(identity.role_policies(role), asked) if role else Decision.IMPLICIT_DENY


def _context(caller: Principal) -> dict[str, str]:
    context = {
        # The loopback device stands for TLS: nobody else hears it, and clients are not given certificates.
        "aws:securetransport": "true",
        "aws:principalisawsservice": "false",
        "aws:principalaccount": caller.account_id,
    }
    if caller.arns:
        context["aws:principalarn"] = caller.arns[-1]
    if has_request_context():
        context["aws:sourceip"] = request.remote_addr or ""
        context["s3:prefix"] = request.args.get("prefix", "")
        context |= {
            f"s3:{name.lower()}": value
            for name, value in request.headers.items()
            if name.lower().startswith("x-amz-server-side-encryption")
        }
    return context


def _list_checked(listing: Any) -> Any:
    def checked(response: S3Response) -> Any:
        bucket = response.backend.get_bucket(response.bucket_name)
        action = "s3:ListBucketVersions" if listing.__name__ == "list_object_versions" else "s3:ListBucket"
        if bucket.get_permission(action, bucket.arn) is PermissionResult.DENIED:
            raise _ListingDenied("AccessDenied", f"{action} on {bucket.arn} is denied")
        return listing(response)

    return checked


def _logging_checked(set_logging: Any) -> Any:
    """moto finds the permission of the logging service only in a statement of one particular shape."""

    def checked(bucket: FakeBucket, logging_config: dict[str, Any] | None, bucket_backend: Any) -> None:
        target = bucket_backend.buckets.get(logging_config["TargetBucket"]) if logging_config else None
        if target is not None and target.policy is not None and target.region_name == bucket.region_name:
            assert logging_config is not None
            request_of_service = Request(
                action="s3:PutObject",
                resource=f"{target.arn}/{logging_config.get('TargetPrefix') or ''}log",
                principal=Principal(service=_LOGGING),
                context={
                    "aws:securetransport": "true",
                    "aws:sourcearn": bucket.arn,
                    "aws:sourceaccount": bucket.account_id,
                },
            )
            if decide([target.policy.decode()], request_of_service) is Decision.ALLOW:
                bucket.logging = logging_config
                return
        set_logging(bucket, logging_config, bucket_backend)

    return checked
