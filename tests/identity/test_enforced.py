"""The planned policy of the apply role, enforced: what Terraform asks for passes, what it must not do is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from strata.cloud.aws import AwsServer, CloudContext
from strata.plan.document import resources

pytestmark = pytest.mark.terraform

ACCOUNT, REGION = "111122223333", "eu-west-1"
ROLE, BOUNDARY = (
    f"arn:aws:iam::{ACCOUNT}:role/strata-%s-dev",
    f"arn:aws:iam::{ACCOUNT}:policy/strata-boundary-dev",
)
OTHER = f"arn:aws:iam::{ACCOUNT}:policy/strata-other-dev"
RAW = f"strata-raw-dev-{ACCOUNT}"
HERE = f"{REGION}:{ACCOUNT}"
MACHINE = f"arn:aws:states:{HERE}:stateMachine:strata-pipeline-dev"
TOPIC = f"arn:aws:sns:{HERE}:strata-failures-dev"
QUEUE = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/strata-x-dlq-dev"
NAMED = {"project": "strata", "environment": "dev", "component": "x"}
TAGS = [{"Key": key, "Value": value} for key, value in NAMED.items()]
KEY_TAGS = [{"TagKey": key, "TagValue": value} for key, value in NAMED.items()]
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}],
    }
)
DEFINITION = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})

# service, call, arguments; in this order
PASS: list[tuple[str, str, dict[str, Any]]] = [
    ("s3", "create_bucket", {"Bucket": RAW,"CreateBucketConfiguration": {"LocationConstraint":"eu-west-1"}}),
    ("s3", "put_bucket_tagging", {"Bucket": RAW,"Tagging": {"TagSet":TAGS}}),
    ("s3", "put_public_access_block", {"Bucket": RAW,"PublicAccessBlockConfiguration": {"BlockPublicAcls":True}}),
    ("s3", "get_bucket_lifecycle_configuration", {"Bucket": RAW}),
    ("kms", "create_key", {"Tags": KEY_TAGS}),
    ("kms", "list_aliases", {}),
    ("iam", "create_role", {"RoleName": "strata-glue-dev","AssumeRolePolicyDocument": TRUST,"PermissionsBoundary": BOUNDARY,"Tags": TAGS}),
    ("iam", "put_role_policy", {"RoleName": "strata-glue-dev","PolicyName": "p","PolicyDocument": POLICY}),
    ("iam", "get_role", {"RoleName": "strata-apply-dev"}),
    ("iam", "list_role_policies", {"RoleName": "strata-glue-dev"}),
    ("iam", "get_policy", {"PolicyArn": BOUNDARY}),
    ("iam", "list_policy_versions", {"PolicyArn": BOUNDARY}),
    ("iam", "update_assume_role_policy", {"RoleName": "strata-glue-dev","PolicyDocument": TRUST}),
    ("logs", "create_log_group", {"logGroupName": "/aws-glue/jobs/strata-pipeline-dev/output","tags": NAMED}),
    ("logs", "put_retention_policy", {"logGroupName": "/aws-glue/jobs/strata-pipeline-dev/output","retentionInDays": 30}),
    ("logs", "describe_log_groups", {"logGroupNamePrefix": "/aws-glue"}),
    ("logs", "list_tags_for_resource", {"resourceArn": f"arn:aws:logs:{HERE}:log-group:/aws-glue/jobs/strata-pipeline-dev/output"}),
    ("logs", "create_log_group", {"logGroupName": "/aws/lambda/strata-refresh-dev","tags": NAMED}),
    ("sqs", "create_queue", {"QueueName": "strata-x-dlq-dev","tags": NAMED}),
    ("sqs", "get_queue_attributes", {"QueueUrl": QUEUE,"AttributeNames": ["All"]}),
    ("sqs", "list_queue_tags", {"QueueUrl": QUEUE}),
    ("sns", "create_topic", {"Name": "strata-failures-dev","Tags": TAGS}),
    ("sns", "set_topic_attributes", {"TopicArn": TOPIC,"AttributeName": "DisplayName","AttributeValue": "x"}),
    ("sns", "get_topic_attributes", {"TopicArn": TOPIC}),
    ("sns", "list_tags_for_resource", {"ResourceArn": TOPIC}),
    ("events", "put_rule", {"Name": "strata-raw-objects-dev","EventPattern": '{"source":["aws.s3"]}',"Tags": TAGS}),
    ("events", "put_targets", {"Rule": "strata-raw-objects-dev","Targets": [{"Id":"1","Arn":MACHINE,"RoleArn":ROLE%"eventbridge"}]}),
    ("events", "describe_rule", {"Name": "strata-raw-objects-dev"}),
    ("events", "list_targets_by_rule", {"Rule": "strata-raw-objects-dev"}),
    ("events", "list_tags_for_resource", {"ResourceARN": f"arn:aws:events:{HERE}:rule/strata-raw-objects-dev"}),
    ("events", "create_archive", {"ArchiveName": "strata-raw-objects-dev","EventSourceArn": f"arn:aws:events:{HERE}:event-bus/default"}),
    ("dynamodb", "create_table", {"TableName": "strata-claims-dev","KeySchema": [{"AttributeName":"k","KeyType":"HASH"}],"AttributeDefinitions": [{"AttributeName":"k","AttributeType":"S"}],"BillingMode": "PAY_PER_REQUEST","Tags": TAGS}),
    ("dynamodb", "describe_table", {"TableName": "strata-claims-dev"}),
    ("dynamodb", "describe_continuous_backups", {"TableName": "strata-claims-dev"}),
    ("dynamodb", "list_tags_of_resource", {"ResourceArn": f"arn:aws:dynamodb:{HERE}:table/strata-claims-dev"}),
    ("cloudwatch", "put_metric_alarm", {"AlarmName": "strata-x-dev","ComparisonOperator": "GreaterThanThreshold","EvaluationPeriods": 1,"MetricName": "m","Namespace": "n","Period": 60,"Statistic": "Sum","Threshold": 1,"Tags": TAGS}),
    ("cloudwatch", "describe_alarms", {"AlarmNames": ["strata-x-dev"]}),
    ("cloudwatch", "list_tags_for_resource", {"ResourceARN": f"arn:aws:cloudwatch:{HERE}:alarm:strata-x-dev"}),
    ("cloudwatch", "put_dashboard", {"DashboardName": "strata-pipeline-dev","DashboardBody": '{"widgets":[]}'}),
    ("cloudwatch", "get_dashboard", {"DashboardName": "strata-pipeline-dev"}),
    ("glue", "create_database", {"DatabaseInput": {"Name":"strata_dev"}}),
    ("glue", "get_database", {"Name": "strata_dev"}),
    ("glue", "create_table", {"DatabaseName": "strata_dev","TableInput": {"Name":"flights"}}),
    ("glue", "get_table", {"DatabaseName": "strata_dev","Name": "flights"}),
    ("glue", "get_partition_indexes", {"DatabaseName": "strata_dev","TableName": "flights"}),
    ("glue", "create_job", {"Name": "strata-clean-dev","Role": ROLE%"glue","Command": {"Name":"glueetl"},"Tags": NAMED}),
    ("glue", "get_job", {"JobName": "strata-clean-dev"}),
    ("glue", "get_tags", {"ResourceArn": f"arn:aws:glue:{HERE}:job/strata-clean-dev"}),
    ("glue", "create_security_configuration", {"Name": "strata-glue-dev","EncryptionConfiguration": {}}),
    ("glue", "get_security_configuration", {"Name": "strata-glue-dev"}),
    ("stepfunctions", "validate_state_machine_definition", {"definition": DEFINITION}),
    ("stepfunctions", "create_state_machine", {"name": "strata-pipeline-dev","definition": DEFINITION,"roleArn": ROLE%"stepfunctions","tags": [{"key":"a","value":"b"}]}),
    ("stepfunctions", "describe_state_machine", {"stateMachineArn": MACHINE}),
    ("stepfunctions", "publish_state_machine_version", {"stateMachineArn": MACHINE}),
    ("stepfunctions", "list_state_machine_versions", {"stateMachineArn": MACHINE}),
    ("stepfunctions", "list_tags_for_resource", {"resourceArn": MACHINE}),
    ("stepfunctions", "create_state_machine_alias", {"name": "live","routingConfiguration": [{"stateMachineVersionArn":f"{MACHINE}:1","weight":100}]}),
    ("stepfunctions", "describe_state_machine_alias", {"stateMachineAliasArn": f"{MACHINE}:live"}),
    ("lambda", "publish_layer_version", {"LayerName": "strata-snowflake-dev","Content": {"S3Bucket":"strata-artifacts-dev","S3Key":"l.zip"}}),
    ("lambda", "get_layer_version", {"LayerName": "strata-snowflake-dev","VersionNumber": 1}),
    ("lambda", "get_function", {"FunctionName": "strata-refresh-dev"}),
    ("lambda", "get_function_code_signing_config", {"FunctionName": "strata-refresh-dev"}),
    ("lambda", "put_function_event_invoke_config", {"FunctionName": "strata-refresh-dev","MaximumRetryAttempts": 1}),
    ("lambda", "list_versions_by_function", {"FunctionName": "strata-refresh-dev"}),
]  # fmt: skip
REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("s3", "get_object", {"Bucket": RAW,"Key": "x"}),
    ("iam", "create_role", {"RoleName": "strata-x-dev","AssumeRolePolicyDocument": TRUST,"Tags": TAGS}),
    ("iam", "create_role", {"RoleName": "strata-x-dev","AssumeRolePolicyDocument": TRUST,"PermissionsBoundary": OTHER,"Tags": TAGS}),
    ("iam", "put_role_policy", {"RoleName": "strata-apply-dev","PolicyName": "q","PolicyDocument": POLICY}),
    ("iam", "put_role_permissions_boundary", {"RoleName": "strata-glue-dev","PermissionsBoundary": OTHER}),
    ("iam", "delete_role_permissions_boundary", {"RoleName": "strata-glue-dev"}),
    ("iam", "attach_role_policy", {"RoleName": "strata-glue-dev","PolicyArn": BOUNDARY}),
    ("iam", "create_policy", {"PolicyName": "strata-x-dev","PolicyDocument": POLICY}),
    ("iam", "create_policy_version", {"PolicyArn": BOUNDARY,"PolicyDocument": POLICY,"SetAsDefault": True}),
    ("iam", "set_default_policy_version", {"PolicyArn": BOUNDARY,"VersionId": "v1"}),
    ("iam", "delete_policy_version", {"PolicyArn": BOUNDARY,"VersionId": "v1"}),
    ("iam", "tag_policy", {"PolicyArn": BOUNDARY,"Tags": TAGS}),
    ("iam", "delete_policy", {"PolicyArn": BOUNDARY}),
    ("iam", "put_role_policy", {"RoleName": "strata-unbound-dev","PolicyName": "q","PolicyDocument": POLICY}),
    ("iam", "update_assume_role_policy", {"RoleName": "strata-unbound-dev","PolicyDocument": TRUST}),
    ("dynamodb", "put_item", {"TableName": "strata-claims-dev","Item": {"k":{"S":"1"}}}),
    ("glue", "create_job", {"Name": "strata-y-dev","Role": ROLE%"apply","Command": {"Name":"glueetl"}}),
]  # fmt: skip


class Apply:
    """Clients with the keys of the apply role."""

    def __init__(self, url: str, keys: Mapping[str, str]) -> None:
        self._url, self._keys = url, keys

    def status(self, service: str, call: str, arguments: dict[str, Any]) -> int:
        client = client_of(self._url, service, self._keys)
        try:
            getattr(client, call)(**arguments)
        except ClientError as error:
            return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
        return 200


def client_of(url: str, service: str, keys: Mapping[str, str]) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
        config=Config(proxies={}, retries={"total_max_attempts": 1}),
    )


def test_the_apply_role_does_its_work_and_nothing_else(plan: Mapping[str, Any], tmp_path: Path) -> None:
    context = CloudContext(account_id=ACCOUNT, region=REGION, directory=tmp_path)
    server = AwsServer(context, leave_out=("glue", "lambda"))
    url = server.start()
    try:
        root = {"AccessKeyId": ACCOUNT, "SecretAccessKey": "test"}
        iam = client_of(url, "iam", root)
        for name in ("strata-boundary-dev", "strata-other-dev"):
            iam.create_policy(PolicyName=name, PolicyDocument=POLICY)
        for name in ("strata-apply-dev", "strata-unbound-dev"):
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        for resource in resources(plan):
            values = resource.values
            if resource.type == "aws_iam_role_policy" and values["role"] == "strata-apply-dev":
                iam.put_role_policy(
                    RoleName=values["role"], PolicyName="own", PolicyDocument=values["policy"]
                )
        sts = client_of(url, "sts", root)
        keys = sts.assume_role(RoleArn=ROLE % "apply", RoleSessionName="ci")["Credentials"]
        role = Apply(url, keys)
        assert [(s, c) for s, c, arguments in PASS if role.status(s, c, arguments) == 403] == []
        # Another environment's key must not become its own.
        another = client_of(url, "kms", root).create_key(
            Tags=[{"TagKey": "environment", "TagValue": "prod"}, {"TagKey": "project", "TagValue": "strata"}]
        )["KeyMetadata"]["KeyId"]
        refused = [*REFUSED, ("kms", "tag_resource", {"KeyId": another, "Tags": KEY_TAGS})]
        assert [(s, c) for s, c, arguments in refused if role.status(s, c, arguments) != 403] == []
    finally:
        server.stop()
