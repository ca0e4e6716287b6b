"""Lifecycle rules come back as they were put."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.aws.conftest import Aws

TAGS = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
SIZES = {"ObjectSizeGreaterThan": 5, "ObjectSizeLessThan": 500000}
LEAVING = {"NoncurrentVersionExpiration": {"NoncurrentDays": 300, "NewerNoncurrentVersions": 5}}


@pytest.mark.parametrize(
    "rule",
    [
        {"Filter": {"Prefix": "x"}, "Expiration": {"Days": 3}},
        {"Filter": {"And": {"Tags": TAGS}}, "Expiration": {"Days": 3}},
        {"Filter": {"ObjectSizeGreaterThan": 5}, "Expiration": {"Days": 3}},
        {"Filter": {"ObjectSizeLessThan": 7}, "Expiration": {"Days": 3}},
        {"Filter": {"And": {"Prefix": "x", "Tags": TAGS, **SIZES}}, **LEAVING},
        {"Filter": {"Prefix": ""}, **LEAVING},
        {"Filter": {"Prefix": ""}, "NoncurrentVersionExpiration": {"NoncurrentDays": 300}},
    ],
)
def test_a_rule_comes_back_as_it_was_put(aws: Aws, rule: dict[str, Any]) -> None:
    s3 = aws.bucket("raw")
    whole = {"ID": "r", "Status": "Enabled", **rule}
    s3.put_bucket_lifecycle_configuration(Bucket="raw", LifecycleConfiguration={"Rules": [whole]})
    assert s3.get_bucket_lifecycle_configuration(Bucket="raw")["Rules"] == [whole]


def test_a_bucket_may_have_no_rules(aws: Aws) -> None:
    with pytest.raises(ClientError) as refused:
        aws.bucket("raw").get_bucket_lifecycle_configuration(Bucket="raw")
    assert refused.value.response["Error"]["Code"] == "NoSuchLifecycleConfiguration"


def test_the_smallest_object_that_is_moved_comes_back_as_it_was_put(aws: Aws) -> None:
    s3 = aws.bucket("raw")
    rules = {"Rules": [{"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 3}}]}
    name, all_classes = "TransitionDefaultMinimumObjectSize", "all_storage_classes_128K"
    for given, shown in (
        ({}, all_classes),
        ({name: "varies_by_storage_class"}, "varies_by_storage_class"),
        ({name: all_classes}, all_classes),
    ):
        s3.put_bucket_lifecycle_configuration(Bucket="raw", LifecycleConfiguration=rules, **given)
        assert s3.get_bucket_lifecycle_configuration(Bucket="raw")[name] == shown
