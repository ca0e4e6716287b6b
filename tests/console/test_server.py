"""The console's server: who may ask, what it answers, and that it says faults."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from strata.console.app import _Api, create_app
from strata.console.guard import POLICY
from strata.errors import StrataError
from tests.console.recorded import HOSTILE, MARKUP, RUNS, Recorded

PORT, TOKEN = 8123, "the-token"
HERE = f"http://127.0.0.1:{PORT}"
POSTS = {"/api/dev/query": {"sql": "SELECT 1"}, "/api/dev/datasets/flights/reprocess": {"reason": ""}}
PATHS = ["/", "/web/main.js", "/web/style.css", "/api/environments", "/api/dev/flow", "/api/dev/changes"]


class Client:
    """A browser without pages: it keeps cookies and asks the server in this process."""

    def __init__(self, source: Recorded) -> None:
        transport = httpx.ASGITransport(create_app(source, TOKEN, PORT, threading.Event()))
        self._http = httpx.AsyncClient(transport=transport, base_url=HERE)

    def get(self, path: str, **given: Any) -> httpx.Response:
        return asyncio.run(self._http.get(path, **given))

    def post(self, path: str, **given: Any) -> httpx.Response:
        headers = {"Origin": HERE} | given.pop("headers", {})
        return asyncio.run(self._http.post(path, headers=headers, **given))

    def request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run(self._http.send(request))


@pytest.fixture
def stranger(source: Recorded) -> Client:
    """Who does not know the token."""
    return Client(source)


@pytest.fixture
def client(stranger: Client) -> Client:
    """Who has opened the address with the token."""
    stranger.get(f"/?token={TOKEN}")
    return stranger


def test_the_token_becomes_a_cookie_and_leaves_the_address(stranger: Client) -> None:
    answer = stranger.get(f"/?token={TOKEN}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert f"strata-console-{PORT}={TOKEN}" in cookie
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert stranger.get("/").status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_nothing_is_told(stranger: Client, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": f"strata-console-{PORT}=wrong"}):
        answer = stranger.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.text == "Open the address that `strata console` prints: it has the token.\n"
    assert stranger.get("/?token=wrong").status_code == 401
    # Only the first page takes the token from the address, where others may see it.
    assert stranger.get(f"{path.rstrip('/')}/x?token={TOKEN}").status_code in (401, 404)


def test_another_console_s_cookie_is_not_taken(stranger: Client) -> None:
    assert stranger.get("/", headers={"Cookie": f"strata-console-1={TOKEN}"}).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example"},
        {"Host": f"attacker.example:{PORT}"},
        {"Host": "127.0.0.1:1"},
        {"Origin": "http://attacker.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
    ],
)
def test_other_pages_are_refused_even_with_the_token(client: Client, headers: dict[str, str]) -> None:
    for path in PATHS:
        assert client.get(path, headers=headers).status_code == 403
    for path, body in POSTS.items():
        assert client.post(path, json=body, headers=headers).status_code == 403


@pytest.mark.parametrize("path", POSTS)
def test_what_changes_something_needs_the_token_and_the_origin(
    client: Client, stranger: Client, source: Recorded, path: str
) -> None:
    # httpx adds no Origin of itself, as a program would not.
    headers = {"Cookie": f"strata-console-{PORT}={TOKEN}"}
    without = httpx.Request("POST", f"{HERE}{path}", json=POSTS[path], headers=headers)
    assert client.request(without).status_code == 403
    unknown = {"Origin": HERE, "Cookie": f"strata-console-{PORT}=wrong", "Content-Type": "application/json"}
    wrong = httpx.Request("POST", f"{HERE}{path}", json=POSTS[path], headers=unknown)
    assert client.request(wrong).status_code == 401
    assert (source.asked, source.again) == ([], [])
    assert client.post(path, json=POSTS[path]).status_code == 200
    assert len(source.asked + source.again) == 1


def test_objects_are_processed_again(client: Client, source: Recorded) -> None:
    path = "/api/dev/datasets/flights/reprocess"
    started = client.post(path, json={"reason": "bad_date"}).json()
    assert source.again == ["dev flights bad_date"]
    assert (started["status"], started["found"], started["succeeded"]) == ("RUNNING", 3, 0)
    for content, status in (("{}", 400), ('{"reason": 1}', 400), ("no json", 400)):
        answer = client.post(path, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == status
    assert client.post(path, content='{"reason": ""}').status_code == 415
    assert client.get(path).status_code == 405
    assert source.again == ["dev flights bad_date"]


def test_the_page_s_own_requests_are_taken(client: Client) -> None:
    for headers in ({"Origin": HERE}, {"Sec-Fetch-Site": "same-origin"}, {"Host": f"localhost:{PORT}", "Cookie": f"strata-console-{PORT}={TOKEN}"}):  # fmt: skip
        assert client.get("/api/environments", headers=headers).json() == ["dev", "staging"]
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert client.get("/api/environments", headers=bearer).status_code == 200


@pytest.mark.parametrize("path", ["/", "/web/main.js", "/api/environments", "/api/dev/nothing", "/nothing"])
def test_every_answer_is_strict(client: Client, path: str) -> None:
    for answer in (client.get(path), client.get(path, headers={"Origin": "http://attacker.example"})):
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers


def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    directives = dict(part.split(" ", 1) for part in POLICY.split("; "))
    assert directives.pop("default-src") == "'none'"
    assert set(directives.values()) == {"'self'", "'none'"}
    assert directives["script-src"] == directives["style-src"] == "'self'"


@pytest.mark.parametrize(
    "name", ["..%2fapp.py", "%2e%2e%2fapp.py", "main.py", "index", "web", "../app.py", "x.js"]
)
def test_only_the_pages_files_are_handed_out(client: Client, name: str) -> None:
    assert client.get(f"/web/{name}").status_code == 404


def test_the_kinds_of_the_files(client: Client) -> None:
    kinds = {"main.js": "text/javascript", "style.css": "text/css", "console.css": "text/css", "icon.svg": "image/svg+xml"}  # fmt: skip
    for name, kind in kinds.items():
        assert client.get(f"/web/{name}").headers["content-type"].startswith(kind)


def test_ten_thousand_executions_come_in_pages_and_at_once(client: Client) -> None:
    began = time.perf_counter()
    page = client.get("/api/dev/runs?limit=50").json()
    assert time.perf_counter() - began < 1
    assert (page["total"], page["matched"], len(page["runs"])) == (RUNS, RUNS, 50)
    assert page["counts"] == {"SUCCEEDED": 9_000, "FAILED": 1_000}
    assert [run["key"] for run in page["runs"][:3]] == list(HOSTILE)
    failed = client.get("/api/dev/runs?status=FAILED&offset=999&limit=100").json()
    assert (failed["matched"], [run["name"] for run in failed["runs"]]) == (1_000, ["run-00010"])
    found = client.get("/api/dev/runs", params={"text": "FLIGHTS/0500"}).json()
    assert (found["matched"], found["runs"][0]["key"]) == (10, "flights/05009.csv")
    by_name = client.get("/api/dev/runs", params={"text": "run-00007"}).json()
    assert by_name["matched"] == 1


@pytest.mark.parametrize("query", ["limit=-1", "limit=x", "offset=-5", "limit=99999999", "limit=1e9"])
def test_a_page_that_is_not_one(client: Client, query: str) -> None:
    answer = client.get(f"/api/dev/runs?{query}")
    assert answer.status_code == 200
    assert 0 < len(answer.json()["runs"]) <= 500


def test_hostile_values_arrive_as_they_are(client: Client) -> None:
    answer = client.get("/api/dev/datasets/flights/quarantine")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["rows"][0]["row"] == MARKUP
    saved = client.get("/api/dev/datasets/flights/quarantine.jsonl")
    assert saved.headers["content-disposition"] == 'attachment; filename="quarantine.jsonl"'
    assert [json.loads(line)["key"] for line in saved.text.splitlines()][:3] == list(HOSTILE)
    only = client.get("/api/dev/datasets/flights/quarantine?reason=other_columns").json()
    assert only["total"] == 1


def test_a_trace_has_its_picture(client: Client) -> None:
    page = client.get("/api/dev/runs/refused").json()
    assert page["trace"]["failure"]["state"] == "Clean"
    drawn = {node["id"]: node for node in page["graph"]["nodes"]}
    assert (drawn["Clean"]["state"], drawn["Failed"]["state"], drawn["Curate"]["state"]) == (
        "bad",
        "bad",
        "idle",
    )
    assert len(page["whole"]["nodes"]) > len(page["graph"]["nodes"])
    taken = [edge for edge in page["graph"]["edges"] if edge["taken"]]
    assert len(taken) == len(page["trace"]["states"]) - 1
    unknown = client.get("/api/dev/runs/nothing")
    assert (unknown.status_code, unknown.json()["error"]) == (409, "no execution is called nothing")


def test_a_statement(client: Client, source: Recorded) -> None:
    answer = client.post("/api/dev/query", json={"sql": "SELECT 1"})
    assert answer.json()["rows"] == [["1", None], [MARKUP, "2"]]
    assert source.asked == ["SELECT 1"]
    fault = client.post("/api/dev/query", json={"sql": "SELECT * FROM nowhere"})
    assert fault.status_code == 409
    assert fault.json() == {
        "error": "Snowflake: Object 'NOWHERE' does not exist",
        "remedy": "name a table",
        "page": "",
    }


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        # What a form of another page could send.
        ("sql=DROP", "application/x-www-form-urlencoded", 415),
        ('{"sql": "DROP"}', "text/plain", 415),
        ('{"sql": 1}', "application/json", 400),
        ("{}", "application/json", 400),
        ("no json", "application/json", 400),
    ],
)
def test_what_is_not_a_statement_is_not_run(
    client: Client, source: Recorded, content: str, kind: str, status: int
) -> None:
    answer = client.post("/api/dev/query", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert source.asked == []
    assert client.get("/api/dev/query").status_code == 405


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (
            StrataError("not applied", remedy="apply it"),
            409,
            {"error": "not applied", "remedy": "apply it", "page": ""},
        ),
        (
            EndpointConnectionError(endpoint_url="http://x"),
            503,
            {
                "error": 'the embedded cloud does not answer: Could not connect to the endpoint URL: "http://x"',
                "remedy": "restart it with `strata up`",
                "page": "docs/troubleshooting.md#the-platform",
            },
        ),
        (
            ClientError({"Error": {"Code": "X", "Message": "no"}}, "ListRules"),
            502,
            {
                "error": "the embedded cloud refused: An error occurred (X) when calling the ListRules operation: no",
                "remedy": "",
                "page": "",
            },
        ),
    ],
)
def test_faults_are_said_in_one_shape(
    client: Client, source: Recorded, fault: Exception, status: int, said: dict[str, str]
) -> None:
    source.fault = fault
    for path in ("environments", "dev/flow", "dev/runs", "dev/runs/clean", "dev/datasets", "dev/units", "dev/datasets/flights/quarantine", "dev/datasets/flights/quarantine.jsonl"):  # fmt: skip
        answer = client.get(f"/api/{path}")
        assert (answer.status_code, answer.json()) == (status, said)


class Listener:
    """A page that listens, until it has heard enough."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    async def is_disconnected(self) -> bool:
        self.looks -= 1
        return self.looks < 0


def heard(source: Recorded, looks: int, between: Any = lambda: None) -> list[str]:
    async def listen() -> list[str]:
        found = []
        async for text in _Api(source, threading.Event())._changes("dev", Listener(looks)):  # type: ignore[arg-type]
            found.append(text)
            between()
        return found

    return asyncio.run(listen())


def test_news_come_when_something_has_changed(source: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strata.console.app._LOOK_SECONDS", 0.001)

    def change() -> None:
        source.changes += 1

    source.changes = 0
    assert heard(source, 3, change) == [f"event: changed\ndata: {number}\n\n" for number in range(3)]
    source.changes = 0
    assert heard(source, 3) == ["event: changed\ndata: 0\n\n"]


def test_news_of_a_platform_that_is_gone(source: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strata.console.app._LOOK_SECONDS", 0.001)
    source.fault = StrataError("gone")
    assert heard(source, 2) == ["event: gone\ndata: gone\n\n"]
