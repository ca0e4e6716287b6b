"""Every request made with a role's keys must be allowed by the role's policies; moto asks for none.

Identity policies, permissions boundary and session policies are evaluated with the conditions that this
module and `permissions` can fill; a policy that asks for another condition key refuses the request, and so
does an operation of which it is not known what it needs. The account's root is not held here. Policies of
resources are where the resources are: buckets (`s3_access`), event targets, roles' trust. See
docs/decisions/0010.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import request
from moto.iam.models import Role
from moto.kms.models import kms_backends

from strata.cloud.aws.api_call import (
    ApiCall,
    action_prefix,
    operation_of_request,
    parameters_of_request,
    region_of_request,
    service_of_request,
)
from strata.cloud.aws.iam import identity
from strata.cloud.aws.iam.decisions import RECORDED
from strata.cloud.aws.iam.identity import Identity, RoleSession
from strata.cloud.aws.iam.permissions import Permission, UnknownPermissionError, permissions
from strata.cloud.aws.iam.resource_policies import is_key, policy_of
from strata.iam import Decision, PolicyError, Request, decide, evaluate

# Open to everyone; AssumeRole is decided with the trust policy, by `sts`.
_FREE = ("sts:GetCallerIdentity", "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:GetAccessKeyInfo")
# Condition keys that AWS sets only for kinds of calls that do not exist here.
_ABSENT = frozenset(
    {
        "aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "aws:multifactorauthage",
        "aws:multifactorauthpresent", "aws:principalorgid", "aws:principalorgpaths", "aws:referer",
        "aws:resourceorgid", "aws:resourceorgpaths", "aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid",
        "aws:sourceowner", "aws:sourcevpc", "aws:sourcevpce", "aws:tagkeys", "aws:username",
        "aws:vpcsourceip",
        "cloudwatch:namespace", "iam:passedtoservice", "iam:permissionsboundary", "iam:policyarn",
        "kms:grantisforawsresource", "kms:resourcealiases", "kms:viaservice", "sts:externalid",
    }
)  # fmt: skip
_ABSENT_PREFIXES = ("aws:requesttag/", "aws:principaltag/", "kms:encryptioncontext:")


class AuthorizationError(Exception):
    """The request is refused; `code` is what AWS calls it."""

    status = HTTPStatus.FORBIDDEN

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Conditions(dict[str, "str | Sequence[str]"]):
    """The condition keys of a request; asked for one of which nothing is known it raises PolicyError.

    `absent_prefixes`: keys that begin so are known, and absent where they are not given. `asked`: where the
    keys that were asked for are kept.
    """

    absent_prefixes: tuple[str, ...] = ()
    asked: set[str] | None = None

    def get(self, key: str, default: Any = None) -> Any:
        """Return the key's value, or the default if the request does not have the key."""
        if self.asked is not None:
            self.asked.add(key)
        if key in self:
            return self[key]
        if key in _ABSENT or key.startswith((*_ABSENT_PREFIXES, *self.absent_prefixes)):
            return default
        raise PolicyError(f"the embedded cloud does not know the condition key {key}")


class Authorizer:
    """Decides on the requests of the sessions that an `Identity` knows."""

    def __init__(self, identities: Identity) -> None:
        self._identity = identities

    def check(self, default_service: str) -> None:
        """Refuse the request being served if it comes with a role's keys and its policies do not allow it.

        Args:
            default_service: the service of a request that is not signed.

        Raises:
            AuthorizationError: it is not allowed, or its keys are not valid.
        """
        session = self.known_session()
        if session is None:
            return
        scope = service_of_request(default_service)
        service, operation = action_prefix(scope), operation_of_request(scope)
        if f"{service}:{operation}" in _FREE:
            return
        call = ApiCall(
            service=service,
            operation=operation,
            parameters=parameters_of_request(scope),
            account_id=session.role_arn.split(":")[4],
            region=region_of_request("us-east-1"),
            partition=session.role_arn.split(":")[1],
        )
        try:
            needed = permissions(call)
        except UnknownPermissionError as error:
            raise AuthorizationError(
                "AccessDenied",
                f"The embedded cloud does not know which permission {error} needs, and refuses it",
            ) from None
        role = role_of(session)
        for permission in needed:
            _require(session, role, call, permission)

    def known_session(self) -> RoleSession | None:
        """Return the session of the request being served; None if another caller sent it.

        Raises:
            AuthorizationError: its session token is not valid.
        """
        try:
            return self._identity.session_of_request()
        except identity.InvalidTokenError as error:
            raise AuthorizationError(error.code, error.message) from None


def role_of(session: RoleSession) -> Role:
    """Return the role of a session.

    Raises:
        AuthorizationError: the role does not exist any more.
    """
    role = identity.find_role(session.role_arn)
    if role is None:
        raise AuthorizationError(
            "AccessDenied", f"{session.arn} may do nothing: the role {session.role_arn} is gone"
        )
    return role


