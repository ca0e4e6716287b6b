"""GitHub's REST API, as far as the workflows need it; every call is retried where that can help."""

from __future__ import annotations

import functools
import os
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import tenacity

from strata.errors import StrataError

_TIMEOUT = 20.0
_ATTEMPTS = 5
_PAGE = 100
_MOST_PAGES = 50
# GitHub's limit for a commit status.
_STATUS_LENGTH = 140
# A job waits no longer than this; a primary rate limit takes up to an hour.
_LONGEST_WAIT = 60.0


class _RetryError(Exception):
    """An answer after which the same request may succeed."""

    def __init__(self, what: str, after: float | None = None) -> None:
        super().__init__(what)
        self.after = after


@dataclass(frozen=True)
class GitHub:
    """One repository, seen with one token.

    Args:
        api_url: such as `https://api.github.com`.
        repository: `owner/name`.
        token: a token of the job.
        pause: the first wait between attempts in seconds; each next one is about twice as long.
    """

    api_url: str
    repository: str
    token: str
    pause: float = 1.0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> GitHub:
        """The repository and token of the job that runs this.

        Raises:
            StrataError: a variable that GitHub Actions sets, or GITHUB_TOKEN, is missing.
        """
        values = {}
        for name in ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN"):
            if not environ.get(name):
                raise StrataError(
                    f"{name} is not set",
                    remedy="run this in GitHub Actions, with env GITHUB_TOKEN: github.token",
                )
            values[name] = environ[name]
        pause = float(environ.get("STRATA_GITHUB_PAUSE", "1"))
        return cls(
            values["GITHUB_API_URL"].rstrip("/"), values["GITHUB_REPOSITORY"], values["GITHUB_TOKEN"], pause
        )

    def upsert_comment(self, issue: int, marker: str, body: str, *, create: bool = True) -> str | None:
        """Write a comment, or rewrite the one that begins with the marker; return its address.

        An answer that got lost cannot make two: each attempt looks for the comment first. Without `create`,
        only one that is there is rewritten, and None is returned where there is none.

        Raises:
            StrataError: GitHub refuses, or does not answer after several attempts.
        """
        if not body.startswith(marker):
            raise StrataError(
                "the comment's text does not begin with its marker", remedy="keep its first line"
            )
        path = f"/repos/{self.repository}/issues/{issue}/comments"

        def once() -> Any:
            for comment in self._pages(path):
                # Somebody else's comment may quote the marker, but a person's is never rewritten.
                if str(comment.get("body", "")).startswith(marker) and _is_app(comment):
                    if comment["body"] == body:
                        return comment
                    return self._call(
                        "PATCH", f"/repos/{self.repository}/issues/comments/{comment['id']}", {"body": body}
                    )
            return self._call("POST", path, {"body": body}) if create else None

        answer = self._retrying(once)
        return None if answer is None else str(answer["html_url"])

    def comment(self, issue: int, marker: str) -> str | None:
        """The comment that begins with a marker; None if there is none.

        Raises:
            StrataError: as `upsert_comment`.
        """
        path = f"/repos/{self.repository}/issues/{issue}/comments"

        def once() -> str | None:
            texts = (str(one.get("body", "")) for one in self._pages(path) if _is_app(one))
            return next((text for text in texts if text.startswith(marker)), None)

        found: str | None = self._retrying(once)
        return found

    def open_pull_requests(self, branch: str) -> dict[int, str]:
        """Number -> head commit of the open pull requests to a branch.

        Raises:
            StrataError: as `upsert_comment`.
        """
        path = f"/repos/{self.repository}/pulls?state=open&base={quote(branch, safe='')}"
        pulls = self._retrying(lambda: list(self._pages(path)))
        return {int(pull["number"]): str(pull["head"]["sha"]) for pull in pulls}

    def upsert_issue(self, marker: str, title: str, body: str | None) -> str | None:
        """Keep one issue per marker: open it with this text, or close it if there is none (body None).

        Returns:
            The issue's address, or None if there is nothing to say and nothing to close.

        Raises:
            StrataError: as `upsert_comment`.
        """
        path = f"/repos/{self.repository}/issues"

        def once() -> Any:
            for issue in self._pages(f"{path}?state=all&creator=github-actions%5Bbot%5D"):
                if str(issue.get("body", "")).startswith(marker) and "pull_request" not in issue:
                    change: dict[str, Any] = (
                        {"state": "closed"} if body is None else {"state": "open", "body": body}
                    )
                    if all(issue.get(name) == value for name, value in change.items()):
                        return issue
                    return self._call("PATCH", f"{path}/{issue['number']}", change)
            return None if body is None else self._call("POST", path, {"title": title, "body": body})

        answer = self._retrying(once)
        return None if answer is None else str(answer["html_url"])

    def approvals(self, pull_request: int, author: str, head: str) -> set[str]:
        """The labels that are set and that approve this very commit.

        Whoever set them last is a person who neither opened the pull request nor pushed the commit, and set
        them after the commit came. GitHub's first run for the commit says when it came, and from whom.

        Raises:
            StrataError: as `upsert_comment`.
        """
        path = f"/repos/{self.repository}/issues/{pull_request}"

        def once() -> set[str]:
            runs = self._pages(
                f"/repos/{self.repository}/actions/runs?event=pull_request&head_sha={head}", "workflow_runs"
            )
            first = min(runs, key=lambda run: str(run["created_at"]), default=None)
            if first is None:
                return set()
            own = {author.lower(), _login(first).lower()}
            given: dict[str, bool] = {}
            for event in self._pages(f"{path}/events"):
                if event.get("event") == "labeled":
                    given[event["label"]["name"]] = (
                        _login(event).lower() not in {"", *own}
                        and event["actor"].get("type") != "Bot"
                        and str(event["created_at"]) > str(first["created_at"])
                    )
            present = {str(label["name"]) for label in self._pages(f"{path}/labels")}
            return {name for name in present if given.get(name)}

        found: set[str] = self._retrying(once)
        return found

    def remove_labels(self, pull_request: int, prefix: str) -> list[str]:
        """Take every label with this prefix off; return which there were.

        Raises:
            StrataError: as `upsert_comment`.
        """
        path = f"/repos/{self.repository}/issues/{pull_request}/labels"

        def once() -> list[str]:
            names = [str(label["name"]) for label in self._pages(path)]
            for name in (stale := [name for name in names if name.startswith(prefix)]):
                self._call("DELETE", f"{path}/{quote(name, safe='')}")
            return stale

        removed: list[str] = self._retrying(once)
        return removed

    def merged_heads(self, commit: str) -> list[str]:
        """The head commits of the merged pull requests that brought a commit to its branch.

        Raises:
            StrataError: as `upsert_comment`.
        """
        path = f"/repos/{self.repository}/commits/{commit}/pulls"
        pulls = self._retrying(lambda: list(self._pages(path)))
        return [str(pull["head"]["sha"]) for pull in pulls if pull.get("merged_at")]

    def running_jobs(self, workflow: str) -> list[str]:
        """The names of the jobs of a workflow's file that are in progress.

        Raises:
            StrataError: as `upsert_comment`.
        """
        path = f"/repos/{self.repository}/actions"

        def once() -> list[str]:
            runs = self._pages(f"{path}/workflows/{workflow}/runs?status=in_progress", "workflow_runs")
            jobs = [job for run in runs for job in self._pages(f"{path}/runs/{run['id']}/jobs", "jobs")]
            return [str(job["name"]) for job in jobs if job.get("status") == "in_progress"]

        found: list[str] = self._retrying(once)
        return found

    def last_applied(self, environment: str, commits: Iterable[str]) -> str | None:
        """The first of these commits that was applied completely to an environment; None if none was.

        Raises:
            StrataError: as `upsert_comment`.
        """
        for commit in commits:
            path = f"/repos/{self.repository}/commits/{commit}/status?per_page=100"
            answer = self._retrying(functools.partial(self._call, "GET", path))
            states = {str(one["context"]): str(one["state"]) for one in answer.get("statuses", ())}
            if states.get(_context(environment)) == "success":
                return commit
        return None

    def mark_applied(self, environment: str, commit: str, *, succeeded: bool, description: str) -> None:
        """Record at a commit whether it was applied completely: the next run goes on from the last that was.

        Raises:
            StrataError: as `upsert_comment`.
        """
        self._mark(commit, _context(environment), "success" if succeeded else "failure", description)

    def mark_outdated(self, environment: str, commit: str, description: str) -> None:
        """Record at the head of a pull request that its plan is not what a merge would do.

        Raises:
            StrataError: as `upsert_comment`.
        """
        self._mark(commit, f"strata/plan ({environment})", "failure", description)

    def _mark(self, commit: str, context: str, state: str, description: str) -> None:
        body = {"state": state, "context": context, "description": description[:_STATUS_LENGTH]}
        path = f"/repos/{self.repository}/statuses/{commit}"
        self._retrying(lambda: self._call("POST", path, body))

    # -- one request -----------------------------------------------------------------------------------------

    def _pages(self, path: str, key: str | None = None) -> Iterator[dict[str, Any]]:
        """The items of every page: each is a list, or holds one under a key."""
        mark = "&" if "?" in path else "?"
        for page in range(1, _MOST_PAGES + 1):
            answer = self._call("GET", f"{path}{mark}per_page={_PAGE}&page={page}")
            items = answer.get(key) if key and isinstance(answer, dict) else answer
            if not isinstance(items, list):
                raise StrataError(f"GitHub's answer to GET {path.partition('?')[0]} is not a list")
            yield from items
            if len(items) < _PAGE:
                return

    def _retrying(self, action: Any) -> Any:
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_RetryError),
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            wait=self._wait,
            reraise=True,
        )
        try:
            return retrying(action)
        except _RetryError as error:
            raise StrataError(
                f"GitHub's API at {self.api_url} failed {_ATTEMPTS} times: {error}",
                remedy="run the job again; see https://www.githubstatus.com",
            ) from None

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.after if isinstance(error, _RetryError) else None
        backoff = tenacity.wait_random_exponential(multiplier=self.pause, max=30)(state)
        return min(_LONGEST_WAIT, max(asked or 0.0, backoff))

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        try:
            answer = httpx.request(
                method,
                f"{self.api_url}{path}",
                headers=headers,
                json=body,
                timeout=_TIMEOUT,
                verify=_trusted(),
            )
        except httpx.TransportError as error:
            raise _RetryError(f"{method} {path.partition('?')[0]}: {type(error).__name__}") from None
        if answer.is_success:
            try:
                return answer.json() if answer.content else None
            except ValueError:
                raise _RetryError(f"{method} {path.partition('?')[0]}: the answer is not JSON") from None
        failure = f"{method} {path.partition('?')[0]}: {answer.status_code} {_message(answer)}"
        if answer.status_code >= 500 or answer.status_code in (408, 429) or _is_limit(answer):
            raise _RetryError(failure, _asked_wait(answer))
        raise StrataError(f"GitHub refused {failure}", remedy=_REMEDIES.get(answer.status_code))


