"""A GitHub Actions job that may log in: what its tokens say, and how it comes to ask for them.

Rules: docs.github.com, "OpenID Connect reference": the subject is the environment's if the job names one,
else `pull_request` for that event, else the ref's; its start has two shapes since 15 July 2026.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

from strata.checkout.loopback import opener
from strata.errors import StrataError

_SECONDS = 10


@dataclass(frozen=True)
class WorkflowJob:
    """A job of a workflow run.

    Attributes:
        owner, owner_id, repository, repository_id: the repository the workflow runs in.
        event: what triggered it, such as `pull_request`.
        ref: such as `refs/heads/main`; of a pull request `refs/pull/12/merge`.
        environment: the GitHub environment the job names, if any.
        workflow: the file in `.github/workflows`.
        immutable_subject: whether the subject carries the ids.
    """

    owner: str
    owner_id: int
    repository: str
    repository_id: int
    event: str
    ref: str
    environment: str | None = None
    workflow: str = "terraform-pr-plan.yaml"
    immutable_subject: bool = True

    def subject(self) -> str:
        """Return the `sub` claim."""
        owner, repository = self.owner, self.repository
        if self.immutable_subject:
            owner, repository = f"{owner}@{self.owner_id}", f"{repository}@{self.repository_id}"
        if self.environment is not None:
            place = f"environment:{self.environment.replace(':', '%3A')}"
        elif self.event == "pull_request":
            place = "pull_request"
        else:
            place = f"ref:{self.ref}"
        return f"repo:{owner}/{repository}:{place}"

    def claims(self) -> dict[str, str]:
        """Return the claims of the job's tokens, without audience and times."""
        repository = f"{self.owner}/{self.repository}"
        claims = {
            "sub": self.subject(),
            "repository": repository,
            "repository_id": str(self.repository_id),
            "repository_owner": self.owner,
            "repository_owner_id": str(self.owner_id),
            "event_name": self.event,
            "ref": self.ref,
            "workflow": self.workflow.removesuffix(".yaml"),
            "workflow_ref": f"{repository}/.github/workflows/{self.workflow}@{self.ref}",
            "job_workflow_ref": f"{repository}/.github/workflows/{self.workflow}@{self.ref}",
            "runner_environment": "github-hosted",
        }
        return claims if self.environment is None else {**claims, "environment": self.environment}


def register(aws_url: str, claims: Mapping[str, str]) -> dict[str, str]:
    """Play GitHub: let a job have tokens with these claims of the embedded cloud's issuer.

    Args:
        aws_url: where the embedded AWS listens.
        claims: such as `Job.claims()`.

    Returns:
        The variables that GitHub sets for the job's steps.

    Raises:
        StrataError: no embedded cloud answers there.
    """
    request = urllib.request.Request(
        f"{aws_url}/_strata/github/jobs",
        data=json.dumps(dict(claims)).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    return {str(name): str(value) for name, value in _asked(request).items()}


def _asked(request: urllib.request.Request) -> dict[str, object]:
    try:
        with opener.open(request, timeout=_SECONDS) as answer:
            document: dict[str, object] = json.loads(answer.read())
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise StrataError(f"the issuer of ID tokens at {request.full_url} refuses: {error}") from None
    return document
