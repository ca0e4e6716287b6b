"""Tags of a role that several clients change at once are all there."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from strata.cloud.aws.iam.role_tags import RoleTags

from ..conftest import Aws


def test_tags_are_changed_one_request_after_the_other() -> None:
    tags, kept = RoleTags(), [0]

    def add(response: Any) -> None:
        read = kept[0]
        time.sleep(0.001)
        kept[0] = read + 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: tags.change(add, None), range(40)))  # type: ignore[arg-type]
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
