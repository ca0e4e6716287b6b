"""One invocation of a schedule's target, and its dead letter: both with the keys of the schedule's role.

The dead letter's attributes: EventBridge Scheduler User Guide, "Configuring a dead-letter queue".
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from strata.cloud.aws.events.targets import TargetError
from strata.cloud.aws.iam.identity import AccessDenied
from strata.cloud.aws.scheduler import targets

_log = logging.getLogger(__name__)


@dataclass
class ScheduledInvocation:
    """A schedule's target at one of its times.

    Args:
        arn: the schedule's.
        group_arn: its group's, which is the `aws:SourceArn` that its role is assumed for.
        scheduler: what calls: `client` gives a client of a service with the role's keys.
    """

    arn: str
    group_arn: str
    target: Mapping[str, Any]
    scheduled: datetime
    scheduler: Any
    execution_id: str = field(default_factory=lambda: uuid.uuid4().hex[:16])
    retries: int = 0
    submitted: float | None = None

    def send(self) -> None:
        """Call the target's API."""
        self._call(self.target["Arn"], lambda url: targets.call_of(self.target, self._text(), url))

    def bury(self, error: TargetError, exhausted: str) -> None:
        """Send the text to the dead-letter queue, with why it is there."""
        queue_arn = (self.target.get("DeadLetterConfig") or {}).get("Arn")
        lost = f"{self.arn} for {self.target['Arn']}: {error.code}: {error.message}"
        if not queue_arn:
            _log.warning("dropped %s (no dead-letter queue)", lost)
            return
        attributes = {
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": error.message,
            "EXECUTION_ID": self.execution_id,
            **({"EXHAUSTED_RETRY_CONDITION": exhausted} if exhausted else {}),
            "IS_PAYLOAD_TRUNCATED": "false",
            "RETRY_ATTEMPTS": str(self.retries),
            "SCHEDULED_TIME": self._time(),
            "SCHEDULE_ARN": self.arn,
            "TARGET_ARN": self.target["Arn"],
        }
        more = {
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            }
        }
        try:
            self._call(queue_arn, lambda url: targets.message(queue_arn, self._text(), url, more))
        except TargetError as refused:
            _log.warning("dropped %s (dead-letter queue: %s)", lost, refused.message)

    def _call(self, arn: str, call_of: Callable[[str], targets.Call]) -> None:
        # The URL is the cloud's, whichever service is called.
        service, method, parameters = call_of(self.scheduler.url)
        region = arn.split(":")[3] or self.arn.split(":")[3]
        try:
            client = self.scheduler.client(service, region, self.target["RoleArn"], self.group_arn)
            answer = getattr(client, method)(**parameters)
        except AccessDenied as error:
            raise TargetError("AccessDeniedException", error.message) from None
        except ClientError as error:
            told, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            code = str(told["Code"])
            again = status >= 500 or status == 429 or "Throttl" in code or code == "TooManyRequestsException"
            raise TargetError(code, str(told["Message"]), retryable=again) from None
        except BotoCoreError as error:
            raise TargetError("ValidationException", str(error)) from None
        for entry in answer.get("Entries", ()) if service == "events" else ():
            if "ErrorCode" in entry:
                raise TargetError(entry["ErrorCode"], entry["ErrorMessage"])

    def _text(self) -> str:
        text = self.target.get("Input") or self._notification()
        for name, value in {
            "schedule-arn": self.arn,
            "scheduled-time": self._time(),
            "execution-id": self.execution_id,
            "attempt-number": str(self.retries + 1),
        }.items():
            text = text.replace(f"<aws.scheduler.{name}>", value)
        return text

    def _notification(self) -> str:
        """Return what a target gets that has no input of its own."""
        _, _, _, region, account, _ = self.arn.split(":")
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": account,
            "time": self._time(),
            "region": region,
            "resources": [self.arn],
            "detail": "{}",
        }
        return json.dumps(event)

    def _time(self) -> str:
        return self.scheduled.strftime("%Y-%m-%dT%H:%M:%SZ")
