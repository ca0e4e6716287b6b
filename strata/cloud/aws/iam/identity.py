"""Who calls: the account behind an access key, and the roles a caller may assume.

A 12-digit access key id is the account id (LocalStack's convention) and stands for the account's root, the
keys of an assumed role belong to the role's account, and any other key means the root of this cloud's
account. Keys that come with a session token must be known: keys that another cloud gave do not make their
holder root.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import moto.core.errors as moto_errors
from flask import has_request_context
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.iam.models import Role, iam_backends
from moto.sts.models import STSBackend, sts_backends
from moto.utilities.utils import get_partition

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.iam.decisions import RECORDED
from strata.cloud.aws.service import Service, action, replaces
from strata.iam import Decision, PolicyError, Principal, Request, decide, evaluate

_ACCOUNT = re.compile(r"\d{12}")


class AccessDenied(ServiceException):
    """The request is refused; the message says by what."""

    code = "AccessDenied"
    http_status = 403


class InvalidTokenError(Exception):
    """The request's session token is not valid; `code` is AWS's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class RoleSession:
    """An assumed role: its keys, when they expire, and its session policies."""

    role_arn: str
    arn: str
    user_id: str
    token: str
    expiration: datetime.datetime
    policies: tuple[str, ...]


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


def _utc(moment: datetime.datetime) -> datetime.datetime:
    """moto's time, which has no zone."""
    return moment.replace(tzinfo=datetime.UTC)


class Identity(Service):
    """The callers of one embedded cloud: the account behind a key, and the sessions of roles."""

    name = "identity"

    def __init__(self, context: CloudContext) -> None:
        super().__init__()
        self._context = context
        self._sessions: dict[str, RoleSession] = {}
        # By role, session name, and who has assumed it.
        self._reused: dict[tuple[str, str, str], Credentials] = {}

    def start(self) -> None:
        """Make moto derive accounts as this module says, with the cloud's own region as the default."""
        super().start()
        self.set(moto.DEFAULT_REGION, self._context.region)
        self.set(moto.COMMON_ERROR_CODES, [*moto_errors.COMMON_ERROR_CODES, "AccessDenied"])

    @replaces(moto.ACCOUNT_OF_KEY)
    def account_of(self, access_key_id: str) -> str:
        """Return the account an access key belongs to."""
        if _ACCOUNT.fullmatch(access_key_id):
            return access_key_id
        session = self._sessions.get(access_key_id)
        if session is not None:
            return session.role_arn.split(":")[4]
        return self._account_of_user(access_key_id) or self._context.account_id

    def _is_known(self, access_key_id: str) -> bool:
        """Return whether a key is an account's root's, which is the account's number, or a user's."""
        return bool(_ACCOUNT.fullmatch(access_key_id) or self._account_of_user(access_key_id))

    @staticmethod
    def _account_of_user(access_key_id: str) -> str:
        for account_id, account in list(iam_backends.items()):
            for backend in list(account.values()):
                if access_key_id in backend.access_keys:
                    return account_id
        return ""

    def caller_of_request(self) -> Principal:
        """Return who sent the HTTP request being served: no ARN at all if it is anonymous."""
        if not has_request_context():
            return Principal(account_id=self._context.account_id)
        key = _key_of(flask.request.headers.get("Authorization", ""), flask.request.url)
        account_id = self.account_of(key)
        if not key:
            return Principal(account_id=account_id)
        _, arn, _ = self._get_caller_identity(sts_backends[account_id]["aws"], key, "")
        return aws_principal(arn)

    def assume_role(
        self,
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
        reuse: bool = False,
    ) -> Credentials:
        """Assume a role as an AWS service or as another principal, if the role's trust policy allows it.

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
            reuse: whether keys from an earlier time will do, while half of their life is left. The trust
                policy decides each time.

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
            principal = aws_principal(principal_arn)
            asker = principal_arn
            context["aws:principalarn"] = principal.arns[-1]
            context["aws:principalaccount"] = principal.account_id
        if external_id:
            context["sts:externalid"] = external_id
        check_trust(role_arn, "sts:AssumeRole", principal, context, asker)
        name = (role_arn, session_name, asker)
        kept = self._reused.get(name) if reuse else None
        left = datetime.timedelta(seconds=duration / 2)
        if kept is not None and _utc(kept.expiration) > datetime.datetime.now(datetime.UTC) + left:
            return kept
        opened = self.open_session(role_arn, session_name, duration, region)
        if reuse:
            self._reused[name] = opened
        return opened

    def open_session(
        self, role_arn: str, name: str, duration: int, region: str, policies: Sequence[str] = ()
    ) -> Credentials:
        """Make keys for a role; whether the caller may have them was decided before.

        Args:
            role_arn: the role.
            name: the session's name.
            duration: seconds until the keys expire.
            region: only its partition counts.
            policies: session policies, which limit what the role may do.
        """
        role = sts_backends[role_arn.split(":")[4]][get_partition(region)].assume_role(
            region_name=region,
            role_session_name=name,
            role_arn=role_arn,
            policy="",
            duration=duration,
            external_id="",
        )
        expiration = _utc(role.expiration)
        self._sessions[role.access_key_id] = RoleSession(
            role_arn, role.arn, role.user_id, role.session_token, expiration, tuple(policies)
        )
        return Credentials(
            access_key_id=role.access_key_id,
            secret_access_key=role.secret_access_key,
            session_token=role.session_token,
            expiration=role.expiration,
            account_id=role.account_id,
            assumed_role_arn=role.arn,
        )

    def session_of_request(self) -> RoleSession | None:
        """Return the session whose keys signed the HTTP request being served; None if it is another caller.

        Raises:
            InvalidTokenError: a session token that this cloud has not given, or keys that have expired.
        """
        key = _key_of(flask.request.headers.get("Authorization", ""), flask.request.url)
        session = self._sessions.get(key)
        token = flask.request.headers.get("X-Amz-Security-Token") or flask.request.args.get(
            "X-Amz-Security-Token"
        )
        if session is None:
            if token and not _ACCOUNT.fullmatch(key):
                raise InvalidTokenError(
                    "InvalidClientTokenId", "The security token included in the request is invalid."
                )
            if key and not self._context.any_key and not self._is_known(key):
                raise InvalidTokenError(
                    "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."
                )
            return None
        if token != session.token:
            raise InvalidTokenError(
                "InvalidClientTokenId", "The security token included in the request is invalid."
            )
        if session.expiration <= datetime.datetime.now(datetime.UTC):
            raise InvalidTokenError("ExpiredToken", "The security token included in the request is expired")
        return session

    @replaces(moto.ACCESS_KEY)
    def _access_key(self, response: BaseResponse) -> str:
        return _key_of(response.headers.get("Authorization", ""), response.uri)

    @replaces(moto.SERIALIZED, wraps=True)
    def _with_status(self, serialized: Any, response: BaseResponse, action_result: ActionResult) -> Any:
        """Keep an error's HTTP status: moto's is the service's model's, which lacks AccessDenied, so 400."""
        status, headers, body = serialized(response, action_result)
        return getattr(action_result.result, "http_status", status), headers, body

    @action("sts", "GetCallerIdentity")
    def _get_caller_identity(
        self, backend: STSBackend, access_key_id: str, region: str
    ) -> tuple[str, str, str]:
        session = self._sessions.get(access_key_id)
        if session is not None:
            return session.user_id, session.arn, session.role_arn.split(":")[4]
        user = iam_backends[backend.account_id][backend.partition].get_user_from_access_key_id(access_key_id)
        if user:
            return user.id, user.arn, user.account_id
        return (
            backend.account_id,
            f"arn:{backend.partition}:iam::{backend.account_id}:root",
            backend.account_id,
        )


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
    decision = _decided(
        denied, lambda: decide([role.assume_role_policy_document], request, "trust policy", named=True)
    )
    if not decision.allowed:
        raise AccessDenied(f"{denied} {decision.reason}")
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


def role_boundary(role: Role) -> str | None:
    """Return a role's permissions boundary as JSON, or None; a missing boundary allows nothing."""
    if not role.permissions_boundary_arn:
        return None
    policy = iam_backends[role.account_id][role.partition].managed_policies.get(role.permissions_boundary_arn)
    if policy is None:
        return '{"Statement": []}'
    return next(str(version.document) for version in policy.versions if version.is_default)


