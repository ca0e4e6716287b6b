"""The tags of one resource, changed by several clients."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from moto.kms.models import kms_backends

from tests.cloud.aws.conftest import ACCOUNT, REGION, Aws


class Slow(dict[str, Any]):
    """What is kept by ARN; it takes a while to say that it has none."""

    def __contains__(self, arn: object) -> bool:
        found = super().__contains__(arn)
        time.sleep(0.05)
        return found


def test_first_tags_that_are_added_at_once_are_all_there(aws: Aws) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms_backends[ACCOUNT][REGION].tagger.tags = Slow()
    tags = [{"TagKey": name, "TagValue": name.upper()} for name in "abc"]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda tag: kms.tag_resource(KeyId=key, Tags=[tag]), tags))
    listed = kms.list_resource_tags(KeyId=key)["Tags"]
    assert sorted(listed, key=lambda tag: tag["TagKey"]) == tags
    kms.untag_resource(KeyId=key, TagKeys=["a", "c", "x"])
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "b", "TagValue": "2"}])
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "b", "TagValue": "2"}]
