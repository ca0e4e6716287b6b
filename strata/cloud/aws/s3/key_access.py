"""Whether the KMS keys that objects are encrypted with can be used, and the caller may use them.

Codes and messages of keys that cannot: what AWS was recorded to answer.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from urllib.parse import unquote

from flask import request
from moto.kms.models import kms_backends
from moto.s3.models import FakeBucket

from strata.cloud.aws.iam.authorization import (
    AuthorizationError,
    caller_conditions,
    decided_with_resource,
    denied,
    role_of,
)
from strata.cloud.aws.iam.identity import Identity, RoleSession
from strata.cloud.aws.s3.buckets import bucket_named
from strata.cloud.aws.s3.keys import KeyConditions, key_permissions, read_permissions
from strata.iam import Decision, Request

_KEY_ID = re.compile(r"mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# The code and the end of the message, by the state of a key.
_UNUSABLE = {
    "Disabled": ("KMS.DisabledException", "disabled"),
    "PendingDeletion": ("KMS.KMSInvalidStateException", "pending deletion"),
}


class UnusableKeyError(AuthorizationError):
    """A key that the request needs is not there, or not in a state to be used."""

    status = HTTPStatus.BAD_REQUEST


class KeyAccess:
    """The decisions on keys.

    Args:
        identities: who calls.
    """

    def __init__(self, identities: Identity) -> None:
        self._identity = identities

    def check(self, session: RoleSession | None, operation: str, bucket: FakeBucket, key: str) -> None:
        """Refuse the request being served unless its keys can be used, and the caller may use them.

        Args:
            session: the caller's; None for the account's root, which needs no right.
            operation: S3's name of it.
            bucket: the bucket of the request.
            key: the object's.

        Raises:
            AuthorizationError: a policy does not allow it.
            UnusableKeyError: a key is missing, disabled or about to be deleted.
        """
        source = None
        if copied := request.headers.get("x-amz-copy-source"):
            path, _, version = unquote(copied).lstrip("/").partition("?versionId=")
            name, _, copied_key = path.partition("/")
            found = bucket_named(name)
            source = (found, copied_key, version) if found is not None else None
        for action, arn, conditions in key_permissions(operation, bucket, key, source):
            if session is not None:
                decision = self._decided(session, bucket, action, arn, conditions)
                if not decision.allowed:
                    raise AuthorizationError("AccessDenied", denied(session, action, arn, decision.reason))
            _require_usable(bucket, arn)

    def may_read(
        self, session: RoleSession, bucket: FakeBucket, key: str, known: dict[tuple[str, str], bool]
    ) -> bool:
        """Return whether the caller may use the key of an object's newest version.

        Args:
            session: the caller's.
            bucket: the bucket.
            key: of the object.
            known: what was decided for other objects of the bucket meanwhile; added to.
        """
        for action, arn, conditions in read_permissions(bucket, key):
            about = (arn, str(conditions))
            if about not in known:
                known[about] = self._decided(session, bucket, action, arn, conditions).allowed
            if not known[about]:
                return False
        return True

    def _decided(
        self, session: RoleSession, bucket: FakeBucket, action: str, arn: str, conditions: KeyConditions
    ) -> Decision:
        context = caller_conditions(session, bucket.region_name)
        context.update(conditions)
        asked = Request(action, arn, self._identity.caller_of_request(), context)
        return decided_with_resource(session, role_of(session), asked)


def _require_usable(bucket: FakeBucket, named: str) -> None:
    """Require that a key can be used for a bucket's objects.

    Args:
        bucket: the bucket.
        named: the key's ARN; of one that is not there, what the request names it.
    """
    if "alias/aws/" in named:
        return  # AWS makes it when it is first used
    arn = (
        named
        if named.startswith("arn:")
        else f"arn:{bucket.partition}:kms:{bucket.region_name}:{bucket.account_id}:"
    )
    _, partition, _, region, account, resource = arn.split(":", 5)
    if region != bucket.region_name:
        raise UnusableKeyError("KMS.NotFoundException", f"Invalid arn {region}")
    resource = resource or (named if named.startswith("alias/") else f"key/{named}")
    arn = f"arn:{partition}:kms:{region}:{account}:{resource}"
    key_id = resource.removeprefix("key/")
    if resource.startswith("alias/"):
        raise UnusableKeyError("KMS.NotFoundException", f"Alias {arn} is not found.")
    if not _KEY_ID.fullmatch(key_id):
        raise UnusableKeyError("KMS.NotFoundException", f"Invalid keyId '{key_id}'")
    if (key := kms_backends[account][region].keys.get(key_id)) is None:
        raise UnusableKeyError("KMS.NotFoundException", f"Key '{arn}' does not exist")
    if key.key_state in _UNUSABLE:
        code, state = _UNUSABLE[key.key_state]
        raise UnusableKeyError(code, f"{arn} is {state}.")