def _require(session: RoleSession, role: Role, call: ApiCall, permission: Permission) -> None:
    context = caller_conditions(session, call.region)
    _add_resource(context, call, permission.resource or "")
    context.update(permission.context)
    principal = identity.aws_principal(session.arn)
    asked = Request(permission.action, permission.resource, principal, context)
    decision = decided_with_resource(session, role, asked)
    if not decision.allowed:
        about = permission.resource
        if about is None:
            about = "*, as the embedded cloud does not know which resource this request is about,"
        raise AuthorizationError("AccessDenied", denied(session, permission.action, about, decision.reason))


def decided(
    session: RoleSession, role: Role, asked: Request, resource_policy: str | None = None, account_id: str = ""
) -> Decision:
    """Evaluate the session's policies, and the resource's if there is one.

    Raises:
        AuthorizationError: a policy is not understood.
    """
    try:
        boundary = identity.role_boundary(role)
        decision = evaluate(
            asked,
            identity.role_policies(role),
            resource_policy,
            boundary,
            session_policies=session.policies,
            resource_account=account_id,
        )
        RECORDED.note(
            session.role_arn,
            asked,
            allowed=decision.allowed,
            boundary=boundary,
            resource_policy=resource_policy,
            account_id=account_id,
            session_policies=session.policies,
        )
        return decision
    except PolicyError as error:
        reason = f"because of a policy that is not understood: {error}"
        raise AuthorizationError(
            "AccessDenied", denied(session, asked.action, str(asked.resource), reason)
        ) from None


def decided_with_resource(session: RoleSession, role: Role, asked: Request) -> Decision:
    """Evaluate the session's policies, and the policy of the key, queue or topic that is asked about.

    Raises:
        AuthorizationError: a policy is not understood.
    """
    policy = policy_of(asked.resource)
    account_id = str(asked.resource).split(":")[4] if policy else ""
    decision = decided(session, role, asked, policy, account_id)
    if policy and decision.allowed and is_key(asked.resource):
        # It was understood above.
        by_key = decide([policy], asked, "key policy", named=True)
        return decision if by_key.allowed else by_key
    return decision


def denied(session: RoleSession, action: str, resource: str, reason: str) -> str:
    """Return the sentence in which AWS refuses."""
    return f"User: {session.arn} is not authorized to perform: {action} on resource: {resource} {reason}"


def caller_conditions(session: RoleSession | None, region: str) -> Conditions:
    """Return the condition keys that follow from who asks, how and when."""
    now = datetime.datetime.now(datetime.UTC)
    conditions = Conditions(
        {
            # The loopback device stands for TLS: no other machine reads it, and clients have no certificate.
            "aws:securetransport": "true",
            "aws:principalisawsservice": "false",
            "aws:viaawsservice": "false",
            "aws:requestedregion": region,
            "aws:currenttime": now.isoformat(timespec="seconds"),
            "aws:epochtime": str(int(now.timestamp())),
            "aws:sourceip": request.remote_addr or "",
            "aws:useragent": request.headers.get("User-Agent", ""),
        }
    )
    if session is not None:
        conditions["aws:principalaccount"] = session.role_arn.split(":")[4]
        conditions["aws:principalarn"] = session.role_arn
        conditions["aws:principaltype"] = "AssumedRole"
        conditions["aws:userid"] = session.user_id
        role = identity.find_role(session.role_arn)
        for key, value in _role_tags(role).items():
            conditions[f"aws:principaltag/{key}".lower()] = value
    return conditions


def _add_resource(context: Conditions, call: ApiCall, arn: str) -> None:
    """Add what follows from the resource as it is: a key's tags and aliases, a role's tags and boundary."""
    context["aws:resourceaccount"] = call.account_id
    tags: Mapping[str, str] = {}
    if arn.startswith(f"arn:{call.partition}:kms:") and ":key/" in arn:
        context.absent_prefixes = ("aws:resourcetag/",)
        backend = kms_backends[call.account_id][call.region]
        key = backend.keys.get(backend.any_id_to_key_id(arn.rpartition(":key/")[2]))
        if key is not None:
            context["kms:resourcealiases"] = sorted(key.aliases)
            tags = {t["TagKey"]: t["TagValue"] for t in backend.list_resource_tags(key.id)["Tags"]}
    elif arn.startswith(f"arn:{call.partition}:iam:") and ":role/" in arn:
        context.absent_prefixes = ("aws:resourcetag/",)
        role = identity.find_role(arn)
        tags = _role_tags(role)
        if role is not None and role.permissions_boundary_arn:
            context["iam:permissionsboundary"] = role.permissions_boundary_arn
    context.update({f"aws:resourcetag/{key}".lower(): value for key, value in tags.items()})


def _role_tags(role: Role | None) -> dict[str, str]:
    tags: Any = role.tags if role is not None else {}
    if isinstance(tags, Mapping):
        return {str(tag["Key"]): str(tag["Value"]) for tag in tags.values()}
    return {str(tag["Key"]): str(tag["Value"]) for tag in tags or ()}
