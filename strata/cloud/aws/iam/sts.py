"""STS: roles are assumed only as their trust policies allow, by AWS principals and by web identities.

A web identity's token must be signed by the one issuer that the embedded cloud plays (GitHub's), and the
role's account must have an OIDC provider for it. Rules and error codes: STS API Reference, "AssumeRole" and
"AssumeRoleWithWebIdentity".
"""

from __future__ import annotations

import re
from typing import Any

import jwt
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.iam.models import Role, iam_backends
from moto.sts.exceptions import STSValidationError
from moto.sts.models import sts_backends
from moto.sts.responses import TokenResponse

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.iam import identity
from strata.cloud.aws.iam.identity import AccessDenied, Credentials, Identity
from strata.cloud.aws.service import Service, action
from strata.cloud.github.issuer import ISSUER, Issuer
from strata.iam import OidcProvider, Policy, PolicyError, Request, decide, evaluate, trust_allows

_NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"


class _Refused(ServiceException):
    http_status = 400

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class Sts(Service):
    """The actions that hand out keys.

    Args:
        identities: keeps the sessions.
        issuer: whose tokens are good.
    """

    name = "sts"

    def __init__(self, identities: Identity, issuer: Issuer) -> None:
        super().__init__()
        self._identity = identities
        self._issuer = issuer

    @action("sts", "AssumeRole")
    def assume_role(self, response: TokenResponse) -> ActionResult:
        _check_parameters(response)
        role_arn = moto.parameter(response, "RoleArn")
        _, caller, _ = response.backend.get_caller_identity(response.access_key, response.region)
        role = self._trusted(caller, role_arn, moto.parameter(response, "ExternalId") or "")
        return self._answer(response, role, "")

    @action("sts", "AssumeRoleWithWebIdentity")
    def assume_role_with_web_identity(self, response: TokenResponse) -> ActionResult:
        _check_parameters(response)
        role_arn = moto.parameter(response, "RoleArn")
        token = moto.parameter(response, "WebIdentityToken") or ""
        issuer = _issuer(token)
        account_id = (role_arn.split(":") + [""] * 5)[4]
        providers = [
            OidcProvider(provider.arn, provider.url, tuple(provider.client_id_list))
            for provider in iam_backends[account_id][response.partition].open_id_providers.values()
        ]
        # An account has one provider for a URL.
        known = next((it for it in providers if it.url == issuer.removeprefix("https://")), None)
        if known is None:
            raise _Refused(
                "InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {issuer}"
            )
        claims = self._verified(token, issuer)
        audience = claims.get("aud")
        if audience not in known.client_ids:
            raise _Refused("InvalidIdentityToken", f"Incorrect token audience: {audience}")
        role = identity.find_role(role_arn)
        if role is None:
            raise AccessDenied(f"{_NOT_AUTHORIZED} on {role_arn}")
        context = {"sts:rolesessionname": moto.parameter(response, "RoleSessionName")}
        try:
            decision = trust_allows(
                role.assume_role_policy_document, claims, issuer, providers, context=context
            )
        except PolicyError as error:
            raise AccessDenied(f"{_NOT_AUTHORIZED} on {role_arn}: {error}") from None
        if not decision.allowed:
            raise AccessDenied(
                f"{_NOT_AUTHORIZED} on {role_arn} as {claims.get('sub') or 'no subject'} {decision.reason}"
            )
        return self._answer(response, role, str(claims.get("sub", "")), str(audience), issuer)

    @action("sts", "AssumeRoleWithSAML")
    @action("sts", "GetFederationToken")
    @action("sts", "GetSessionToken")
    def refuse(self, response: TokenResponse) -> ActionResult:
        raise AccessDenied(
            f"sts:{moto.requested_action(response)} is refused: "
            "the embedded cloud does not know whom such keys stand for"
        )

    def _trusted(self, caller: str, role_arn: str, external_id: str) -> Role:
        """Return the role if its trust policy, and the caller's own policies where they count, allow it."""
        principal = identity.aws_principal(caller)
        context = {"aws:principalarn": principal.arns[-1], "aws:principalaccount": principal.account_id}
        if external_id:
            context["sts:externalid"] = external_id
        role = identity.check_trust(role_arn, "sts:AssumeRole", principal, context, caller)
        own = identity.find_role(principal.arns[-1])
        if own is None:
            return role
        # A trust policy that names the account leaves it to the caller's policies; another account's always
        # counts.
        denied = f"{caller} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
        request = Request(action="sts:AssumeRole", resource=role_arn, principal=principal, context=context)
        session = self._identity.session_of_request()
        try:
            trust = decide([role.assume_role_policy_document], request, "trust policy", named=True)
            decision = evaluate(
                request,
                identity.role_policies(own),
                boundary=identity.role_boundary(own),
                session_policies=session.policies if session else (),
            )
        except PolicyError as error:
            raise AccessDenied(f"{denied}: {error}") from None
        direct = trust.naming != "account" and principal.account_id == role.account_id
        if not decision.allowed and (decision.statement is not None or not direct):
            raise AccessDenied(f"{denied} {decision.reason}")
        return role

    def _verified(self, token: str, issuer: str) -> dict[str, Any]:
        if issuer != ISSUER:
            raise _Refused(
                "InvalidIdentityToken",
                f"Couldn't retrieve verification key from your identity provider: the embedded cloud plays "
                f"{ISSUER} only, not {issuer}",
            )
        try:
            return self._issuer.verify(token)
        except jwt.ExpiredSignatureError as error:
            raise _Refused("ExpiredTokenException", f"Token expired: {error}") from None
        except jwt.InvalidTokenError as error:
            raise _Refused(
                "InvalidIdentityToken", f"The identity token is not one of the embedded issuer's: {error}"
            ) from None

    def _answer(
        self, response: TokenResponse, role: Role, subject: str, audience: str = "", issuer: str = ""
    ) -> ActionResult:
        duration = moto.int_parameter(response, "DurationSeconds") or 3600
        if duration > int(role.max_session_duration or 3600):
            raise STSValidationError(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            )
        credentials = self._identity.open_session(
            role.arn,
            moto.parameter(response, "RoleSessionName"),
            duration,
            response.region,
            _session_policies(response),
        )
        result: dict[str, Any] = {
            "Credentials": _shown(credentials),
            "AssumedRoleUser": {
                "AssumedRoleId": f"{role.id}:{moto.parameter(response, 'RoleSessionName')}",
                "Arn": credentials.assumed_role_arn,
            },
            "PackedPolicySize": 6,
        }
        if subject:
            result |= {"SubjectFromWebIdentityToken": subject, "Audience": audience, "Provider": issuer}
        return ActionResult(result)


def _issuer(token: str) -> str:
    try:
        return str(jwt.decode(token, options={"verify_signature": False}).get("iss", ""))
    except jwt.InvalidTokenError as error:
        raise _Refused("InvalidIdentityToken", f"The identity token cannot be read: {error}") from None


def _check_parameters(response: TokenResponse) -> None:
    name = moto.parameter(response, "RoleSessionName") or ""
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", name):
        raise STSValidationError(
            f"1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]{2,64}",
        )
    for parameter in ("PolicyArns", "Tags", "TransitiveTagKeys", "ProvidedContexts"):
        if moto.parameter(response, parameter):
            raise AccessDenied(f"the embedded STS does not know {parameter}, and would keep none of it")


def _session_policies(response: TokenResponse) -> list[str]:
    text = moto.parameter(response, "Policy")
    if not text:
        return []
    try:
        Policy.parse(text, "session policy")
    except PolicyError as error:
        raise _Refused("MalformedPolicyDocument", str(error)) from None
    return [text]


def _shown(credentials: Credentials) -> Any:
    return next(
        session
        for session in sts_backends[credentials.account_id][
            credentials.assumed_role_arn.split(":")[1]
        ].assumed_roles
        if session.access_key_id == credentials.access_key_id
    )
