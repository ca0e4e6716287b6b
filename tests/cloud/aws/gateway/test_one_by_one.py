"""What several clients add at once to what moto writes anew is all there."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from moto.events.models import events_backends
from moto.s3.models import FakeBucket
from moto.sns.models import sns_backends

from strata.cloud.aws.gateway.one_by_one import OneByOne
from tests.cloud.aws.conftest import ACCOUNT, REGION, Aws


def test_one_request_is_carried_out_after_the_other() -> None:
    service, kept = OneByOne(), [0]

    def add(response: Any) -> None:
        read = kept[0]
        time.sleep(0.001)
        kept[0] = read + 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: service.change(add, None), range(40)))
    assert kept == [40]


def test_tags_of_a_role_and_of_an_instance_profile(aws: Aws) -> None:
    iam = aws.client("iam")
    aws.role("r", {"Service": "ec2.amazonaws.com"})
    iam.create_instance_profile(InstanceProfileName="p")
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    iam.tag_role(RoleName="r", Tags=tags)
    iam.untag_role(RoleName="r", TagKeys=["a"])
    iam.tag_instance_profile(InstanceProfileName="p", Tags=tags)
    iam.untag_instance_profile(InstanceProfileName="p", TagKeys=["b"])
    assert iam.list_role_tags(RoleName="r")["Tags"] == tags[1:]
    assert iam.get_instance_profile(InstanceProfileName="p")["InstanceProfile"]["Tags"] == tags[:1]


class Slow(dict[str, str]):
    """Tags of which a copy is only there after a while, in which another request would come between."""

    def copy(self) -> dict[str, str]:
        copied = Slow(self)
        time.sleep(0.05)
        return copied


class SlowList(list[Any]):
    """A list that takes a while before something leaves it, the first one first."""

    def pop(self, index: Any = -1) -> Any:
        time.sleep(0.05 * (index + 1))
        return super().pop(index)


def at_once(*changes: Callable[[], Any]) -> None:
    with ThreadPoolExecutor(len(changes)) as pool:
        list(pool.map(lambda change: change(), changes))


def test_tags_that_are_added_to_a_topic_at_once(aws: Aws) -> None:
    sns = aws.client("sns")
    arn = sns.create_topic(Name="t")["TopicArn"]
    sns_backends[ACCOUNT][REGION].topics[arn]._tags = Slow(a="1", b="2")
    at_once(
        lambda: sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "c", "Value": "3"}]),
        lambda: sns.untag_resource(ResourceArn=arn, TagKeys=["a"]),
        lambda: sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "d", "Value": "4"}]),
    )
    tags = sns.list_tags_for_resource(ResourceArn=arn)["Tags"]
    assert {one["Key"]: one["Value"] for one in tags} == {"b": "2", "c": "3", "d": "4"}


def test_targets_that_leave_a_rule_at_once(aws: Aws) -> None:
    events = aws.client("events")
    _, queue = aws.queue("q")
    aws.rule("r", {"source": ["s"]}, *({"Id": name, "Arn": queue} for name in "abcd"))
    rule = events_backends[ACCOUNT][REGION].event_buses["default"].rules["r"]
    rule.targets = SlowList(rule.targets)
    at_once(*(lambda name=name: events.remove_targets(Rule="r", Ids=[name]) for name in "ab"))  # type: ignore[misc]
    assert [one["Id"] for one in events.list_targets_by_rule(Rule="r")["Targets"]] == ["c", "d"]


def test_of_two_who_make_a_bucket_one_does(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    made = FakeBucket.__init__

    def make_late(*given: Any, **named: Any) -> None:
        time.sleep(0.05)
        made(*given, **named)

    monkeypatch.setattr(FakeBucket, "__init__", make_late)
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(aws.bucket, "raw") for _ in range(2)]
        faults = [error for call in calls if (error := call.exception())]
    assert [error.response["Error"]["Code"] for error in faults] == ["BucketAlreadyOwnedByYou"]  # type: ignore[attr-defined]
