"""Who calls: the account behind an access key, and the roles a caller may take on.

A 12-digit access key id is the account id (LocalStack's convention), the keys of an assumed role belong to
the role's account, and any other key means the account of this cloud.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import moto.core.errors as moto_errors
import moto.iam.models as iam_models
from flask import has_request_context
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.iam.models import Role, iam_backends
from moto.sts.models import STSBackend, sts_backends
from moto.sts.responses import TokenResponse
from moto.utilities.utils import get_partition

from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.patches import Patches
from strata.cloud.aws.policies import Decision, Principal, Request, UnsupportedConditionError, decide

_ACCOUNT = re.compile(r"\d{12}")
_patches = Patches()
_default_account = ""


class AccessDenied(ServiceException):
    """The request is refused; the message says by what."""

    code = "AccessDenied"
    http_status = 403


@dataclass(frozen=True)
class Credentials:
    """Temporary keys of an assumed role."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: datetime.datetime
    account_id: str
    assumed_role_arn: str

    def environment(self) -> dict[str, str]:
        """Return the variables by which an AWS SDK finds these keys."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }


def install(context: CloudContext) -> None:
    """Make moto derive accounts as this module says, and check trust policies in STS."""
    global _default_account
    _default_account = context.account_id
    _patches.attribute(iam_models, "get_account_id_from", account_of)
    _patches.attribute(BaseResponse, "get_access_key", _access_key)
    _patches.attribute(BaseResponse, "default_region", context.region)
    _patches.attribute(STSBackend, "get_caller_identity", _get_caller_identity)
    _patches.attribute(moto_errors, "COMMON_ERROR_CODES", [*moto_errors.COMMON_ERROR_CODES, "AccessDenied"])
    _patches.attribute(BaseResponse, "serialized", _with_status(BaseResponse.serialized))
    _patches.attribute(TokenResponse, "assume_role", _assume_role_action)
    _patches.attribute(TokenResponse, "assume_role_with_web_identity", _refuse_web_identity)
    _patches.attribute(TokenResponse, "assume_role_with_saml", _refuse_saml)


def uninstall() -> None:
    """Undo `install`."""
    _patches.undo()


def account_of(access_key_id: str) -> str:
    """Return the account an access key belongs to."""
    if _ACCOUNT.fullmatch(access_key_id):
        return access_key_id
    for account_id, account in list(iam_backends.items()):
        for backend in list(account.values()):
            if access_key_id in backend.access_keys:
                return account_id
    return _default_account


def caller_of_request() -> Principal:
    """Return who sent the HTTP request being served: no ARN at all if it is anonymous."""
    if not has_request_context():
        return Principal(account_id=_default_account)
    key = _key_of(flask.request.headers.get("Authorization", ""), flask.request.url)
    account_id = account_of(key)
    if not key:
        return Principal(account_id=account_id)
    _, arn, _ = _get_caller_identity(sts_backends[account_id]["aws"], key, "")
    return _aws_principal(arn)


def assume_role(
    role_arn: str,
    *,
    service: str = "",
    principal_arn: str = "",
    source_arn: str = "",
    source_account: str = "",
    external_id: str = "",
    session_name: str = "strata",
    duration: int = 3600,
    region: str = "us-east-1",
) -> Credentials:
    """Take on a role as an AWS service or as another principal, if the role's trust policy allows it.

    Args:
        role_arn: the role.
        service: the service that asks, such as `glue.amazonaws.com`; else give `principal_arn`.
        principal_arn: the ARN of the user or role that asks (an account's root is the account itself).
        source_arn, source_account: `aws:SourceArn` and `aws:SourceAccount` of a service's request; the
            account is the source ARN's where it is not given.
        external_id: `sts:ExternalId`.
        session_name: the role session's name.
        duration: seconds until the keys expire.
        region: only its partition counts.

    Raises:
        AccessDenied: the role does not exist, or its trust policy does not allow this request.
    """
    context: dict[str, str] = {}
    if service:
        principal = Principal(service=service)
        asker = service
        if source_arn:
            context["aws:sourcearn"] = source_arn
            source_account = source_account or source_arn.split(":")[4]
        if source_account:
            context["aws:sourceaccount"] = source_account
    else:
        principal = _aws_principal(principal_arn)
        asker = principal_arn
        context["aws:principalarn"] = principal.arns[-1]
        context["aws:principalaccount"] = principal.account_id
    if external_id:
        context["sts:externalid"] = external_id
    check_trust(role_arn, "sts:AssumeRole", principal, context, asker)
    return _session(role_arn, session_name, duration, region, external_id)


def find_role(role_arn: str) -> Role | None:
    """Return the role with this ARN, or None."""
    parts = role_arn.split(":")
    if len(parts) < 6 or parts[2] != "iam":
        return None
    for role in iam_backends[parts[4]][parts[1]].roles.values():
        if role.arn == role_arn:
            return role
    return None


def check_trust(
    role_arn: str, action: str, principal: Principal, context: Mapping[str, str], asker: str
) -> Role:
    """Return the role if its trust policy allows the action to the principal; else raise AccessDenied."""
    denied = f"{asker} is not authorized to perform: {action} on resource: {role_arn}"
    role = find_role(role_arn)
    if role is None:
        raise AccessDenied(f"{denied}: the role does not exist")
    request = Request(action=action, resource=role_arn, principal=principal, context=context)
    try:
        decision = decide([role.assume_role_policy_document], request)
    except UnsupportedConditionError as error:
        raise AccessDenied(f"{denied}: {error}") from None
    if decision is not Decision.ALLOW:
        raise AccessDenied(f"{denied}: {decision.value} in the role's trust policy")
    return role


def role_policies(role: Role) -> list[str]:
    """Return a role's permission policies, inline and attached, as JSON."""
    attached = [
        str(version.document)
        for policy in role.managed_policies.values()
        for version in policy.versions
        if version.is_default
    ]
    return [str(document) for document in role.policies.values()] + attached


def check_role_permission(
    role: Role, action: str, resource: str, context: Mapping[str, str] | None = None
) -> None:
    """Raise AccessDenied unless the role's own policies allow the action on the resource."""
    denied = f"{role.arn} is not authorized to perform: {action} on resource: {resource}"
    try:
        request = Request(action=action, resource=resource, context=context or {})
        decision = decide(role_policies(role), request)
    except UnsupportedConditionError as error:
        raise AccessDenied(f"{denied}: {error}") from None
    if decision is not Decision.ALLOW:
        raise AccessDenied(f"{denied}: {decision.value} in the role's policies")


def _with_status(serialized: Any) -> Any:
    """moto takes an error's HTTP status from the service's model, which knows no AccessDenied: 400."""

    def with_status(response: BaseResponse, action_result: ActionResult) -> Any:
        status, headers, body = serialized(response, action_result)
        return getattr(action_result.result, "http_status", status), headers, body

    return with_status


def _aws_principal(arn: str) -> Principal:
    parts = arn.split(":", 5)
    if len(parts) < 6:
        raise AccessDenied(f"{arn or 'nobody'} is not the ARN of a principal")
    account_id = parts[4]
    # A session of a role acts as the session and as the role.
    session = re.fullmatch(r"assumed-role/(.+)/[^/]+", parts[5])
    if session:
        for role in iam_backends[account_id][parts[1]].roles.values():
            if role.name == session[1]:
                return Principal(account_id=account_id, arns=(arn, role.arn))
    return Principal(account_id=account_id, arns=(arn,))


def _session(role_arn: str, name: str, duration: int, region: str, external_id: str) -> Credentials:
    role = sts_backends[role_arn.split(":")[4]][get_partition(region)].assume_role(
        region_name=region,
        role_session_name=name,
        role_arn=role_arn,
        policy="",
        duration=duration,
        external_id=external_id,
    )
    return Credentials(
        access_key_id=role.access_key_id,
        secret_access_key=role.secret_access_key,
        session_token=role.session_token,
        expiration=role.expiration,
        account_id=role.account_id,
        assumed_role_arn=role.arn,
    )


def _access_key(response: BaseResponse) -> str:
    return _key_of(response.headers.get("Authorization", ""), response.uri)


def _key_of(authorization: str, url: str) -> str:
    """The access key id of a request, in the header or in a presigned URL; empty if it is anonymous."""
    signed = re.search(r"Credential=([^/,\s]+)/", authorization)
    if signed:
        return signed[1]
    query = parse_qs(urlsplit(url).query)
    if "X-Amz-Credential" in query:
        return query["X-Amz-Credential"][0].split("/")[0]
    return query.get("AWSAccessKeyId", [""])[0]


def _get_caller_identity(backend: STSBackend, access_key_id: str, region: str) -> tuple[str, str, str]:
    session = backend.get_assumed_role_from_access_key(access_key_id)
    if session:
        return session.user_id, session.arn, session.account_id
    user = iam_backends[backend.account_id][backend.partition].get_user_from_access_key_id(access_key_id)
    if user:
        return user.id, user.arn, user.account_id
    return backend.account_id, f"arn:{backend.partition}:iam::{backend.account_id}:root", backend.account_id


def _assume_role_action(response: TokenResponse) -> ActionResult:
    role_arn = response._get_param("RoleArn")
    session_name = response._get_param("RoleSessionName")
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", session_name or ""):
        raise ServiceException(
            "ValidationError",
            f"1 validation error detected: Value '{session_name}' at 'roleSessionName' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]{2,64}",
        )
    _, caller, _ = response.backend.get_caller_identity(response.access_key, response.region)
    credentials = assume_role(
        role_arn,
        principal_arn=caller,
        external_id=response._get_param("ExternalId") or "",
        session_name=session_name,
        duration=response._get_int_param("DurationSeconds", 3600),
        region=response.region,
    )
    session = next(
        s
        for s in sts_backends[credentials.account_id][response.partition].assumed_roles
        if s.access_key_id == credentials.access_key_id
    )
    return ActionResult(
        {
            "Credentials": session,
            "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
            "PackedPolicySize": 6,
        }
    )


def _refuse_web_identity(response: TokenResponse) -> Any:
    raise AccessDenied(
        "Not authorized to perform sts:AssumeRoleWithWebIdentity: the embedded cloud does not verify the "
        f"token's signature, so it takes no token for {response._get_param('RoleArn')}"
    )


def _refuse_saml(response: TokenResponse) -> Any:
    raise AccessDenied(
        "Not authorized to perform sts:AssumeRoleWithSAML: the embedded cloud verifies no SAML assertion, so "
        f"it takes none for {response._get_param('RoleArn')}"
    )
