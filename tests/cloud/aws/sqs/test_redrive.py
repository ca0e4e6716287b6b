"""Redrive policies come back as they were put."""

from __future__ import annotations

from tests.cloud.aws.conftest import ACCOUNT, REGION, Aws

ALLOW = '{"redrivePermission" : "byQueue",  "sourceQueueArns": ["arn:aws:sqs:eu-west-1:111122223333:q"]}'


def test_redrive_policies_come_back_byte_for_byte(aws: Aws) -> None:
    sqs = aws.client("sqs")
    dead = sqs.create_queue(QueueName="dead", Attributes={"RedriveAllowPolicy": ALLOW})["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
    texts = [
        f'{{ "maxReceiveCount" : 3, "deadLetterTargetArn":"{arn}" }}',
        f'{{"deadLetterTargetArn":"{arn}","maxReceiveCount":4}}',
    ]
    queue = sqs.create_queue(QueueName="q", Attributes={"RedrivePolicy": texts[0]})["QueueUrl"]

    def attributes(url: str, name: str = "All") -> dict[str, str]:
        found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
        return found

    assert attributes(dead)["RedriveAllowPolicy"] == ALLOW
    assert attributes(dead, "RedriveAllowPolicy") == {"RedriveAllowPolicy": ALLOW}
    assert attributes(queue)["RedrivePolicy"] == texts[0]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": texts[1]})
    assert attributes(queue, "RedrivePolicy") == {"RedrivePolicy": texts[1]}
    assert "RedriveAllowPolicy" not in attributes(queue)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": ""})
    assert "RedrivePolicy" not in attributes(queue)
