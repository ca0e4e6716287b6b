"""Who may touch which bucket and object: bucket policies, and the policies of the role that calls.

moto takes any condition in a Deny statement as met, whoever calls, knows no NotResource, and never asks for
the rights of a role. Rules: Amazon S3 User Guide, "How Amazon S3 authorizes a request" and "Required
permissions for Amazon S3 API operations". An account's root needs no allow in its account; a deny holds for
every caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from flask import g, has_request_context, request
from moto.core.request import Request as MotoRequest
from moto.core.routing import get_service_router
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, s3_backends

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.api_call import region_of_request
from strata.cloud.aws.iam import identity
from strata.cloud.aws.iam.authorization import (
    AuthorizationError,
    Authorizer,
    Conditions,
    caller_conditions,
    decided,
    denied,
    role_of,
)
from strata.cloud.aws.iam.identity import Identity, RoleSession
from strata.cloud.aws.s3.buckets import bucket_named
from strata.cloud.aws.s3.key_access import KeyAccess
from strata.cloud.aws.service import Service, replaces
from strata.iam import (
    Decision,
    Pattern,
    PolicyError,
    PolicyOutcome,
    Principal,
    Request,
    evaluate,
    resources_of,
)

# Where the action of an operation on a bucket is not named like the operation.
_BUCKET_ACTIONS = {
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
_SAME_NAME = re.compile(
    r"(Create|Delete)Bucket|(Get|Put)Bucket(Acl|Logging|OwnershipControls|Policy|RequestPayment|Tagging|Versioning"
    r"|Website)|DeleteBucket(Policy|Website)|GetBucket(Location|PolicyStatus)"
)
_OBJECT_ACTIONS = {
    "AbortMultipartUpload": "AbortMultipartUpload",
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteObject": "DeleteObject",
    "DeleteObjectTagging": "DeleteObjectTagging",
    "GetObject": "GetObject",
    "GetObjectAcl": "GetObjectAcl",
    "GetObjectAttributes": "GetObjectAttributes",
    "GetObjectTagging": "GetObjectTagging",
    "HeadObject": "GetObject",
    "ListParts": "ListMultipartUploadParts",
    "PutObject": "PutObject",
    "PutObjectAcl": "PutObjectAcl",
    "PutObjectTagging": "PutObjectTagging",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}
_MISTAKEN = re.compile(
    r"(Put|Get|Delete|List)Bucket(Analytics|IntelligentTiering|Metrics)Configurations?"
    r"|DeleteBucketInventoryConfiguration"
)
# Of a certain version these are actions of their own.
_OF_VERSION = {
    "DeleteObject": "DeleteObjectVersion",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
    "GetObject": "GetObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl",
    "GetObjectAttributes": "GetObjectVersionAttributes",
    "GetObjectTagging": "GetObjectVersionTagging",
    "PutObjectAcl": "PutObjectVersionAcl",
    "PutObjectTagging": "PutObjectVersionTagging",
}
# The actions whose conditions may ask for the tags that the object has (Service Authorization Reference).
_OF_TAGGED = re.compile(
    r"s3:(GetObject(Version)?|(Get|Put|Delete)Object(Version)?Tagging|(Get|Put)Object(Version)?Acl)"
)
# AWS lets an account's root repair a policy that locks every caller out.
_ROOT_ALWAYS = ("s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy")

# Keys that begin so are known, and absent where a request does not give them.
_OFTEN_ABSENT = ("s3:x-amz-", "s3:delimiter", "s3:max-keys", "s3:versionid", "s3:existingobjecttag/")
# Condition keys whose values stay the same for one session and bucket.
_STAYING = frozenset(
    {
        "aws:principalaccount", "aws:principalarn", "aws:principalisawsservice", "aws:principaltype",
        "aws:requestedregion", "aws:resourceaccount", "aws:securetransport", "aws:sourceip", "aws:useragent",
        "aws:userid", "aws:viaawsservice", "s3:resourceaccount", "s3:tlsversion",
    }
)  # fmt: skip


class S3Access(Service):
    """The decisions on requests to S3.

    Args:
        identities: who calls.
        authorizer: whose session it is.
    """

    name = "s3-access"

    def __init__(self, identities: Identity, authorizer: Authorizer) -> None:
        super().__init__()
        self._identity = identities
        self._authorizer = authorizer
        self._keys = KeyAccess(identities)
        self._operations: dict[tuple[object, ...], str] = {}

    def check(self) -> None:
        """Refuse the request being served unless the policies of bucket and caller allow it.

        Raises:
            AuthorizationError: they do not, or it is not known what the request needs.
        """
        session = self._authorizer.known_session()
        g.s3_decided = {}
        host = request.host.rpartition(":")[0] or request.host
        if not re.fullmatch(r"[\d.]+|localhost|\[.*\]", host):
            if session is not None:
                raise AuthorizationError(
                    "AccessDenied", "The embedded cloud decides on requests with the bucket in the path only"
                )
            return
        operation, bucket_name, key = self._operation()
        if _MISTAKEN.fullmatch(operation):
            # moto takes the request for one that makes, lists or deletes the bucket.
            raise NotImplementedError(operation)
        if operation == "DeleteObjects":
            return  # moto asks for each object, and answers for each
        bucket = bucket_named(bucket_name)
        for action, resource, about in self._needed(operation, bucket_name, key, bucket):
            self.require(action, resource, about)
        if bucket is not None:
            self._keys.check(session, operation, bucket, key)

    def require(self, action: str, resource: str, about: FakeBucket | None) -> None:
        """Refuse the request being served unless the policies allow it an action on a resource.

        Raises:
            AuthorizationError: they do not.
        """
        session, caller = self._asking()
        if session is None and (about is None or action in _ROOT_ALWAYS):
            return
        decision = self._decided(action, resource, about)
        if "s3_decided" in g:
            g.s3_decided[resource] = decision
        foreign = about is not None and about.account_id != caller.account_id
        signed = bool(request.headers.get("Authorization"))
        if decision.outcome is PolicyOutcome.DENY or (
            not decision.allowed and (session is not None or (foreign and signed))
        ):
            raise AuthorizationError(
                "AccessDenied", _sentence(session or caller, action, resource, decision.reason)
            )

    def decryption(self, bucket: FakeBucket) -> Callable[[str], bool]:
        """Return a function of an object's key: whether the caller may use the KMS key of the object."""
        session = self._authorizer.known_session()
        known: dict[tuple[str, str], bool] = {}
        return lambda key: session is None or self._keys.may_read(session, bucket, key, known)

    def policies(self, bucket: FakeBucket) -> Hashable:
        """Return what a decision on the caller's access to a bucket comes from; equal if nothing changed.

        Raises:
            AuthorizationError: the caller's keys are not valid, or its role is gone.
        """
        session = self._authorizer.known_session()
        if session is None:
            return (self._identity.caller_of_request(), bucket.account_id, bucket.policy)
        role = role_of(session)
        return (
            session.role_arn,
            session.arn,
            session.policies,
            tuple(identity.role_policies(role)),
            identity.role_boundary(role),
            bucket.name,
            bucket.account_id,
            bucket.policy,
        )

    def resources(self, bucket: FakeBucket) -> tuple[Pattern, ...] | None:
        """Return the patterns by which the policies on the caller's access tell a bucket's objects apart.

        None if there are others, or a policy is not understood.

        Raises:
            AuthorizationError: the caller's keys are not valid, or its role is gone.
        """
        session = self._authorizer.known_session()
        documents = [] if bucket.policy is None else [bucket.policy.decode()]
        if session is not None:
            role = role_of(session)
            boundary = identity.role_boundary(role)
            documents += [*session.policies, *identity.role_policies(role)]
            documents += [] if boundary is None else [boundary]
        try:
            return resources_of(documents)
        except PolicyError:
            return None

    @contextmanager
    def dependencies(self) -> Iterator[set[str]]:
        """Collect the condition keys that the decisions made meanwhile depend on, without those that stay."""
        asked: set[str] = set()
        g.s3_conditions = asked
        found: set[str] = set()
        try:
            yield found
        finally:
            found |= {key for key in asked if key not in _STAYING}
            del g.s3_conditions

    def _operation(self) -> tuple[str, str, str]:
        """The operation, the bucket and the key of the request, as botocore's model names them."""
        bucket, _, key = request.path.lstrip("/").partition("/")
        kind = request.args.get("list-type")
        shape = (
            request.method,
            bool(bucket),
            bool(key),
            frozenset(request.args),
            kind,
            "x-amz-copy-source" in request.headers,
        )
        # Routing tries a hundred patterns; the second time the request's shape tells the operation.
        operation = self._operations.get(shape)
        if operation is None:
            try:
                model, _ = get_service_router("s3").match(MotoRequest(request.environ.copy()))
                operation = str(model.name)
            except Exception:  # no operation at all: moto says so
                operation = f"{request.method} {request.path}"
            else:
                self._operations[shape] = operation
        return operation, bucket, key

    def _needed(
        self, operation: str, bucket_name: str, key: str, bucket: FakeBucket | None
    ) -> list[tuple[str, str, FakeBucket | None]]:
        """The actions that an operation needs, each with its resource and the bucket of that."""
        if operation == "ListBuckets":
            return [("s3:ListAllMyBuckets", "*", None)]
        arn = f"arn:aws:s3:::{bucket_name}"
        if operation in _BUCKET_ACTIONS or _SAME_NAME.fullmatch(operation):
            return [(f"s3:{_BUCKET_ACTIONS.get(operation, operation)}", arn, bucket)]
        if operation not in _OBJECT_ACTIONS:
            if self._authorizer.known_session() is None:
                return []
            raise AuthorizationError(
                "AccessDenied",
                f"The embedded cloud does not know which permission s3:{operation} needs, so it refuses it",
            )
        action = _OBJECT_ACTIONS[operation]
        if request.args.get("versionId"):
            action = _OF_VERSION.get(action, action)
        needed = [(f"s3:{action}", f"{arn}/{key}", bucket)]
        if request.headers.get("x-amz-tagging") and action == "PutObject":
            needed.append(("s3:PutObjectTagging", f"{arn}/{key}", bucket))
        source = request.headers.get("x-amz-copy-source")
        if source:
            path, _, version = unquote(source).lstrip("/").partition("?versionId=")
            read = "s3:GetObjectVersion" if version else "s3:GetObject"
            needed.append((read, f"arn:aws:s3:::{path}", bucket_named(path.partition("/")[0])))
        return needed

    @replaces(moto.BUCKET_PERMISSION)
    def _permission(self, bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
        """What the policies say to the caller of the current request: asked by moto, per object."""
        known: dict[str, Decision] = g.get("s3_decided", {}) if has_request_context() else {}
        decision = known.get(resource)
        if decision is None:
            asked = "s3:GetObject" if action == "s3:HeadObject" else action
            try:
                decision = self._decided(asked, resource, bucket)
            except AuthorizationError:
                return PermissionResult.DENIED
            if self._asking()[0] is not None and not decision.allowed:
                return PermissionResult.DENIED
        if decision.outcome is PolicyOutcome.DENY:
            return PermissionResult.DENIED
        by_bucket = decision.allowed and decision.policy == "resource-based policy"
        return PermissionResult.PERMITTED if by_bucket else PermissionResult.NEUTRAL

    def _decided(self, action: str, resource: str, bucket: FakeBucket | None) -> Decision:
        session, caller = self._asking()
        policy = bucket.policy.decode() if bucket is not None and bucket.policy is not None else None
        account_id = bucket.account_id if bucket is not None else ""
        conditions = self._conditions(session, caller, account_id)
        if bucket is not None and has_request_context() and _OF_TAGGED.fullmatch(action):
            for name, value in _tags(bucket, resource).items():
                conditions[f"s3:existingobjecttag/{name.lower()}"] = value
        asked = Request(action, resource, caller, conditions)
        if session is not None:
            return decided(session, role_of(session), asked, policy, account_id)
        try:
            # An anonymous caller has no policies: the bucket's decides, and after it moto, by access control
            # lists.
            return evaluate(asked, None if caller.arns else (), policy, resource_account=account_id)
        except PolicyError as error:
            raise AuthorizationError(
                "AccessDenied", _sentence(caller, action, resource, f"because {error}")
            ) from None

    def _asking(self) -> tuple[RoleSession | None, Principal]:
        """Return who sent the request being served: the session, if it is one, and the caller.

        Raises:
            AuthorizationError: its session token is not valid.
        """
        if not has_request_context():
            return None, self._identity.caller_of_request()
        if "s3_asking" not in g:
            # A request may ask for many objects.
            g.s3_asking = (self._authorizer.known_session(), self._identity.caller_of_request())
        found: tuple[RoleSession | None, Principal] = g.s3_asking
        return found

    def _conditions(self, session: RoleSession | None, caller: Principal, account_id: str) -> Conditions:
        if not has_request_context():
            return Conditions({"aws:securetransport": "true"})
        known: dict[str, Conditions] = g.setdefault("s3_context", {})
        if account_id not in known:
            known[account_id] = self._conditions_of_request(session, caller, account_id)
        conditions = Conditions(known[account_id])
        conditions.absent_prefixes = _OFTEN_ABSENT
        conditions.asked = g.get("s3_conditions")
        return conditions

    def _conditions_of_request(
        self, session: RoleSession | None, caller: Principal, account_id: str
    ) -> Conditions:
        conditions = caller_conditions(session, region_of_request("us-east-1"))
        conditions["aws:principalaccount"] = caller.account_id
        if caller.arns:
            conditions["aws:principalarn"] = caller.arns[-1]
        conditions["aws:resourceaccount"] = conditions["s3:resourceaccount"] = account_id
        conditions["s3:prefix"] = request.args.get("prefix", "")
        for name in ("delimiter", "max-keys", "versionId"):
            if name in request.args:
                conditions[f"s3:{name.lower()}"] = request.args[name]
        # Requests here have no TLS; policies that ask for one of AWS's versions are as at AWS.
        conditions["s3:tlsversion"] = "1.3"
        for name, value in request.headers.items():
            if name.lower().startswith("x-amz-"):
                conditions[f"s3:{name.lower()}"] = value
        return conditions


def _tags(bucket: FakeBucket, resource: str) -> dict[str, str]:
    """Return the tags of the object that the current request is about."""
    name = resource.partition("/")[2]
    version = request.args.get("versionId")
    found = [key for key in bucket.keys.getlist(name, []) if not version or key.version_id == version]
    if not found or not hasattr(found[-1], "arn"):  # a delete marker has none
        return {}
    tagger = s3_backends[bucket.account_id][bucket.partition].tagger
    return dict(tagger.get_tag_dict_for_resource(found[-1].arn))


def _sentence(who: Any, action: str, resource: str, reason: str) -> str:
    if isinstance(who, Principal):
        name = who.arns[0] if who.arns else "anonymous"
        return f"User: {name} is not authorized to perform: {action} on resource: {resource} {reason}"
    return denied(who, action, resource, reason)
