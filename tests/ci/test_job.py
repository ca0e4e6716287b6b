"""What a job asks GitHub for and tells it: an identity token, a step's outputs, and the job's summary."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import httpx
import pytest
import tenacity

from strata.ci.login import identity_token, snowflake_variables
from strata.ci.workflow import add_summary, set_output
from strata.errors import StrataError

JOB = {
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://tokens.example/?run=1",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "job-secret",
}
SNOWFLAKE = {**JOB, "SNOWFLAKE_WORKLOAD_IDENTITY_PROVIDER": "OIDC"}


class Service:
    """GitHub's token service: gives these answers, then the last one again."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, float]] = []

    def get(self, url: httpx.URL, headers: dict[str, str], timeout: float) -> httpx.Response:
        self.asked.append((str(url), headers["Authorization"], timeout))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, content = answer
        return httpx.Response(status, content=content, request=httpx.Request("GET", url))


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    found = Service((200, b'{"value": "a-token"}'))
    monkeypatch.setattr(httpx, "get", found.get)
    monkeypatch.setattr(tenacity.nap.time, "sleep", lambda seconds: None)
    return found


def test_a_token_is_asked_for_an_audience(service: Service) -> None:
    assert identity_token("sts.amazonaws.com", JOB) == "a-token"
    assert service.asked == [
        ("https://tokens.example/?run=1&audience=sts.amazonaws.com", "bearer job-secret", 20.0)
    ]


@pytest.mark.parametrize("name", JOB)
@pytest.mark.parametrize("value", [None, ""])
def test_a_job_without_the_permission(name: str, value: str | None, service: Service) -> None:
    given = {other: known for other, known in JOB.items() if other != name}
    with pytest.raises(StrataError, match="this job may not ask for an identity token") as caught:
        identity_token("x", given if value is None else {**given, name: value})
    assert caught.value.remedy == "give it the permission `id-token: write`"
    assert service.asked == []


@pytest.mark.parametrize("fault", [httpx.ConnectError("x"), httpx.ReadTimeout("x")])
def test_what_gets_lost_is_asked_again(fault: Exception, service: Service) -> None:
    service.answers = [fault, fault, fault, *service.answers]
    assert identity_token("x", JOB) == "a-token"
    assert len(service.asked) == 4


def test_after_four_attempts_it_says_so(service: Service) -> None:
    service.answers = [httpx.ConnectError("secret words")]
    with pytest.raises(StrataError) as caught:
        identity_token("x", JOB)
    assert caught.value.message == "GitHub's token service does not answer: ConnectError"
    assert len(service.asked) == 4


@pytest.mark.parametrize(
    ("status", "content"),
    [(403, b'{"value": "x"}'), (500, b""), (200, b"<html>"), (200, b"{}"), (200, b'{"token": "x"}')],
)
def test_a_refusal_is_not_asked_again(status: int, content: bytes, service: Service) -> None:
    service.answers = [(status, content)]
    with pytest.raises(StrataError) as caught:
        identity_token("x", JOB)
    assert caught.value.message == f"GitHub's token service refused: {status}"
    assert len(service.asked) == 1


def test_the_snowflake_login_of_a_job(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    assert snowflake_variables(SNOWFLAKE) == {"SNOWFLAKE_TOKEN": "a-token"}
    assert service.asked[0][0] == "https://tokens.example/?run=1&audience=snowflakecomputing.com"
    assert capsys.readouterr().out == ""
    assert snowflake_variables({**SNOWFLAKE, "GITHUB_ACTIONS": "true"}) == {"SNOWFLAKE_TOKEN": "a-token"}
    assert capsys.readouterr().out == "::add-mask::a-token\n"


@pytest.mark.usefixtures("service")
def test_a_token_is_masked_before_anything_else_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(log, encoding="utf-8"))
    snowflake_variables({**SNOWFLAKE, "GITHUB_ACTIONS": "true"})
    assert log.getvalue() == b"::add-mask::a-token\n"


@pytest.mark.parametrize("provider", [None, "", "AWS", "oidc"])
def test_without_oidc_nobody_logs_in(provider: str | None, service: Service) -> None:
    named = {} if provider is None else {"SNOWFLAKE_WORKLOAD_IDENTITY_PROVIDER": provider}
    assert snowflake_variables({**JOB, **named}) == {}
    assert service.asked == []


def outputs(text: str) -> dict[str, str]:
    """A file of outputs as GitHub reads it."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if line:
            name, _, delimiter = line.partition("<<")
            value = []
            while (part := next(lines)) != delimiter:
                value.append(part)
            found[name] = "\n".join(value)
    return found


def test_outputs_of_a_step(tmp_path: Path) -> None:
    file = tmp_path / "output"
    environ = {"GITHUB_OUTPUT": str(file)}
    set_output("units", '["é"]', environ)
    set_output("text", "a\nunits<<end\nb\n", environ)
    assert outputs(file.read_text(encoding="utf-8")) == {"units": '["é"]', "text": "a\nunits<<end\nb\n"}
    delimiters = [line.partition("<<")[2] for line in file.read_text().split("\n") if "<<end-" in line]
    assert len(set(delimiters)) == 2
    assert all(len(delimiter) == len("end-") + 16 for delimiter in delimiters)


def test_outside_of_github_nothing_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for environ in ({}, {"GITHUB_OUTPUT": "", "GITHUB_STEP_SUMMARY": ""}):
        set_output("a", "b", environ)
        add_summary("a", environ)
    assert list(tmp_path.iterdir()) == []


def test_a_summary_is_added_and_cut_to_githubs_limit(tmp_path: Path) -> None:
    file = tmp_path / "summary"
    environ = {"GITHUB_STEP_SUMMARY": str(file)}
    add_summary("## one", environ)
    add_summary("two é", environ)
    assert file.read_text(encoding="utf-8") == "## one\ntwo é\n"
    file.unlink()
    add_summary("é" * 1024 * 1024, environ)
    content = file.read_bytes()
    # No character is cut in two; a kilobyte is left for what GitHub adds.
    assert content.decode("utf-8") == "é" * 523776 + "\n"
    assert len(content) == 1024 * 1024 - 1024 + 1
