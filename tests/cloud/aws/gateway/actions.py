"""Pairs of mutating actions: what adds a thing, what removes it, and what says which are there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Client = Any
ACCOUNT, REGION = "111122223333", "eu-west-1"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:shared"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/shared"
PASS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}
)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
STORED = {"Columns": [{"Name": "a", "Type": "string"}], "Location": "s3://shared/t"}
TAG = {"Key": "", "Value": "1"}


@dataclass(frozen=True)
class Kind:
    """Things of one kind that many clients add and remove; names are unique."""

    service: str
    name: str
    add: Callable[[Client, str], Any]
    remove: Callable[[Client, str], Any] | None
    listed: Callable[[Client], Iterable[str]]

    @property
    def id(self) -> str:
        return f"{self.service}-{self.name}"


def set_up(client: Callable[[str], Client]) -> dict[str, str]:
    """Make what the kinds share; return the ids that AWS chose."""
    s3 = client("s3")
    s3.create_bucket(Bucket="shared", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_notification_configuration(
        Bucket="shared", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    client("dynamodb").create_table(
        TableName="shared",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client("sqs").create_queue(QueueName="shared")
    client("sns").create_topic(Name="shared")
    client("events").put_rule(Name="shared", EventPattern='{"source": ["nobody"]}')
    iam = client("iam")
    iam.create_role(RoleName="shared", AssumeRolePolicyDocument=TRUST)
    client("stepfunctions").create_state_machine(name="shared", definition=PASS, roleArn=ROLE)
    glue = client("glue")
    glue.create_database(DatabaseInput={"Name": "shared"})
    keys = [{"Name": "day", "Type": "string"}]
    table = {"Name": "shared", "StorageDescriptor": STORED, "PartitionKeys": keys}
    glue.create_table(DatabaseName="shared", TableInput=table)
    return {"key": client("kms").create_key()["KeyMetadata"]["KeyId"]}


def pages(client: Client, operation: str, result: str, **asked: Any) -> list[Any]:
    """Everything that a paginated operation lists."""
    found = client.get_paginator(operation).paginate(**asked)
    return [one for page in found for one in page.get(result, [])]


def _tags(found: Iterable[dict[str, str]]) -> list[str]:
    return [one.get("Key") or one.get("TagKey") or one["key"] for one in found]


def _queue(client: Client) -> str:
    return f"{client.meta.endpoint_url}/{ACCOUNT}/shared"


def _messages(client: Client) -> list[str]:
    found: list[str] = []
    while got := client.receive_message(QueueUrl=_queue(client), MaxNumberOfMessages=10).get("Messages"):
        found += [one["Body"] for one in got]
    return found


def _registered(client: Client) -> list[str]:
    """The names in the one item that all clients change."""
    item = client.get_item(TableName="shared", Key={"id": {"S": "register"}}, ConsistentRead=True)
    return [name["S"] for name in item.get("Item", {}).get("names", {}).get("L", [])]


def _register(client: Client, name: str) -> None:
    """Add a name to the item by a conditional write, again while others come before."""
    while True:
        names = _registered(client)
        item = {"names": {"L": [{"S": one} for one in [*names, name]]}, "version": {"N": str(len(names))}}
        try:
            client.put_item(
                TableName="shared",
                Item=item | {"id": {"S": "register"}},
                ConditionExpression="attribute_not_exists(id) OR version = :seen",
                ExpressionAttributeValues={":seen": {"N": str(len(names) - 1)}},
            )
            return
        except client.exceptions.ConditionalCheckFailedException:
            continue


def _data_key(name: str) -> str:
    return f"alias/{name}"


def kinds(shared: dict[str, str]) -> list[Kind]:
    """Return every kind, over what `set_up` has made."""
    key = shared["key"]
    return [
        Kind(
            "s3", "object",
            lambda c, n: c.put_object(Bucket="shared", Key=n, Body=n.encode()),
            lambda c, n: c.delete_object(Bucket="shared", Key=n),
            lambda c: [one["Key"] for one in pages(c, "list_objects_v2", "Contents", Bucket="shared")],
        ),
        Kind(
            "s3", "tagged-object",
            lambda c, n: (
                c.put_object(Bucket="shared", Key=f"tagged/{n}", Body=b""),
                c.put_object_tagging(
                    Bucket="shared", Key=f"tagged/{n}", Tagging={"TagSet": [TAG | {"Key": n}]}
                ),
            ),
            lambda c, n: c.delete_object_tagging(Bucket="shared", Key=f"tagged/{n}"),
            lambda c: [
                tag["Key"]
                for one in pages(c, "list_objects_v2", "Contents", Bucket="shared", Prefix="tagged/")
                for tag in c.get_object_tagging(Bucket="shared", Key=one["Key"])["TagSet"]
            ],
        ),
        Kind(
            "s3", "bucket",
            lambda c, n: c.create_bucket(
                Bucket=n, CreateBucketConfiguration={"LocationConstraint": REGION}
            ),
            lambda c, n: c.delete_bucket(Bucket=n),
            lambda c: [one["Name"] for one in c.list_buckets()["Buckets"]],
        ),
        Kind(
            "dynamodb", "item",
            lambda c, n: c.put_item(
                TableName="shared", Item={"id": {"S": n}}, ConditionExpression="attribute_not_exists(id)"
            ),
            lambda c, n: c.delete_item(
                TableName="shared", Key={"id": {"S": n}}, ConditionExpression="attribute_exists(id)"
            ),
            lambda c: [one["id"]["S"] for one in pages(c, "scan", "Items", TableName="shared")],
        ),
        Kind("dynamodb", "register", _register, None, _registered),
        Kind(
            "dynamodb", "table",
            lambda c, n: c.create_table(
                TableName=n, KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            ),
            lambda c, n: c.delete_table(TableName=n),
            lambda c: pages(c, "list_tables", "TableNames"),
        ),
        Kind("sqs", "message", lambda c, n: c.send_message(QueueUrl=_queue(c), MessageBody=n), None, _messages),
        Kind(
            "sqs", "queue",
            lambda c, n: c.create_queue(QueueName=n),
            lambda c, n: c.delete_queue(QueueUrl=f"{c.meta.endpoint_url}/{ACCOUNT}/{n}"),
            lambda c: [url.rpartition("/")[2] for url in c.list_queues().get("QueueUrls", [])],
        ),
        Kind(
            "sqs", "tag",
            lambda c, n: c.tag_queue(QueueUrl=_queue(c), Tags={n: "1"}),
            lambda c, n: c.untag_queue(QueueUrl=_queue(c), TagKeys=[n]),
            lambda c: c.list_queue_tags(QueueUrl=_queue(c)).get("Tags", {}),
        ),
        Kind(
            "sns", "topic",
            lambda c, n: c.create_topic(Name=n),
            lambda c, n: c.delete_topic(TopicArn=f"{TOPIC}:{n}"),
            lambda c: [one["TopicArn"].rpartition(":")[2] for one in pages(c, "list_topics", "Topics")],
        ),
        Kind(
            "sns", "subscription",
            lambda c, n: c.subscribe(TopicArn=f"{TOPIC}:shared", Protocol="sqs", Endpoint=f"{QUEUE}-{n}"),
            None,
            lambda c: [
                one["Endpoint"].partition("shared-")[2] for one in pages(c, "list_subscriptions", "Subscriptions")
            ],
        ),
        Kind(
            "sns", "tag",
            lambda c, n: c.tag_resource(ResourceArn=f"{TOPIC}:shared", Tags=[TAG | {"Key": n}]),
            lambda c, n: c.untag_resource(ResourceArn=f"{TOPIC}:shared", TagKeys=[n]),
            lambda c: _tags(c.list_tags_for_resource(ResourceArn=f"{TOPIC}:shared")["Tags"]),
        ),
        Kind(
            "events", "rule",
            lambda c, n: c.put_rule(Name=n, EventPattern='{"source": ["nobody"]}'),
            lambda c, n: c.delete_rule(Name=n),
            lambda c: [one["Name"] for one in pages(c, "list_rules", "Rules")],
        ),
        Kind(
            "events", "target",
            # A rule has at most five targets.
            lambda c, n: (
                c.put_rule(Name=f"rule-{n}", EventPattern='{"source": ["nobody"]}'),
                c.put_targets(Rule=f"rule-{n}", Targets=[{"Id": n, "Arn": QUEUE}]),
            ),
            lambda c, n: c.remove_targets(Rule=f"rule-{n}", Ids=[n]),
            lambda c: [
                one["Id"]
                for rule in pages(c, "list_rules", "Rules", NamePrefix="rule-target-")
                for one in c.list_targets_by_rule(Rule=rule["Name"])["Targets"]
            ],
        ),
        Kind(
            "stepfunctions", "machine",
            lambda c, n: (
                c.create_state_machine(name=n, definition=PASS, roleArn=ROLE),
                c.update_state_machine(
                    stateMachineArn=f"{MACHINE}:{n}", definition=PASS.replace('"A"', '"B"')
                ),
            ),
            lambda c, n: c.delete_state_machine(stateMachineArn=f"{MACHINE}:{n}"),
            lambda c: [one["name"] for one in pages(c, "list_state_machines", "stateMachines")],
        ),
        Kind(
            "stepfunctions", "execution",
            lambda c, n: c.start_execution(stateMachineArn=f"{MACHINE}:shared", name=n),
            None,
            lambda c: [
                one["name"]
                for one in pages(c, "list_executions", "executions", stateMachineArn=f"{MACHINE}:shared")
            ],
        ),
        Kind(
            "stepfunctions", "tag",
            lambda c, n: c.tag_resource(
                resourceArn=f"{MACHINE}:shared", tags=[{"key": n, "value": "1"}]
            ),
            lambda c, n: c.untag_resource(resourceArn=f"{MACHINE}:shared", tagKeys=[n]),
            lambda c: _tags(c.list_tags_for_resource(resourceArn=f"{MACHINE}:shared")["tags"]),
        ),
        Kind(
            "glue", "job",
            lambda c, n: c.create_job(
                Name=n, Role=ROLE, GlueVersion="5.0",
                Command={"Name": "glueetl", "ScriptLocation": "s3://shared/j.py", "PythonVersion": "3"},
            ),
            lambda c, n: c.delete_job(JobName=n),
            lambda c: [one["Name"] for one in pages(c, "get_jobs", "Jobs")],
        ),
        Kind(
            "glue", "table",
            lambda c, n: c.create_table(
                DatabaseName="shared", TableInput={"Name": n, "StorageDescriptor": STORED}
            ),
            lambda c, n: c.delete_table(DatabaseName="shared", Name=n),
            lambda c: [one["Name"] for one in pages(c, "get_tables", "TableList", DatabaseName="shared")],
        ),
        Kind(
            "glue", "partition",
            lambda c, n: c.create_partition(
                DatabaseName="shared", TableName="shared",
                PartitionInput={"Values": [n], "StorageDescriptor": STORED},
            ),
            lambda c, n: c.delete_partition(
                DatabaseName="shared", TableName="shared", PartitionValues=[n]
            ),
            lambda c: [
                one["Values"][0]
                for one in pages(c, "get_partitions", "Partitions", DatabaseName="shared", TableName="shared")
            ],
        ),
        Kind(
            "iam", "role",
            lambda c, n: c.create_role(RoleName=n, AssumeRolePolicyDocument=TRUST),
            lambda c, n: c.delete_role(RoleName=n),
            lambda c: [one["RoleName"] for one in pages(c, "list_roles", "Roles")],
        ),
        Kind(
            "iam", "role-policy",
            lambda c, n: c.put_role_policy(RoleName="shared", PolicyName=n, PolicyDocument=POLICY),
            lambda c, n: c.delete_role_policy(RoleName="shared", PolicyName=n),
            lambda c: pages(c, "list_role_policies", "PolicyNames", RoleName="shared"),
        ),
        Kind(
            "iam", "policy",
            lambda c, n: (
                c.create_policy(PolicyName=n, PolicyDocument=POLICY),
                c.create_policy_version(
                    PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/{n}", PolicyDocument=POLICY, SetAsDefault=True
                ),
            ),
            None,
            lambda c: [one["PolicyName"] for one in pages(c, "list_policies", "Policies", Scope="Local")],
        ),
        Kind(
            "iam", "role-tag",
            lambda c, n: c.tag_role(RoleName="shared", Tags=[TAG | {"Key": n}]),
            lambda c, n: c.untag_role(RoleName="shared", TagKeys=[n]),
            lambda c: _tags(pages(c, "list_role_tags", "Tags", RoleName="shared")),
        ),
        Kind(
            "kms", "key",
            lambda c, n: c.create_key(Description=n),
            None,
            lambda c: [
                c.describe_key(KeyId=one["KeyId"])["KeyMetadata"]["Description"]
                for one in pages(c, "list_keys", "Keys")
            ],
        ),
        Kind(
            "kms", "alias",
            lambda c, n: c.create_alias(AliasName=_data_key(n), TargetKeyId=key),
            lambda c, n: c.delete_alias(AliasName=_data_key(n)),
            lambda c: [one["AliasName"].partition("/")[2] for one in pages(c, "list_aliases", "Aliases")],
        ),
        Kind(
            "kms", "tag",
            lambda c, n: c.tag_resource(KeyId=key, Tags=[{"TagKey": n, "TagValue": "1"}]),
            lambda c, n: c.untag_resource(KeyId=key, TagKeys=[n]),
            lambda c: _tags(pages(c, "list_resource_tags", "Tags", KeyId=key)),
        ),
        Kind(
            "cloudwatch", "alarm",
            lambda c, n: c.put_metric_alarm(
                AlarmName=n, MetricName="m", Namespace="shared", Period=60, EvaluationPeriods=1,
                Threshold=1, ComparisonOperator="GreaterThanThreshold", Statistic="Sum",
            ),
            lambda c, n: c.delete_alarms(AlarmNames=[n]),
            lambda c: [one["AlarmName"] for one in pages(c, "describe_alarms", "MetricAlarms")],
        ),
        Kind(
            "cloudwatch", "metric",
            lambda c, n: c.put_metric_data(
                Namespace="shared", MetricData=[{"MetricName": n, "Value": 1.0}]
            ),
            None,
            lambda c: [one["MetricName"] for one in pages(c, "list_metrics", "Metrics", Namespace="shared")],
        ),
    ]  # fmt: skip
