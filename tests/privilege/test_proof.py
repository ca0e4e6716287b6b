"""The proof on an embedded AWS with one role; its scenarios are calls with the role's keys."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strata.errors import StrataError
from strata.privilege.proof import prove
from strata.privilege.scenarios import Outcome, Scenario
from tests.cloud.aws.conftest import ACCOUNT, REGION, Aws

ALLOWED = ["s3:GetObject", "s3:GetObjectTagging", "s3:PutObject"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strata.privilege.scenarios._SETTLE_SECONDS", 0)
    monkeypatch.setattr("strata.privilege.proof._QUIET_SECONDS", 0)


@pytest.fixture
def endpoints(aws: Aws) -> Any:
    keys = {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "test"}
    return SimpleNamespace(aws_url=aws.context.aws_url, region=REGION, environment=lambda: keys)


@pytest.fixture
def reader(aws: Aws) -> str:
    aws.bucket("raw").put_object(Bucket="raw", Key="a", Body=b"x")
    statement = {"Sid": "Objects", "Effect": "Allow", "Action": ALLOWED, "Resource": "arn:aws:s3:::raw/*"}
    return aws.role("reader", {"AWS": ACCOUNT}, [statement])


def rounds(aws: Aws, role: str, *names: str) -> Any:
    def reads() -> Outcome:
        keys = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="scenario")["Credentials"]
        try:
            aws.client("s3", keys).get_object(Bucket="raw", Key="a")
        except ClientError as error:
            return Outcome("FAILED", error=error.response["Error"]["Code"])
        return Outcome("SUCCEEDED")

    def tags_quietly() -> Outcome:
        keys = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="scenario")["Credentials"]
        with contextlib.suppress(ClientError):
            aws.client("s3", keys).get_object_tagging(Bucket="raw", Key="a")
        return Outcome("SUCCEEDED")

    def deletes() -> Outcome:
        keys = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="scenario")["Credentials"]
        with pytest.raises(ClientError):
            aws.client("s3", keys).delete_object(Bucket="raw", Key="a")
        return Outcome("SUCCEEDED")

    def scenarios(label: str) -> Iterator[Scenario]:
        known = {"reads": reads, "tags": tags_quietly, "deletes": deletes}
        for name in names:
            yield Scenario(name, known[name])

    return scenarios


def granted(aws: Aws) -> Any:
    found = aws.client("iam").get_role_policy(RoleName="reader", PolicyName="own")
    return found["PolicyDocument"]["Statement"][0]["Action"]


def test_what_no_scenario_needs_is_spare(aws: Aws, endpoints: Any, reader: str) -> None:
    report = prove(endpoints, rounds(aws, reader, "reads", "deletes"))
    found = report.findings["reader"]
    assert [grant.action for grant in found.needed] == ["s3:GetObject"]
    assert [grant.action for grant in found.spare] == ["s3:GetObjectTagging", "s3:PutObject"]
    assert [(one.action, one.scenario) for one in found.refused] == [("s3:DeleteObject", "deletes")]
    assert report.holds
    assert [removal.differs for removal in report.removals] == [False, False]
    assert granted(aws) == ALLOWED, "the roles have their own policies again"
    removed = [line.strip() for line in report.diff().splitlines() if line.startswith("-   ")]
    assert removed == ['-        "s3:GetObjectTagging",', '-        "s3:PutObject",']


def test_each_needed_action_is_missed(aws: Aws, endpoints: Any, reader: str) -> None:
    report = prove(endpoints, rounds(aws, reader, "reads", "tags"), each=True)
    missed = {grant.action: removal for grant, removal in report.each.items()}
    assert missed["s3:GetObject"].after == Outcome("FAILED", error="AccessDenied")
    # Its scenario ends as before; only the refused request shows it.
    assert missed["s3:GetObjectTagging"].after == missed["s3:GetObjectTagging"].before
    assert [one.action for one in missed["s3:GetObjectTagging"].refused] == ["s3:GetObjectTagging"]
    assert report.holds
    assert granted(aws) == ALLOWED


def test_a_scenario_that_misses_a_spare_action_is_told(aws: Aws, endpoints: Any, reader: str) -> None:
    """The second round does what the first did not."""
    first = rounds(aws, reader, "reads")
    second = rounds(aws, reader, "tags")
    names = iter((first, second))

    def scenarios(label: str) -> Iterator[Scenario]:
        for scenario in next(names)(label):
            yield Scenario("same", scenario.run)

    report = prove(endpoints, scenarios)
    assert not report.holds
    (removal,) = report.removals
    assert [one.action for one in removal.refused] == ["s3:GetObjectTagging"]


def test_policies_come_back_after_a_fault(aws: Aws, endpoints: Any, reader: str) -> None:
    calls = iter((lambda: Outcome("SUCCEEDED"), lambda: 1 / 0))

    def scenarios(label: str) -> Iterator[Scenario]:
        yield from rounds(aws, reader, "reads")(label)
        yield Scenario("then", next(calls))

    with pytest.raises(ZeroDivisionError):
        prove(endpoints, scenarios)
    assert granted(aws) == ALLOWED


def test_a_scenario_must_end_as_it_should_at_first(aws: Aws, endpoints: Any, reader: str) -> None:
    aws.client("s3").delete_object(Bucket="raw", Key="a")
    with pytest.raises(StrataError, match="reads: it ended FAILED NoSuchKey before anything"):
        prove(endpoints, rounds(aws, reader, "reads"))


def test_a_refusal_is_an_outcome() -> None:
    def refuse() -> Outcome:
        raise StrataError("no rule matches", remedy="look")

    found = Scenario("one", refuse).outcome()
    assert found.status == "REFUSED"
    assert "no rule matches" in found.error


def test_a_role_without_sessions_is_named(aws: Aws, endpoints: Any, reader: str) -> None:
    report = prove(endpoints, rounds(aws, reader))
    assert report.unheard == ("reader",)
    assert not report.findings
