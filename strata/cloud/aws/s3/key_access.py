"""Whether the caller may use the KMS keys that objects are encrypted with."""

from __future__ import annotations

from urllib.parse import unquote

from flask import request
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


class KeyAccess:
    """The decisions on keys.

    Args:
        identities: who calls.
    """

    def __init__(self, identities: Identity) -> None:
        self._identity = identities

    def check(self, session: RoleSession, operation: str, bucket: FakeBucket, key: str) -> None:
        """Refuse the request being served unless the caller may use its keys.

        Raises:
            AuthorizationError: a policy does not allow it.
        """
        source = None
        if copied := request.headers.get("x-amz-copy-source"):
            path, _, version = unquote(copied).lstrip("/").partition("?versionId=")
            name, _, copied_key = path.partition("/")
            found = bucket_named(name)
            source = (found, copied_key, version) if found is not None else None
        for action, arn, conditions in key_permissions(operation, bucket, key, source):
            decision = self._decided(session, bucket, action, arn, conditions)
            if not decision.allowed:
                raise AuthorizationError("AccessDenied", denied(session, action, arn, decision.reason))

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
