"""GitHub's OIDC issuer, played by the embedded cloud: a workflow logs in offline as it does on GitHub.

GitHub gives a job that may have tokens a URL and a request token; the job asks for an ID token with an
audience there. Here whoever plays GitHub registers a job's claims (`POST /_strata/github/jobs`) and gets
those two. The issuer's key lives as long as its cloud. Rules: docs.github.com, "OpenID Connect reference"
and "About security hardening with OpenID Connect"; the addresses of the discovery document and of the keys
are the issuer's own.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.wrappers import Request, Response

ISSUER = "https://token.actions.githubusercontent.com"
PREFIX = "/_strata/github"
_SECONDS = 300
_LEEWAY = 5
_NEEDED = ["exp", "iat", "iss"]


class Issuer:
    """The issuer of one embedded cloud; its key is made when it is first needed."""

    def __init__(self) -> None:
        self._jobs: dict[str, dict[str, Any]] = {}
        self._signing: tuple[rsa.RSAPrivateKey, str] | None = None
        self._lock = threading.Lock()

    def mint(self, claims: Mapping[str, Any], *, seconds: int = _SECONDS) -> str:
        """Return a signed ID token.

        Args:
            claims: what it says; `iss`, the times and `jti` are added where they are missing.
            seconds: until it expires; negative for one that has expired.
        """
        now = int(time.time())
        key, name = self._key()
        standard = {
            "iss": ISSUER,
            "iat": now - max(0, -seconds) - 1,
            "nbf": now - max(0, -seconds) - 1,
            "exp": now + seconds,
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode({**standard, **claims}, key, algorithm="RS256", headers={"kid": name})

    def verify(self, token: str) -> dict[str, Any]:
        """Return the claims of a token; who it is for is the caller's affair.

        Raises:
            jwt.InvalidTokenError: not a token, not signed by this issuer, not yet valid, or expired.
        """
        claims: dict[str, Any] = jwt.decode(
            token,
            self._key()[0].public_key(),
            algorithms=["RS256"],
            issuer=ISSUER,
            leeway=_LEEWAY,
            options={"require": _NEEDED, "verify_aud": False, "verify_sub": False},
        )
        return claims

    def register(self, claims: Mapping[str, Any], base_url: str) -> dict[str, str]:
        """Let a job ask for tokens with these claims; return the variables that GitHub sets for it."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._jobs[token] = dict(claims)
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{base_url}{PREFIX}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": token,
        }

    def forget(self) -> None:
        """Forget every registered job."""
        with self._lock:
            self._jobs.clear()

    def answer(self, request: Request) -> Response:
        """Answer an HTTP request to an address under `PREFIX`."""
        place = request.path.removeprefix(PREFIX)
        if request.method == "GET" and place == "/token":
            return self._token(request)
        if request.method == "GET" and place == "/.well-known/jwks":
            return _json({"keys": [self._public_key()]})
        if request.method == "GET" and place == "/.well-known/openid-configuration":
            base = request.host_url.rstrip("/") + PREFIX
            return _json(
                {
                    "issuer": ISSUER,
                    "jwks_uri": f"{base}/.well-known/jwks",
                    "id_token_signing_alg_values_supported": ["RS256"],
                    "response_types_supported": ["id_token"],
                    "subject_types_supported": ["public"],
                }
            )
        if request.method == "POST" and place == "/jobs":
            claims = request.get_json(silent=True)
            if not isinstance(claims, dict) or not all(isinstance(value, str) for value in claims.values()):
                return _json({"message": "the claims must be a JSON object of texts"}, 400)
            return _json(self.register(claims, request.host_url.rstrip("/")), 201)
        return _json({"message": f"{request.method} {request.path} is not known"}, 404)

    def _token(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        with self._lock:
            claims = self._jobs.get(token) if scheme.lower() == "bearer" else None
        if claims is None:
            return _json({"message": "no job may have a token by this request token"}, 401)
        # Without an audience GitHub takes the owner's URL.
        default = f"https://github.com/{claims.get('repository_owner', '')}"
        return _json({"value": self.mint({**claims, "aud": request.args.get("audience") or default})})

    def _public_key(self) -> dict[str, Any]:
        key, name = self._key()
        shown: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
        return {**shown, "kid": name, "use": "sig", "alg": "RS256"}

    def _key(self) -> tuple[rsa.RSAPrivateKey, str]:
        with self._lock:
            if self._signing is None:
                made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
                self._signing = made, secrets.token_hex(8)
            return self._signing


def _json(document: Any, status: int = 200) -> Response:
    return Response(json.dumps(document), status, content_type="application/json")