_REMEDIES = {
    401: "give the step GITHUB_TOKEN",
    403: "give the job its permission: `pull-requests: write` for comments, `actions: read` for runs",
    404: "look at the number, and at the job's permissions",
    422: "look at the text's length and content",
}


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted: reading them takes longer than most requests."""
    return httpx.create_ssl_context()


def _context(environment: str) -> str:
    return f"strata/apply ({environment})"


def _login(item: Mapping[str, Any]) -> str:
    """Who did it; empty where the account is gone."""
    return str((item.get("actor") or {}).get("login", ""))


def _is_app(comment: Mapping[str, Any]) -> bool:
    return (comment.get("user") or {}).get("type") == "Bot"


def _is_limit(answer: httpx.Response) -> bool:
    return answer.status_code == 403 and (
        "retry-after" in answer.headers
        or answer.headers.get("x-ratelimit-remaining") == "0"
        or "rate limit" in _message(answer).lower()
    )


def _asked_wait(answer: httpx.Response) -> float | None:
    try:
        if "retry-after" in answer.headers:
            return float(answer.headers["retry-after"])
        if answer.headers.get("x-ratelimit-remaining") == "0":
            return max(0.0, float(answer.headers["x-ratelimit-reset"]) - time.time())
    except (KeyError, ValueError):
        pass
    return None


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("message", ""))[:200]
    except (ValueError, AttributeError):
        return answer.text[:100]
