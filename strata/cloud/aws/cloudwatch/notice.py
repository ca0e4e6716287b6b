"""What a change of an alarm's state tells: the message to a topic, and the event.

Shapes: CloudWatch User Guide, "Alarm events and EventBridge", and messages that AWS was recorded to send.
"""

from __future__ import annotations

import functools
import json
import logging
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.sns.models import sns_backends

from strata.cloud.aws.cloudwatch.reason import timestamp
from strata.cloud.aws.events import api as events
from strata.cloud.aws.iam.resource_policies import refusal

_log = logging.getLogger(__name__)
_SERVICE = "cloudwatch.amazonaws.com"
_STATISTICS = {"SampleCount": "SAMPLE_COUNT"}


@dataclass(frozen=True)
class State:
    """The state of an alarm, since a moment."""

    value: str
    reason: str
    reason_data: str | None
    since: datetime


def publish(alarm: Any, account_id: str, before: State, after: State) -> None:
    """Publish an alarm's new state to its topics, if its actions are enabled.

    AWS does not say of a topic that refuses it but in the alarm's history; here it is logged.
    """
    actions = {
        "OK": alarm.ok_actions,
        "ALARM": alarm.alarm_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }[after.value]
    if not alarm.actions_enabled:
        return
    place = _place(alarm.region_name)
    text = json.dumps(_message(alarm, account_id, before, after, place), separators=(",", ":"))
    for arn in actions:
        backend = sns_backends[account_id][arn.split(":")[3]]
        topic = backend.topics.get(arn)
        if topic is None:
            _log.warning("alarm %s: the topic %s does not exist", alarm.name, arn)
            continue
        denied = refusal(topic.policy, "sns:Publish", arn, service=_SERVICE, source_arn=alarm.alarm_arn)
        if denied:
            _log.warning("alarm %s: %s", alarm.name, denied)
            continue
        backend.publish(text, arn=arn, subject=f'{after.value}: "{alarm.name}" in {place}'[:100])


def tell(alarm: Any, account_id: str, before: State, after: State) -> None:
    """Put the event of an alarm's new state on the account's default bus."""
    events.publish(
        account_id,
        alarm.region_name,
        source="aws.cloudwatch",
        detail_type="CloudWatch Alarm State Change",
        resources=[alarm.alarm_arn],
        detail={
            "alarmName": alarm.name,
            "state": _state(after),
            "previousState": _state(before),
            "configuration": {
                **({"description": alarm.description} if alarm.description else {}),
                "metrics": [
                    {
                        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, alarm.alarm_arn)),
                        "metricStat": {
                            "metric": {
                                "namespace": alarm.namespace,
                                "name": alarm.metric_name,
                                "dimensions": {it.name: it.value for it in alarm.dimensions},
                            },
                            "period": int(alarm.period),
                            "stat": alarm.statistic,
                        },
                        "returnData": True,
                    }
                ],
            },
        },
    )


def _state(state: State) -> dict[str, Any]:
    data = {"reasonData": state.reason_data} if state.reason_data else {}
    return {"value": state.value, "reason": state.reason, **data, "timestamp": timestamp(state.since)}


def _message(alarm: Any, account_id: str, before: State, after: State, place: str) -> dict[str, Any]:
    trigger = {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "StatisticType": "Statistic",
        "Statistic": _STATISTICS.get(alarm.statistic, alarm.statistic.upper()),
        "Unit": alarm.unit,
        "Dimensions": [{"value": it.value, "name": it.name} for it in alarm.dimensions],
        "Period": int(alarm.period),
        "EvaluationPeriods": int(alarm.evaluation_periods),
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": float(alarm.threshold),
        "TreatMissingData": alarm.treat_missing_data or "",
        "EvaluateLowSampleCountPercentile": "",
    }
    if alarm.datapoints_to_alarm is None:
        del trigger["DatapointsToAlarm"]
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": account_id,
        "AlarmConfigurationUpdatedTimestamp": timestamp(alarm.configuration_updated_timestamp),
        "NewStateValue": after.value,
        "NewStateReason": after.reason,
        "StateChangeTime": timestamp(after.since),
        "Region": place,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": before.value,
        "OKActions": list(alarm.ok_actions),
        "AlarmActions": list(alarm.alarm_actions),
        "InsufficientDataActions": list(alarm.insufficient_data_actions),
        "Trigger": trigger,
    }


@functools.cache
def _place(region: str) -> str:
    """Return what CloudWatch calls a region, such as `EU (Ireland)`."""
    import botocore.session

    for partition in botocore.session.get_session().get_data("endpoints")["partitions"]:
        if region in partition["regions"]:
            return str(partition["regions"][region]["description"]).replace("Europe (", "EU (")
    return region