def check_role_permission(
    role: Role, action: str, resource: str, context: Mapping[str, str] | None = None
) -> None:
    """Raise AccessDenied unless the role's own policies allow the action on the resource."""
    denied = f"{role.arn} is not authorized to perform: {action} on resource: {resource}"
    request = Request(action=action, resource=resource, context=context or {})
    boundary = role_boundary(role)
    decision = _decided(denied, lambda: evaluate(request, role_policies(role), boundary=boundary))
    RECORDED.note(role.arn, request, allowed=decision.allowed, boundary=boundary)
    if not decision.allowed:
        raise AccessDenied(f"{denied} {decision.reason}")


def _decided(denied: str, decision: Callable[[], Decision]) -> Decision:
    try:
        return decision()
    except PolicyError as error:
        raise AccessDenied(f"{denied}: {error}") from None


def aws_principal(arn: str) -> Principal:
    """Return the principal behind an ARN: a session of a role acts as the session and as the role."""
    parts = arn.split(":")
    if len(parts) < 6:
        raise AccessDenied(f"{arn or 'no caller'} is not the ARN of a principal")
    account_id = parts[4]
    session = re.fullmatch(r"assumed-role/(.+)/[^/]+", parts[5])
    if session:
        for role in iam_backends[account_id][parts[1]].roles.values():
            if role.name == session[1]:
                return Principal(account_id=account_id, arns=(arn, role.arn))
    return Principal(account_id=account_id, arns=(arn,))


def _key_of(authorization: str, url: str) -> str:
    """The access key id of a request, in the header or in a presigned URL; empty if it is anonymous."""
    signed = re.search(r"Credential=([^/,\s]+)/", authorization)
    if signed:
        return signed[1]
    query = parse_qs(urlsplit(url).query)
    if "X-Amz-Credential" in query:
        return query["X-Amz-Credential"][0].split("/")[0]
    return query.get("AWSAccessKeyId", [""])[0]
