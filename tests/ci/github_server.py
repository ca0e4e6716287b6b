"""GitHub's REST API for one repository, in this process: what the commands call, with the permissions of each token."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

REPOSITORY = "example-org/strata"
_TALK = ("pull-requests", "issues")
# Method and path -> the permissions of which GitHub asks for one; to read, where the method is GET.
_NEEDS = (
    ("GET", r"/issues/\d+/(comments|labels|events)", _TALK),
    ("GET", r"/issues", ("issues",)),
    ("GET", r"/commits/\w+/pulls", ("pull-requests",)),
    ("GET", r"/pulls", ("pull-requests",)),
    ("GET", r"/commits/\w+/status", ("statuses",)),
    ("GET", r"/actions/.+", ("actions",)),
    ("POST", r"/issues/\d+/comments", _TALK),
    ("PATCH", r"/issues/comments/\d+", _TALK),
    ("DELETE", r"/issues/\d+/labels/.+", _TALK),
    ("POST", r"/issues", ("issues",)),
    ("PATCH", r"/issues/\d+", ("issues",)),
    ("POST", r"/statuses/\w+", ("statuses",)),
)


@dataclass
class Server:
    """The repository's state, as far as GitHub keeps it.

    Attributes:
        tokens: token -> the job's permissions.
        faults: answers to give first, in order: (status, headers, body); None drops the connection.
        calls: method and path of every request.
    """

    url: str = ""
    tokens: dict[str, Mapping[str, str]] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    labels: dict[int, list[str]] = field(default_factory=dict)
    events: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    pulls: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    open: list[dict[str, Any]] = field(default_factory=list)
    statuses: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    faults: list[tuple[int, dict[str, str], str] | None] = field(default_factory=list)
    # Do the work, then lose the answer.
    lose_answers: int = 0
    calls: list[str] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    seconds: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> str:
        """The time, a second later than when it was asked last."""
        self.seconds += 1
        return f"2026-11-23T18:{self.seconds // 60:02d}:{self.seconds % 60:02d}Z"

    def run(self, head: str, actor: str, workflow: str = "terraform-pr-plan.yaml", *jobs: str) -> None:
        """An event of a pull request starts a workflow; `jobs` of it are in progress."""
        event = {"head_sha": head, "event": "pull_request", "created_at": self.now()}
        self.runs.insert(
            0, {**event, "id": len(self.runs), "workflow": workflow, "actor": {"login": actor}, "jobs": jobs}
        )

    def label(self, number: int, name: str, actor: str) -> None:
        """Somebody sets a label."""
        self.labels.setdefault(number, []).append(name)
        self.events.setdefault(number, []).append(
            {
                "event": "labeled",
                "label": {"name": name},
                "actor": {"login": actor, "type": "Bot" if actor.endswith("[bot]") else "User"},
                "created_at": self.now(),
            }
        )

    def answer(self, method: str, path: str, body: Any, token: str) -> tuple[int, Any]:
        """One request."""
        split = urlsplit(path)
        query = parse_qs(split.query)
        prefix = f"/repos/{REPOSITORY}"
        if token not in self.tokens:
            return 401, {"message": "Bad credentials"}
        if not split.path.startswith(prefix):
            return 404, {"message": "Not Found"}
        place = split.path.removeprefix(prefix)
        for verb, pattern, permissions in _NEEDS:
            if method == verb and re.fullmatch(pattern, place):
                rights = {"read", "write"} if method == "GET" else {"write"}
                if not any(self.tokens[token].get(name) in rights for name in permissions):
                    return 403, {"message": "Resource not accessible by integration"}
        for verb, pattern, handler in self._routes():
            found = re.fullmatch(pattern, place)
            if verb == method and found:
                return handler([unquote(part) for part in found.groups()], body, query)
        return 404, {"message": f"Not Found: {method} {place}"}

    def _routes(self) -> list[tuple[str, str, Callable[..., tuple[int, Any]]]]:
        return [
            ("GET", r"/issues/(\d+)/comments", self._list_comments),
            ("POST", r"/issues/(\d+)/comments", self._post_comment),
            ("PATCH", r"/issues/comments/(\d+)", self._patch_comment),
            ("GET", r"/issues", lambda p, b, q: (200, _page(self.issues, q))),
            ("POST", r"/issues", self._post_issue),
            ("PATCH", r"/issues/(\d+)", self._patch_issue),
            (
                "GET",
                r"/issues/(\d+)/labels",
                lambda p, b, q: (200, [{"name": n} for n in self.labels.get(int(p[0]), [])]),
            ),
            ("DELETE", r"/issues/(\d+)/labels/(.+)", self._remove_label),
            ("GET", r"/issues/(\d+)/events", lambda p, b, q: (200, _page(self.events.get(int(p[0]), []), q))),
            ("GET", r"/pulls", lambda p, b, q: (200, _page(self.open, q) if q["base"] == ["main"] else [])),
            ("GET", r"/commits/(\w+)/pulls", lambda p, b, q: (200, self.pulls.get(p[0], []))),
            (
                "GET",
                r"/commits/(\w+)/status",
                lambda p, b, q: (200, {"statuses": list(self.statuses.get(p[0], {}).values())}),
            ),
            ("POST", r"/statuses/(\w+)", self._post_status),
            ("GET", r"/actions/runs", self._list_runs),
            ("GET", r"/actions/workflows/([\w.-]+)/runs", self._list_running),
            ("GET", r"/actions/runs/(\d+)/jobs", self._list_jobs),
        ]

    def _list_runs(self, parts: list[str], body: Any, query: Any) -> tuple[int, Any]:
        found = [run for run in self.runs if [run["head_sha"]] == query["head_sha"]]
        return 200, {"workflow_runs": _page(found, query)}

    def _list_running(self, parts: list[str], body: Any, query: Any) -> tuple[int, Any]:
        assert query["status"] == ["in_progress"]
        found = [run for run in self.runs if run["workflow"] == parts[0] and run["jobs"]]
        return 200, {"workflow_runs": _page(found, query)}

    def _list_jobs(self, parts: list[str], body: Any, query: Any) -> tuple[int, Any]:
        (run,) = (run for run in self.runs if run["id"] == int(parts[0]))
        jobs = [{"name": name, "status": "in_progress"} for name in run["jobs"]]
        return 200, {"jobs": _page([{"name": "affected units", "status": "completed"}, *jobs], query)}

    def _list_comments(self, parts: list[str], body: Any, query: Any) -> tuple[int, Any]:
        return 200, _page([c for c in self.comments if c["issue"] == int(parts[0])], query)

    def _post_comment(self, parts: list[str], body: Any, query: Any) -> tuple[int, Any]:
        if len(body["body"]) > 65_536:
            return 422, {"message": "Validation Failed: body is too long (maximum is 65536 characters)"}
        number = len(self.comments) + 1
        comment = {
            "id": number,
            "issue": int(parts[0]),
            "body": body["body"],
            "user": {"type": "Bot", "login": "github-actions[bot]"},
            "html_url": f"https://github.com/{REPOSITORY}/pull/{parts[0]}#issuecomment-{number}",
        }
        self.comments.append(comment)
        return 201, comment

    def _patch_comment(self, parts: list[str], body: Any, query: Any) -> tuple[int, Any]:
        comment = self.comments[int(parts[0]) - 1]
        comment["body"] = body["body"]
        return 200, comment

    def _post_issue(self, parts: list[str], body: Any, query: Any) -> tuple[int, Any]:
        number = 100 + len(self.issues)
        issue = {
            **body,
            "number": number,
            "state": "open",
            "html_url": f"https://github.com/{REPOSITORY}/issues/{number}",
        }
        self.issues.append(issue)
        return 201, issue

    def _patch_issue(self, parts: list[str], body: Any, query: Any) -> tuple[int, Any]:
        issue = next(issue for issue in self.issues if issue["number"] == int(parts[0]))
        issue.update(body)
        return 200, issue

    def _remove_label(self, parts: list[str], body: Any, query: Any) -> tuple[int, Any]:
        self.labels[int(parts[0])].remove(parts[1])
        return 200, []

    def _post_status(self, parts: list[str], body: Any, query: Any) -> tuple[int, Any]:
        self.statuses.setdefault(parts[0], {})[body["context"]] = body
        return 201, body


def _page(items: list[Any], query: Mapping[str, list[str]]) -> list[Any]:
    size, page = int(query.get("per_page", ["30"])[0]), int(query.get("page", ["1"])[0])
    return items[(page - 1) * size : page * size]


@contextmanager
def serve() -> Iterator[Server]:
    """The server on a free port."""
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            with state.lock:
                state.calls.append(f"{self.command} {self.path}")
                fault = state.faults.pop(0) if state.faults else ()
                if fault == ():
                    token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                    status, answer = state.answer(self.command, self.path, body, token)
                    headers, text = {}, json.dumps(answer)
                    if self.command in ("POST", "PATCH") and state.lose_answers:
                        state.lose_answers -= 1
                        fault = None
                elif fault is not None:
                    status, headers, text = fault
            if fault is None:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PATCH = do_DELETE = _handle

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # It looks that often whether it is to stop, once for each test.
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
