"""The job's own identity: a token that GitHub signs, asked for when needed, as it lives five minutes."""

from __future__ import annotations

import os
from collections.abc import Mapping

from strata.errors import StrataError
from strata.iam.workload_identity import SNOWFLAKE_AUDIENCE

_TIMEOUT = 20.0


def identity_token(audience: str, environ: Mapping[str, str] = os.environ) -> str:
    """Ask GitHub for a token that says which job this is.

    Raises:
        StrataError: the job has no `id-token: write`, or GitHub refuses.
    """
    address, secret = (
        environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"),
        environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
    )
    if not address or not secret:
        raise StrataError(
            "this job may not ask for an identity token", remedy="give it the permission `id-token: write`"
        )

    # Imported here: whoever plans without such a token needs neither.
    import httpx
    import tenacity

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type(httpx.TransportError),
        stop=tenacity.stop_after_attempt(4),
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=10),
        reraise=True,
    )
    def ask() -> httpx.Response:
        url = httpx.URL(address).copy_merge_params({"audience": audience})
        return httpx.get(url, headers={"Authorization": f"bearer {secret}"}, timeout=_TIMEOUT)

    try:
        answer = ask()
    except httpx.TransportError as error:
        raise StrataError(f"GitHub's token service does not answer: {type(error).__name__}") from None
    try:
        return str(answer.raise_for_status().json()["value"])
    except (httpx.HTTPStatusError, ValueError, KeyError):
        raise StrataError(f"GitHub's token service refused: {answer.status_code}") from None


def snowflake_variables(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What lets the Snowflake provider log in as this job; nothing where it does not log in by OIDC.

    Raises:
        StrataError: as `identity_token`.
    """
    if environ.get("SNOWFLAKE_WORKLOAD_IDENTITY_PROVIDER") != "OIDC":
        return {}
    token = identity_token(SNOWFLAKE_AUDIENCE, environ)
    if environ.get("GITHUB_ACTIONS") == "true":
        # Whatever prints it from now on, the log shows stars.
        print(f"::add-mask::{token}", flush=True)
    return {"SNOWFLAKE_TOKEN": token}
