"""Attributes of topics."""

from __future__ import annotations

from tests.cloud.aws.conftest import ACCOUNT, Aws

ROLE = f"arn:aws:iam::{ACCOUNT}:role/feedback"


def test_attributes_are_shown_as_they_were_given(aws: Aws) -> None:
    sns = aws.client("sns")
    given = {"TracingConfig": "Active", "SQSFailureFeedbackRoleArn": ROLE}
    topic = sns.create_topic(Name="t", Attributes=given)["TopicArn"]
    later = {"SignatureVersion": "2", "HTTPSuccessFeedbackSampleRate": "100"}
    for name, value in later.items():
        sns.set_topic_attributes(TopicArn=topic, AttributeName=name, AttributeValue=value)
    shown = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert shown.items() >= (given | later).items()
    assert "FifoThroughputScope" not in shown
