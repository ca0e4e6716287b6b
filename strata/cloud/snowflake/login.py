"""Login with a password, or with a workload identity that the embedded STS or OIDC issuer verifies."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
import urllib.error
import urllib.request
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt

from strata.checkout.loopback import opener
from strata.cloud.github.issuer import Issuer
from strata.cloud.snowflake.catalog import User
from strata.cloud.snowflake.errors import LoginError
from strata.cloud.snowflake.statements.accounts import password_matches
from strata.iam.workload_identity import oidc_login_allows

_AUDIENCE = "snowflakecomputing.com"
# One message for an unknown user and a wrong password, so that it does not reveal which users exist.
_REFUSED = "Incorrect username or password was specified."


def authenticate(users: Sequence[User], data: Mapping[str, Any], aws_url: str, issuer: Issuer) -> User:
    """Return the user that a login request authenticates.

    Raises:
        LoginError: unknown user, wrong secret, disabled user, unsupported authenticator.
    """
    authenticator = str(data.get("AUTHENTICATOR") or "SNOWFLAKE").upper()
    if authenticator == "WORKLOAD_IDENTITY":
        user = _by_workload_identity(users, data, aws_url, issuer)
    elif authenticator == "SNOWFLAKE":
        user = _by_password(users, str(data.get("LOGIN_NAME") or ""), str(data.get("PASSWORD") or ""))
    else:
        raise LoginError(f"The embedded Snowflake does not support authenticator {authenticator}.", 390201)
    if user.options.get("DISABLED"):
        raise LoginError("User access disabled. Contact your local system administrator.", 390101)
    return user


def _by_password(users: Sequence[User], login_name: str, password: str) -> User:
    user = _find(users, login_name)
    if user is None or not password_matches(user.password, password):
        raise LoginError(_REFUSED)
    return user


def _find(users: Sequence[User], login_name: str) -> User | None:
    wanted = login_name.upper()
    return next((user for user in users if user.options.get("LOGIN_NAME") == wanted), None)


def _by_workload_identity(
    users: Sequence[User], data: Mapping[str, Any], aws_url: str, issuer: Issuer
) -> User:
    provider = str(data.get("PROVIDER") or "").upper()
    if provider == "OIDC":
        return _by_token(users, str(data.get("TOKEN") or ""), str(data.get("LOGIN_NAME") or ""), issuer)
    if provider != "AWS":
        raise LoginError(
            f"The embedded Snowflake cannot verify a workload identity of provider {provider}.", 394400
        )
    caller = caller_arn(str(data.get("TOKEN") or ""), aws_url)
    login_name = str(data.get("LOGIN_NAME") or "")
    for user in users:
        identity = user.workload_identity
        if identity is None or identity.kind != "AWS" or not same_principal(identity.arn, caller):
            continue
        if not login_name or user.options.get("LOGIN_NAME") == login_name.upper():
            return user
    raise LoginError(f"No user's workload identity matches the caller {caller}.", 394400)


def _by_token(users: Sequence[User], token: str, login_name: str, issuer: Issuer) -> User:
    """Return the user whose workload identity matches an OIDC token of the embedded issuer."""
    try:
        claims = issuer.verify(token)
    except jwt.InvalidTokenError as error:
        raise LoginError(f"The workload identity's token is not valid: {error}", 394400) from None
    reason = "no user has a workload identity of the type OIDC"
    for user in users:
        identity = user.workload_identity
        if identity is None or identity.kind != "OIDC":
            continue
        if login_name and user.options.get("LOGIN_NAME") != login_name.upper():
            continue
        decision = oidc_login_allows(
            claims, issuer=identity.issuer, subject=identity.subject, audiences=identity.audiences
        )
        if decision.allowed:
            return user
        reason = decision.reason
    raise LoginError(
        f"No user's workload identity matches the token of {claims.get('sub')}: {reason}", 394400
    )


def same_principal(arn: str, caller: str) -> bool:
    """Return whether a caller's ARN is the role or user of `arn`; a session's ARN lacks the role's path."""
    session = re.fullmatch(r"arn:([^:]+):sts::(\d{12}):assumed-role/([^/]+)/[^/]+", caller)
    if session is None:
        return hmac.compare_digest(arn, caller)
    role = re.fullmatch(r"arn:([^:]+):iam::(\d{12}):role/(?:.*/)?([^/]+)", arn)
    return role is not None and role.groups() == session.groups()


def caller_arn(token: str, aws_url: str) -> str:
    """Return the ARN that the embedded STS gives for an attestation's signed GetCallerIdentity request.

    The attestation is what snowflake-connector-python 4.8 makes (wif_util.create_aws_attestation): base64 of
    JSON with url, method and headers. Only a request that is signed for STS and names Snowflake as audience
    in its signed headers is sent on.

    Raises:
        LoginError: it is another request, or STS refuses it.
    """
    try:
        request = json.loads(base64.b64decode(token, validate=True))
        url = urlsplit(request["url"])
        headers = {str(name).lower(): str(value) for name, value in request["headers"].items()}
        method = request["method"]
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError):
        raise LoginError("The workload identity's attestation cannot be read.", 394400) from None
    action = parse_qs(url.query).get("Action", [""])
    authorization = headers.get("authorization", "")
    signed = re.search(
        r"Credential=[^/]+/\d{8}/[^/]+/sts/aws4_request, ?SignedHeaders=([^,]+),", authorization
    )
    if (
        method != "POST"
        or not re.fullmatch(r"sts(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?|127\.0\.0\.1:\d+", url.netloc)
        or action != ["GetCallerIdentity"]
        or signed is None
        or headers.get("x-snowflake-audience") != _AUDIENCE
        or not {"host", "x-snowflake-audience"} <= set(signed[1].split(";"))
    ):
        raise LoginError(
            "The workload identity's attestation is not a GetCallerIdentity request to AWS STS.", 394400
        )
    replay = urllib.request.Request(f"{aws_url}/?{url.query}", data=b"", headers=headers, method="POST")
    try:
        with opener.open(replay) as answer:
            document = ElementTree.fromstring(answer.read())
    except (urllib.error.URLError, OSError, ElementTree.ParseError) as error:
        raise LoginError(f"AWS STS refuses the workload identity's attestation: {error}", 394400) from None
    arn = next(
        (node.text for node in document.iter() if node.tag.endswith("}Arn") or node.tag == "Arn"), None
    )
    if not arn:
        raise LoginError("AWS STS answers the workload identity's attestation without a caller.", 394400)
    return arn
