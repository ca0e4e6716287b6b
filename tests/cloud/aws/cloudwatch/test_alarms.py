"""Alarms of the embedded CloudWatch: their states, and what a change of state sets going."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strata.cloud.aws.cloudwatch import api
from tests.cloud.aws.conftest import ACCOUNT, REGION, Aws

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:failures"
ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:failed"
SETTINGS: dict[str, Any] = {
    "AlarmName": "failed",
    "AlarmDescription": "Something failed",
    "Namespace": "Shop",
    "MetricName": "Errors",
    "Dimensions": [{"Name": "Job", "Value": "clean"}],
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 0.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
    "AlarmActions": [TOPIC],
    "OKActions": [TOPIC],
}


class Watched:
    """An alarm, its topic, and a queue that the topic tells."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        # Nothing is evaluated but when a test says so, and a full minute is far enough away.
        aws.context.clock.stop()
        second = timedelta(seconds=aws.context.clock.now().second)
        aws.context.clock.advance(timedelta(seconds=65) - second)
        self.cloudwatch = aws.client("cloudwatch")
        self.topic(ArnLike={"aws:SourceArn": ALARM})
        self.url, queue = aws.queue("told")
        aws.client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=queue)

    def topic(self, **condition: Any) -> None:
        """Make the topic, whose policy admits CloudWatch."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": TOPIC,
            "Condition": condition,
        }
        sns = self.aws.client("sns")
        sns.create_topic(Name="failures")
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=policy)

    def put(self, **settings: Any) -> None:
        self.cloudwatch.put_metric_alarm(**{**SETTINGS, **settings})

    def data(self, *values: float, at: datetime | None = None, **more: Any) -> None:
        told = {"MetricName": "Errors", "Dimensions": SETTINGS["Dimensions"], "Unit": "Count", **more}
        timed = {"Timestamp": at} if at else {}
        data = [{**told, "Value": value, **timed} for value in values]
        self.cloudwatch.put_metric_data(Namespace="Shop", MetricData=data)

    def minutes(self, number: float = 1) -> None:
        self.aws.context.clock.advance(timedelta(minutes=number))

    def alarm(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cloudwatch.describe_alarms(AlarmNames=["failed"])["MetricAlarms"][0]
        return found

    def told(self) -> list[dict[str, Any]]:
        """The messages since the last time."""
        found = self.aws.client("sqs").receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        bodies = [json.loads(message["Body"]) for message in found.get("Messages", ())]
        for message in found.get("Messages", ()):
            self.aws.client("sqs").delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return [{"Subject": body["Subject"], **json.loads(body["Message"])} for body in bodies]


@pytest.fixture
def watched(aws: Aws) -> Watched:
    return Watched(aws)


def test_a_new_alarm_has_not_enough_data(watched: Watched) -> None:
    watched.put()
    alarm = watched.alarm()
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    assert alarm["StateReason"] == "Unchecked: Initial alarm creation"
    assert "StateReasonData" not in alarm


def test_an_alarm_acts_once_for_each_change(watched: Watched) -> None:
    watched.put()
    watched.data(2.0, 3.0)
    begun = watched.aws.context.clock.now().replace(second=0, microsecond=0)
    watched.minutes()
    alarm = watched.alarm()
    value = f"5.0 ({begun:%d/%m/%y %H:%M}:00)"
    reason = f"Threshold Crossed: 1 datapoint [{value}] was greater than the threshold (0.0)."
    assert (alarm["StateValue"], alarm["StateReason"]) == ("ALARM", reason)
    data = json.loads(alarm["StateReasonData"])
    assert (data["recentDatapoints"], data["threshold"], data["period"]) == ([5.0], 0.0, 60)
    start = f"{begun:%Y-%m-%dT%H:%M:00.000+0000}"
    assert data["evaluatedDatapoints"] == [{"timestamp": start, "sampleCount": 2.0, "value": 5.0}]
    assert (data["version"], data["startDate"]) == ("1.0", start)
    assert [it["NewStateValue"] for it in watched.told()] == ["ALARM"]
    watched.data(1.0)
    watched.minutes()
    assert watched.told() == []
    watched.minutes(5)
    missing = (
        "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as "
        "[NonBreaching]."
    )
    (message,) = watched.told()
    assert (message["NewStateValue"], message["NewStateReason"]) == ("OK", missing)
    assert watched.alarm()["StateReason"] == missing


def test_the_message_to_a_topic(watched: Watched) -> None:
    watched.put(Unit="Count", DatapointsToAlarm=1)
    watched.data(1.0)
    watched.minutes()
    (message,) = watched.told()
    for moment in ("AlarmConfigurationUpdatedTimestamp", "StateChangeTime"):
        assert datetime.strptime(message.pop(moment), "%Y-%m-%dT%H:%M:%S.%f%z").tzinfo is not None
    assert message.pop("NewStateReason").endswith("(minimum 1 datapoint for OK -> ALARM transition).")
    assert message == {
        "Subject": 'ALARM: "failed" in EU (Ireland)',
        "AlarmName": "failed",
        "AlarmDescription": "Something failed",
        "AWSAccountId": ACCOUNT,
        "NewStateValue": "ALARM",
        "Region": "EU (Ireland)",
        "AlarmArn": ALARM,
        "OldStateValue": "INSUFFICIENT_DATA",
        "OKActions": [TOPIC],
        "AlarmActions": [TOPIC],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": "Errors",
            "Namespace": "Shop",
            "StatisticType": "Statistic",
            "Statistic": "SUM",
            "Unit": "Count",
            "Dimensions": [{"value": "clean", "name": "Job"}],
            "Period": 60,
            "EvaluationPeriods": 1,
            "DatapointsToAlarm": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 0.0,
            "TreatMissingData": "notBreaching",
            "EvaluateLowSampleCountPercentile": "",
        },
    }


# Settings, values of one minute, and the state after it.
STATES: dict[str, tuple[dict[str, Any], list[float], str]] = {
    "Average of two": ({"Statistic": "Average", "Threshold": 2.0}, [1.0, 3.0], "OK"),
    "Average above": ({"Statistic": "Average", "Threshold": 1.9}, [1.0, 3.0], "ALARM"),
    "Maximum": ({"Statistic": "Maximum", "Threshold": 2.5}, [1.0, 3.0], "ALARM"),
    "Minimum": ({"Statistic": "Minimum", "Threshold": 1.5}, [1.0, 3.0], "OK"),
    "SampleCount": ({"Statistic": "SampleCount", "Threshold": 1.5}, [0.0, 0.0], "ALARM"),
    "Sum": ({"Statistic": "Sum", "Threshold": 3.5}, [1.0, 3.0], "ALARM"),
    "Another unit": ({"Unit": "Seconds"}, [1.0], "OK"),
    "Another dimension": ({"Dimensions": []}, [1.0], "OK"),
    "A longer period": ({"Period": 300}, [1.0], "ALARM"),
    "Breaching": ({"TreatMissingData": "breaching", "EvaluationPeriods": 2}, [], "ALARM"),
    "Missing": ({"TreatMissingData": "missing"}, [], "INSUFFICIENT_DATA"),
    "DynamoDB ignores": (
        {"Namespace": "AWS/DynamoDB", "TreatMissingData": "breaching"},
        [],
        "INSUFFICIENT_DATA",
    ),
}


def test_the_state_by_settings_and_data(watched: Watched) -> None:
    for case, (settings, values, _) in STATES.items():
        watched.put(AlarmName=case, MetricName=case, **settings)
        if values:
            watched.data(*values, MetricName=case)
    watched.minutes()
    alarms = watched.cloudwatch.describe_alarms()["MetricAlarms"]
    found = {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}
    assert found == {case: state for case, (_, _, state) in STATES.items()}


def test_data_of_before_and_of_other_times_count(watched: Watched) -> None:
    now = datetime.now(UTC)
    for minutes in (4, 3, 1):
        watched.data(1.0, at=now - timedelta(minutes=minutes))
    watched.put(EvaluationPeriods=4, DatapointsToAlarm=3)
    watched.minutes()
    alarm = watched.alarm()
    assert alarm["StateValue"] == "ALARM"
    assert alarm["StateReason"].startswith("Threshold Crossed: 3 out of the last 4 datapoints [1.0 (")
    assert alarm["StateReason"].endswith(
        " were greater than the threshold (0.0) and 1 missing datapoint was treated as [NonBreaching] "
        "(minimum 3 datapoints for OK -> ALARM transition)."
    )


def test_a_year_without_data_is_not_gone_through(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluated: list[Any] = []
    evaluate = api.CloudWatch._evaluate

    def counted(*given: Any) -> bool:
        evaluated.append(given)
        return evaluate(*given)

    monkeypatch.setattr(api.CloudWatch, "_evaluate", counted)
    watched.put(TreatMissingData="breaching")
    watched.minutes(365 * 24 * 60)
    assert watched.alarm()["StateValue"] == "ALARM"
    assert len(evaluated) < 5
    watched.data(0.0)
    watched.minutes()
    assert watched.alarm()["StateValue"] == "OK"


def test_set_alarm_state_lasts_until_the_next_evaluation(watched: Watched) -> None:
    watched.put()
    watched.minutes()
    assert [it["NewStateValue"] for it in watched.told()] == ["OK"]
    for _ in range(2):  # the second changes nothing
        watched.cloudwatch.set_alarm_state(AlarmName="failed", StateValue="ALARM", StateReason="a test")
    (message,) = watched.told()
    assert (message["OldStateValue"], message["NewStateReason"]) == ("OK", "a test")
    watched.minutes()
    assert [it["NewStateValue"] for it in watched.told()] == ["OK"]


def test_an_update_keeps_the_state(watched: Watched) -> None:
    watched.put()
    watched.cloudwatch.set_alarm_state(AlarmName="failed", StateValue="ALARM", StateReason="a test")
    watched.put(Threshold=7.0)
    alarm = watched.alarm()
    assert (alarm["StateValue"], alarm["StateReason"], alarm["Threshold"]) == ("ALARM", "a test", 7.0)


def test_what_is_not_told(watched: Watched) -> None:
    watched.put(AlarmName="disabled")
    watched.cloudwatch.disable_alarm_actions(AlarmNames=["disabled"])
    watched.put(AlarmName="not admitted by the topic's policy")
    watched.put(AlarmName="without a topic", AlarmActions=[f"{TOPIC}-2"])
    watched.put(ActionsEnabled=False)
    watched.cloudwatch.enable_alarm_actions(AlarmNames=["failed"])
    for name in ("disabled", "not admitted by the topic's policy", "without a topic", "failed"):
        watched.cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    assert [message["AlarmName"] for message in watched.told()] == ["failed"]


def test_the_event_of_a_change(watched: Watched) -> None:
    url, queue = watched.aws.queue("events")
    watched.aws.rule("alarms", {"source": ["aws.cloudwatch"]}, {"Id": "queue", "Arn": queue})
    watched.put()
    watched.cloudwatch.set_alarm_state(AlarmName="failed", StateValue="ALARM", StateReason="a test")
    (message,) = watched.aws.messages(url)
    event = json.loads(message["Body"])
    assert (event["detail-type"], event["resources"]) == ("CloudWatch Alarm State Change", [ALARM])
    detail = event["detail"]
    assert (detail["alarmName"], detail["state"]["value"]) == ("failed", "ALARM")
    assert (detail["previousState"]["value"], detail["state"]["reason"]) == ("INSUFFICIENT_DATA", "a test")
    assert detail["configuration"]["description"] == "Something failed"
    assert detail["configuration"]["metrics"][0]["metricStat"] == {
        "metric": {"namespace": "Shop", "name": "Errors", "dimensions": {"Job": "clean"}},
        "period": 60,
        "stat": "Sum",
    }


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"ExtendedStatistic": "p90"}, "ExtendedStatistic"),
    ({"Metrics": [{"Id": "a", "Expression": "SUM(METRICS())"}]}, "Metrics"),
    ({"AlarmActions": ["arn:aws:automate:eu-west-1:ec2:stop"]}, "AlarmActions"),
    ({"Period": 45}, "Period"),
    ({"DatapointsToAlarm": 2}, "DatapointsToAlarm"),
    ({"EvaluationPeriods": 1441}, "EvaluationPeriods"),
    ({"TreatMissingData": "guess"}, "TreatMissingData"),
]


def test_what_is_refused(watched: Watched) -> None:
    for settings, named in REFUSED:
        with pytest.raises(ClientError, match=named):
            watched.put(**settings)
    assert watched.cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_executions_are_counted(watched: Watched, role: str) -> None:
    states = {
        "Choose": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.fails", "BooleanEquals": True, "Next": "Fail"}],
            "Default": "Succeed",
        },
        "Fail": {"Type": "Fail"},
        "Succeed": {"Type": "Succeed"},
    }
    machine = watched.aws.machine("ended", states, role)
    metrics = {
        "ExecutionsStarted": 3,
        "ExecutionsSucceeded": 2,
        "ExecutionsFailed": 1,
        "ExecutionsAborted": 0,
    }
    for metric in metrics:
        watched.put(
            AlarmName=metric,
            Namespace="AWS/States",
            MetricName=metric,
            Dimensions=[{"Name": "StateMachineArn", "Value": machine}],
        )
    for fails in (True, False, False):
        started = watched.aws.client("stepfunctions").start_execution(
            stateMachineArn=machine, input=json.dumps({"fails": fails})
        )
        watched.aws.ended(started["executionArn"])
    watched.minutes()
    now = watched.aws.context.clock.now()
    found = {}
    for metric in metrics:
        points = watched.cloudwatch.get_metric_statistics(
            Namespace="AWS/States",
            MetricName=metric,
            Dimensions=[{"Name": "StateMachineArn", "Value": machine}],
            StartTime=now - timedelta(hours=1),
            EndTime=now,
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        found[metric] = sum(point["Sum"] for point in points)
    assert found == metrics
    alarms = watched.cloudwatch.describe_alarms(StateValue="ALARM")["MetricAlarms"]
    assert {alarm["AlarmName"] for alarm in alarms} == {name for name, number in metrics.items() if number}


def test_the_depth_of_a_queue_is_told(watched: Watched) -> None:
    url, _ = watched.aws.queue("dead")
    sqs = watched.aws.client("sqs")
    watched.put(
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "dead"}],
        Statistic="Maximum",
    )
    watched.minutes()
    assert watched.alarm()["StateValue"] == "OK"
    sqs.send_message(QueueUrl=url, MessageBody="lost")
    watched.minutes()
    assert watched.alarm()["StateValue"] == "ALARM"
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    watched.minutes()
    alarm = watched.alarm()
    assert alarm["StateValue"] == "OK"
    assert "[0.0 (" in alarm["StateReason"]
