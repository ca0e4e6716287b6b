"""GitHub's API when it fails: what can help is tried again, what cannot is one clear error."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from strata.ci.github import GitHub
from strata.errors import StrataError
from tests.ci.github_server import REPOSITORY, Server

MARK = "<!-- strata:plan:dev -->"


def client(server: Server, **permissions: str) -> GitHub:
    token = f"token-{len(server.tokens)}"
    server.tokens[token] = permissions
    return GitHub(server.url, REPOSITORY, token, pause=0.001)


VARIABLES = {"GITHUB_API_URL": "https://e.example/", "GITHUB_REPOSITORY": "a/b", "GITHUB_TOKEN": "t"}


def test_the_job_says_which_repository() -> None:
    assert GitHub.from_environment(VARIABLES) == GitHub("https://e.example", "a/b", "t", 1.0)
    assert GitHub("https://e.example", "a/b", "t").pause == 1.0
    assert GitHub.from_environment(VARIABLES | {"STRATA_GITHUB_PAUSE": "0.5"}).pause == 0.5


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("value", ["", None])
def test_what_the_job_does_not_say(name: str, value: str | None) -> None:
    given = {other: known for other, known in VARIABLES.items() if other != name}
    with pytest.raises(StrataError, match=f"^{name} is not set"):
        GitHub.from_environment(given if value is None else {**given, name: value})


def test_a_comment_is_rewritten_in_place(github: Server) -> None:
    api = client(github, **{"pull-requests": "write"})
    github.comments += [
        {"id": 1, "issue": 7, "body": f"{MARK} by a person", "user": {"type": "User"}, "html_url": "h"},
        {"id": 2, "issue": 7, "body": "something else", "user": {"type": "Bot"}, "html_url": "h"},
    ]
    first = api.upsert_comment(7, MARK, f"{MARK}\none")
    assert first == github.comments[-1]["html_url"]
    assert api.upsert_comment(7, MARK, f"{MARK}\ntwo") == first
    assert [comment["body"] for comment in github.comments] == [
        f"{MARK} by a person",
        "something else",
        f"{MARK}\ntwo",
    ]


def test_the_hundredth_comment_is_found(github: Server) -> None:
    api = client(github, **{"pull-requests": "write"})
    for number in range(1, 131):
        github.comments.append(
            {"id": number, "issue": 7, "body": "x", "user": {"type": "User"}, "html_url": "h"}
        )
    first = api.upsert_comment(7, MARK, f"{MARK}\none")
    assert api.upsert_comment(7, MARK, f"{MARK}\ntwo") == first
    assert len(github.comments) == 131


def test_nothing_to_say_makes_no_comment(github: Server) -> None:
    api = client(github, **{"pull-requests": "write"})
    assert api.upsert_comment(7, MARK, f"{MARK}\nno unit", create=False) is None
    assert github.comments == []


FAULTS = {
    "server error": (502, {}, "Bad Gateway"),
    "secondary limit": (403, {"retry-after": "0"}, '{"message": "You have exceeded a secondary rate limit"}'),
    "a limit by its words": (403, {}, '{"message": "You have exceeded a secondary Rate Limit"}'),
    "too many": (429, {}, "{}"),
    "too slow": (408, {}, "{}"),
    "the first server error": (500, {}, "[]"),
    "primary limit": (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"}, "{}"),
    "no JSON": (200, {}, "<html>"),
    "connection lost": None,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_can_help_is_tried_again(github: Server, fault: str) -> None:
    api = client(github, **{"pull-requests": "write"})
    github.faults += [FAULTS[fault]] * 3
    api.upsert_comment(7, MARK, f"{MARK}\none")
    assert len(github.comments) == 1


def test_a_lost_answer_makes_no_second_comment(github: Server) -> None:
    api = client(github, **{"pull-requests": "write"})
    github.lose_answers = 1
    api.upsert_comment(7, MARK, f"{MARK}\none")
    assert len(github.comments) == 1


def test_after_five_attempts_it_says_so(github: Server) -> None:
    api = client(github, **{"pull-requests": "write"})
    github.faults += [FAULTS["server error"]] * 50
    with pytest.raises(StrataError, match=r"failed 5 times: GET .*/comments: 502") as caught:
        api.upsert_comment(7, MARK, f"{MARK}\none")
    assert caught.value.remedy is not None
    assert len(github.calls) == 5


# The fault, and how it is said after five attempts: without the query, without a page's words.
LASTING: list[tuple[tuple[int, dict[str, str], str] | None, str]] = [
    ((502, {}, "Bad Gateway"), "502 Bad Gateway"),
    ((200, {}, "<html>"), "the answer is not JSON"),
    (None, "RemoteProtocolError"),
]
ACTS: dict[str, Callable[[GitHub], object]] = {
    f"GET /repos/{REPOSITORY}/issues/7/comments": lambda api: api.upsert_comment(7, MARK, MARK),
    f"POST /repos/{REPOSITORY}/statuses/abc": lambda api: api.mark_applied(
        "dev", "abc", succeeded=True, description="x"
    ),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(("fault", "said"), LASTING)
def test_how_a_lasting_fault_is_said(
    github: Server, act: str, fault: tuple[int, dict[str, str], str] | None, said: str
) -> None:
    github.faults += [fault] * 5
    with pytest.raises(StrataError) as caught:
        ACTS[act](client(github))
    assert caught.value.message == f"GitHub's API at {github.url} failed 5 times: {act}: {said}"
    assert caught.value.remedy == "run the job again; see https://www.githubstatus.com"


@pytest.mark.parametrize(("length", "shown"), [(200, 200), (201, 200)])
def test_a_long_refusal_is_cut(github: Server, length: int, shown: int) -> None:
    github.faults.append((400, {}, f'{{"message": "{"x" * length}"}}'))
    with pytest.raises(StrataError, match=f"400 {'x' * shown}$"):
        client(github).last_applied("dev", ["abc"])


@pytest.mark.parametrize(
    ("permissions", "body", "message"),
    [
        ({"pull-requests": "read"}, MARK, "403 Resource not accessible by integration"),
        ({"pull-requests": "write"}, MARK + "x" * 70_000, "422 Validation Failed: body is too long"),
        ({"pull-requests": "write"}, "no marker", "does not begin with its marker"),
    ],
)
def test_what_cannot_help_is_not(
    github: Server, permissions: dict[str, str], body: str, message: str
) -> None:
    with pytest.raises(StrataError, match=message):
        client(github, **permissions).upsert_comment(7, MARK, body)
    assert len(github.calls) <= 2


def test_a_wrong_token(github: Server) -> None:
    with pytest.raises(StrataError, match="401 Bad credentials"):
        GitHub(github.url, REPOSITORY, "wrong", pause=0.001).upsert_comment(7, MARK, MARK)


def test_nobody_answers() -> None:
    with pytest.raises(StrataError, match=r"failed 5 times: GET .*ConnectError"):
        GitHub("http://127.0.0.1:9", REPOSITORY, "t", pause=0.001).upsert_comment(7, MARK, MARK)


def test_only_another_person_approves(github: Server) -> None:
    api = client(github, **{"actions": "read", "pull-requests": "write"})
    github.run("abc", "carol")
    # The first run of many says who pushed.
    for _ in range(101):
        github.run("abc", "bob")
    github.label(7, "approve:code", "alice")
    github.label(7, "approve:mocks", "bob")
    github.label(7, "approve:workflow", "Carol")
    github.label(7, "approve:deletions", "github-actions[bot]")
    github.label(7, "bug", "bob")
    # Set by bob, taken off, set again by the author.
    github.label(7, "approve:provider", "bob")
    github.labels[7].remove("approve:provider")
    github.label(7, "approve:provider", "Alice")
    assert api.approvals(7, "alice", "abc") == {"approve:mocks", "bug"}
    # Pushed since: a commit that another approved is not this one.
    github.run("def", "alice")
    assert api.approvals(7, "alice", "def") == set()
    github.label(7, "approve:code", "bob")
    assert api.approvals(7, "alice", "def") == {"approve:code"}
    # A commit that GitHub knows nothing of.
    assert api.approvals(7, "alice", "123") == set()


def test_approvals_are_taken_off(github: Server) -> None:
    api = client(github, **{"pull-requests": "write"})
    github.labels[7] = ["approve:code", "bug", "approve:mocks"]
    assert api.remove_labels(7, "approve:") == ["approve:code", "approve:mocks"]
    assert github.labels[7] == ["bug"]


def test_an_issue_opens_closes_and_opens_again(github: Server) -> None:
    api = client(github, issues="write")
    mark = "<!-- strata:drift:dev -->"
    assert api.upsert_issue(mark, "Drift in dev", None) is None
    first = api.upsert_issue(mark, "Drift in dev", f"{mark}\none")
    assert api.upsert_issue(mark, "Drift in dev", None) == first
    assert github.issues[0]["state"] == "closed"
    assert api.upsert_issue(mark, "Drift in dev", f"{mark}\ntwo") == first
    assert (len(github.issues), github.issues[0]["state"], github.issues[0]["body"]) == (
        1,
        "open",
        f"{mark}\ntwo",
    )
    # What drifted again as before is open again.
    assert api.upsert_issue(mark, "Drift in dev", None) == first
    assert api.upsert_issue(mark, "Drift in dev", f"{mark}\ntwo") == first
    assert (len(github.issues), github.issues[0]["state"]) == (1, "open")


def test_a_pull_request_is_not_the_issue(github: Server) -> None:
    api = client(github, issues="write")
    mark = "<!-- strata:drift:dev -->"
    listed = {"number": 1, "state": "open", "body": f"{mark}\nquoted", "html_url": "pull", "pull_request": {}}
    github.issues.append(listed)
    assert api.upsert_issue(mark, "Drift", None) is None
    assert api.upsert_issue(mark, "Drift", f"{mark}\none") != "pull"
    assert listed["body"] == f"{mark}\nquoted"
    assert len(github.issues) == 2


def test_an_issue_that_says_so_already_is_left_alone(github: Server) -> None:
    api = client(github, issues="write")
    mark = "<!-- strata:drift:dev -->"
    first = api.upsert_issue(mark, "Drift", f"{mark}\none")
    before = len(github.calls)
    assert api.upsert_issue(mark, "Drift", f"{mark}\none") == first
    assert api.upsert_issue(mark, "Drift", None) == first
    assert api.upsert_issue(mark, "Drift", None) == first
    assert [call.split()[0] for call in github.calls[before:]] == ["GET", "GET", "PATCH", "GET"]


def test_the_last_applied_commit(github: Server) -> None:
    api = client(github, statuses="write")
    api.mark_applied("dev", "aaa", succeeded=True, description="2 unit(s)")
    api.mark_applied("dev", "bbb", succeeded=False, description="live/dev/s3 failed")
    api.mark_applied("prod", "ccc", succeeded=True, description="x")
    assert api.last_applied("dev", ["ccc", "bbb", "aaa"]) == "aaa"
    assert api.last_applied("prod", ["bbb", "aaa"]) is None


def test_the_jobs_in_progress(github: Server) -> None:
    api = client(github, actions="read")
    assert api.running_jobs("apply.yaml") == []
    for number in range(101):
        github.run("abc", "alice", "apply.yaml", f"apply e{number}")
    github.run("abc", "alice", "other.yaml", "apply prod")
    assert sorted(api.running_jobs("apply.yaml")) == sorted(f"apply e{number}" for number in range(101))


READS = {
    "comments": lambda api: api.upsert_comment(7, MARK, MARK, create=False),
    "labels": lambda api: api.remove_labels(7, "approve:"),
    "issues": lambda api: api.upsert_issue(MARK, "x", None),
    "merged": lambda api: api.merged_heads("abc"),
    "applied": lambda api: api.last_applied("dev", ["abc"]),
    "runs": lambda api: api.approvals(7, "alice", "abc"),
    "jobs": lambda api: api.running_jobs("apply.yaml"),
}


@pytest.mark.parametrize("read", READS)
def test_a_token_reads_only_what_its_job_may(github: Server, read: str) -> None:
    with pytest.raises(StrataError, match="403 Resource not accessible by integration"):
        READS[read](client(github, contents="read"))


# The answers before the good one, and how long each is waited after: what GitHub asks for, or less than `pause`
# times two to the power of the attempts before.
WAITS: dict[str, tuple[list[tuple[int, dict[str, str], str]], list[tuple[float, float]]]] = {
    "what is asked for": ([(429, {"retry-after": "7"}, "{}")], [(7, 7)]),
    "no longer than a minute": ([(429, {"retry-after": "3600"}, "{}")], [(60, 60)]),
    "until a limit ends": ([(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1030"}, "{}")], [(30, 30)]),
    "a limit that has ended": ([(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "900"}, "{}")], [(0, 4)]),
    "a limit without its end": ([(403, {"x-ratelimit-remaining": "0"}, "{}")], [(0, 4)]),
    "a number of no time": ([(429, {"retry-after": "soon"}, "{}")], [(0, 4)]),
    "a limit that is not reached": ([(502, {"x-ratelimit-remaining": "5", "x-ratelimit-reset": "1030"}, "{}")], [(0, 4)]),
    "longer each time": ([(502, {}, "x")] * 4, [(0, 4), (0, 8), (0, 16), (0, 30)]),
}  # fmt: skip


@pytest.mark.parametrize("name", WAITS)
def test_how_long_is_waited(github: Server, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    answers, bounds = WAITS[name]
    waited: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waited.append)
    monkeypatch.setattr("strata.ci.github.time.time", lambda: 1000.0)
    github.tokens["t"] = {"statuses": "read"}
    github.faults += answers
    assert GitHub(github.url, REPOSITORY, "t", pause=4.0).last_applied("dev", ["abc"]) is None
    assert len(waited) == len(bounds)
    for seconds, (least, most) in zip(waited, bounds, strict=True):
        assert least <= seconds <= most


def test_the_heads_of_merged_pull_requests(github: Server) -> None:
    github.pulls["abc"] = [
        {"head": {"sha": "one"}, "merged_at": "2026-11-23T18:00:00Z"},
        {"head": {"sha": "closed"}, "merged_at": None},
        {"head": {"sha": "two"}, "merged_at": "2026-11-23T19:00:00Z"},
    ]
    api = client(github, **{"pull-requests": "read"})
    assert api.merged_heads("abc") == ["one", "two"]
    assert api.merged_heads("def") == []


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (401, "give the step GITHUB_TOKEN"),
        (403, "give the job its permission: `pull-requests: write` for comments, `actions: read` for runs"),
        (404, "look at the number, and at the job's permissions"),
        (422, "look at the text's length and content"),
        (409, None),
    ],
)
def test_what_to_do_about_a_refusal(github: Server, status: int, remedy: str | None) -> None:
    github.faults.append((status, {}, '{"message": "No"}'))
    with pytest.raises(StrataError) as caught:
        client(github).last_applied("dev", ["abc"])
    assert caught.value.message == f"GitHub refused GET /repos/{REPOSITORY}/commits/abc/status: {status} No"
    assert caught.value.remedy == remedy
    assert len(github.calls) == 1


@pytest.mark.parametrize(
    ("text", "shown"), [("plain words", "plain words"), ("x" * 101, "x" * 100), ("[]", "[]")]
)
def test_a_refusal_that_is_not_githubs(github: Server, text: str, shown: str) -> None:
    github.faults.append((400, {}, text))
    with pytest.raises(StrataError, match=rf"400 {shown.replace('[', chr(92) + '[')}$"):
        client(github).last_applied("dev", ["abc"])


def test_an_answer_that_is_not_a_list(github: Server) -> None:
    github.faults.append((200, {}, '{"workflow_runs": 5}'))
    with pytest.raises(StrataError, match=r"GitHub's answer to GET .*/runs is not a list"):
        client(github, actions="read").approvals(7, "alice", "abc")


@pytest.mark.parametrize(
    ("length", "kept"),
    [(139, 139), (140, 140), (141, 140)],
)
def test_a_status_has_githubs_length(github: Server, length: int, kept: int) -> None:
    api = client(github, statuses="write")
    api.mark_applied("dev", "abc", succeeded=False, description="x" * length)
    status = github.statuses["abc"]["strata/apply (dev)"]
    assert (status["state"], len(status["description"])) == ("failure", kept)
