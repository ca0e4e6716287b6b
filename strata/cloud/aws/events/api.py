"""EventBridge: events reach the enabled rules of their bus, and targets are invoked as `delivery` does.

moto sends S3 events to the rules of every bus, disabled or not, past input transformers, and knows no state
machine as a target, no role, no retry and no dead-letter queue.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import InvalidEventPatternException, ValidationException
from moto.events.models import (
    EventPattern,
    EventPatternParser,
    EventsBackend,
    Replay,
    ReplayState,
    Rule,
    events_backends,
)

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.events import input as event_input
from strata.cloud.aws.events import pattern as event_pattern
from strata.cloud.aws.events import pattern_syntax
from strata.cloud.aws.events import schedule as event_schedule
from strata.cloud.aws.events.delivering import DeliveringService
from strata.cloud.aws.events.delivery import TargetInvocation
from strata.cloud.aws.service import action, replaces
from strata.cloud.clock import Clock
from strata.faults import Fault, FaultRegistry
from strata.faults.fault import DELIVERY

# Quotas of the EventBridge User Guide, "Amazon EventBridge quotas"; the size is in bytes and of a request.
_RULES_PER_BUS = 300
_TARGETS_PER_RULE = 5
_ENTRIES_SIZE = 262_144
_NEEDED = ("id", "account", "source", "time", "region", "detail-type")


class EventBridge(DeliveringService):
    """Rules and targets."""

    name = "events"
    invokes = "an event is being delivered to {}"

    def __init__(self, faults: FaultRegistry, clock: Clock) -> None:
        super().__init__(clock)
        self._faults = faults
        self._schedules = event_schedule.Schedules()

    @action("events", "PutRule", wraps=True)
    def put_rule(self, put: Callable[..., Any], response: Any) -> Any:
        bus = moto.events_bus(response.events_backend, moto.parameter(response, "EventBusName"))
        if expression := moto.parameter(response, "ScheduleExpression"):
            try:
                event_schedule.parse(expression)
            except event_schedule.InvalidScheduleError:
                raise ValidationException("Parameter ScheduleExpression is not valid.") from None
        name = moto.parameter(response, "Name")
        if bus is not None and name not in bus.rules and len(bus.rules) >= _RULES_PER_BUS:
            raise _limit_exceeded()
        return put(response)

    @action("events", "TestEventPattern")
    def test_event_pattern(self, response: Any) -> str:
        try:
            event = json.loads(moto.parameter(response, "Event"))
        except ValueError:
            event = None
        if not isinstance(event, dict) or any(name not in event for name in _NEEDED):
            raise ValidationException("Parameter Event is not valid.")
        pattern = EventPatternParser(moto.parameter(response, "EventPattern")).parse()
        return json.dumps({"Result": event_pattern.matches(pattern, event)})

    @action("events", "PutEvents")
    def put_events(self, response: Any) -> str:
        entries = moto.parameter(response, "Entries")
        if sum(_entry_size(entry) for entry in entries) > _ENTRIES_SIZE:
            raise ValidationException("Total size of the entries in the request is over the limit.")
        backend = response.events_backend
        if len(entries) > 10:
            backend.put_events(entries)  # raises
        results = [_refused_entry(entry) or backend.put_events([entry])[0] for entry in entries]
        failed = sum("ErrorCode" in result for result in results)
        return json.dumps({"FailedEntryCount": failed, "Entries": results})

    @action("events", "PutTargets", wraps=True)
    def put_targets(
        self,
        put: Callable[..., None],
        backend: EventsBackend,
        name: str,
        event_bus_arn: str | None,
        targets: list[dict[str, Any]],
    ) -> None:
        for target in targets:
            _check_target(target)
        bus = moto.events_bus(backend, event_bus_arn)
        rule = bus.rules.get(name) if bus else None
        taken = {target["Id"] for target in [*targets, *(rule.targets if rule else ())]}
        if len(taken) > _TARGETS_PER_RULE:
            raise _limit_exceeded()
        put(backend, name, event_bus_arn, targets)

    @replaces(moto.SEND_TO_TARGETS)
    def send_to_targets(
        self, rule: Rule, original_event: Mapping[str, Any], transform_input: bool = True
    ) -> None:
        if rule.state == "DISABLED" or not rule.event_pattern.dump():
            return  # a rule with a schedule only takes no events
        event = {name: value for name, value in original_event.items() if name != "ingestion-time"}
        event["time"] = _timestamp(event.get("time"))
        if not event_pattern.matches(rule.event_pattern.get_pattern(), event):
            return
        if rule.managed_by:
            _archive(rule, event)
            return
        self._submit(rule, event)

    def next_due(self, now: datetime.datetime) -> datetime.datetime | None:
        """Return when a rule's schedule is due next."""
        return self._schedules.next_due(_expressions(_scheduled_rules()), now)

    def run_due(self, now: datetime.datetime) -> None:
        """Send the event of each schedule that is due to its rule's targets."""
        rules = {rule.arn: rule for rule in _scheduled_rules()}
        for arn in self._schedules.due(_expressions(rules.values()), now):
            rule = rules[arn]
            event = _event(
                rule.account_id,
                rule.region_name,
                source="aws.events",
                detail_type="Scheduled Event",
                resources=[arn],
                detail={},
            )
            self._submit(rule, event)

    def _submit(self, rule: Rule, event: Mapping[str, Any]) -> None:
        """Hand an event to the delivery, for each target of a rule."""
        ingestion_time = _timestamp(None)
        for target in list(rule.targets):
            invocation = TargetInvocation(
                rule_arn=rule.arn,
                rule_name=rule.name,
                account_id=rule.account_id,
                region=rule.region_name,
                target=dict(target),
                event=event,
                ingestion_time=ingestion_time,
            )
            about = f"{rule.arn} {target['Arn']} {json.dumps(event, default=str)}"
            self._hand_over(invocation, self._faults.strike(DELIVERY, about) if self._faults else None)

    def _hand_over(self, invocation: TargetInvocation, fault: Fault | None) -> None:
        """Give a delivery to the threads that make it, as the fault wants it."""
        effect = fault.effect if fault else ""
        if effect == "drop":
            return
        if fault and effect in ("delay", "reorder"):
            self.delivery.submit_later(invocation, fault.seconds, let_pass=effect == "reorder")
            return
        self.delivery.submit(invocation)
        if effect == "duplicate":
            self.delivery.submit(dataclasses.replace(invocation))

    @replaces(moto.REPLAY_EVENTS)
    def replay_events(self, replay: Replay, archive: Any) -> None:
        bus_name = replay.destination["Arn"].split("/")[-1]
        bus = events_backends[replay.account_id][replay.region].describe_event_bus(bus_name)
        wanted = [arn.split("/")[-1] for arn in replay.destination.get("FilterArns", [])]
        window = (float(replay.event_start_time), float(replay.event_end_time))
        _expire(archive)
        for event in _of_window(archive.events, *window):
            again = {**event, "replay-name": replay.name}
            for rule in list(bus.rules.values()):
                if not wanted or rule.name in wanted:
                    rule.send_to_targets(again)  # type: ignore[arg-type]
        replay.state = ReplayState.COMPLETED
        replay.end_time = moto.now().timestamp()

    @action("events", "DescribeArchive", wraps=True)
    def describe_archive(self, describe: Callable[..., Any], response: Any) -> Any:
        archive = response.events_backend.archives.get(moto.parameter(response, "ArchiveName"))
        if archive is not None:
            _expire(archive)
        return describe(response)

    @action("events", "ListArchives", wraps=True)
    def list_archives(self, list_all: Callable[..., Any], response: Any) -> Any:
        for archive in list(response.events_backend.archives.values()):
            _expire(archive)
        return list_all(response)

    @replaces(moto.PATTERN_MATCHES)
    def matches(self, pattern: EventPattern, event: Any) -> bool:
        return event_pattern.matches(pattern.get_pattern(), json.loads(json.dumps(event)))

    @replaces(moto.VALIDATE_PATTERN)
    def validate(self, parser: EventPatternParser, pattern: dict[str, Any]) -> None:
        if not parser.pattern:
            return  # a rule with a schedule only
        try:
            pattern_syntax.validate(pattern)
        except pattern_syntax.InvalidPatternError as error:
            raise InvalidEventPatternException(reason=str(error)) from None


def publish(
    account_id: str,
    region: str,
    *,
    source: str,
    detail_type: str,
    resources: Sequence[str],
    detail: Mapping[str, Any],
) -> str:
    """Put an event of an AWS service on the account's default bus; return the event's id."""
    event = _event(
        account_id, region, source=source, detail_type=detail_type, resources=resources, detail=detail
    )
    for rule in list(events_backends[account_id][region].event_buses["default"].rules.values()):
        rule.send_to_targets(event)  # type: ignore[arg-type]
    return str(event["id"])


def _event(
    account_id: str,
    region: str,
    *,
    source: str,
    detail_type: str,
    resources: Sequence[str],
    detail: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account_id,
        "time": _timestamp(None),
        "region": region,
        "resources": list(resources),
        "detail": dict(detail),
    }


def _scheduled_rules() -> list[Rule]:
    """The enabled rules with a schedule; only the default bus may have some."""
    return [
        rule
        for regions in list(events_backends.values())
        for backend in list(regions.values())
        for rule in list(backend.event_buses["default"].rules.values())
        if rule.scheduled_expression and rule.state != "DISABLED"
    ]


def _expressions(rules: Iterable[Rule]) -> list[tuple[str, str]]:
    return [(rule.arn, str(rule.scheduled_expression)) for rule in rules]


def _archive(rule: Rule, event: dict[str, Any]) -> None:
    for archive in events_backends[rule.account_id][rule.region_name].archives.values():
        if archive.rule is rule or (archive.rule and archive.rule.name == rule.name):
            # The time at which it came, from which its retention counts; no target gets it.
            came: Any = {**event, "ingestion-time": moto.now().timestamp()}
            archive.events.append(came)


def _expire(archive: Any) -> None:
    """Drop the events that an archive has kept for its retention; 0 or none keeps them for ever."""
    if archive.retention:
        oldest = moto.now().timestamp() - int(archive.retention) * 86_400
        archive.events[:] = [it for it in archive.events if it.get("ingestion-time", oldest) >= oldest]


def _of_window(events: Sequence[Any], start: float, end: float) -> list[Any]:
    """Return an archive's events whose own time is within a replay's window, in the order of time.

    A replay goes by the time in the event: EventBridge User Guide, "Replaying archived events".
    """
    found = sorted(((_seconds(event["time"]), event) for event in events), key=lambda timed: timed[0])
    return [event for at, event in found if start <= at <= end]


def _seconds(time: str) -> float:
    return datetime.datetime.fromisoformat(time).timestamp()


def _limit_exceeded() -> JsonRESTError:
    return JsonRESTError(
        "LimitExceededException", "The requested resource exceeds the maximum number allowed."
    )


def _refused_entry(entry: Mapping[str, Any]) -> dict[str, str] | None:
    """Return why EventBridge does not take an entry, for what moto takes."""
    if (entry.get("Source") or "").startswith("aws."):
        return {
            "ErrorCode": "NotAuthorizedForSourceException",
            "ErrorMessage": "Not authorized for the source.",
        }
    if entry.get("Source") and entry.get("DetailType") and entry.get("Detail"):
        try:
            detail = json.loads(entry["Detail"])
        except ValueError:
            detail = None
        if not isinstance(detail, dict):
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    return None


def _entry_size(entry: Mapping[str, Any]) -> int:
    """Return an entry's size as the User Guide computes it."""
    texts = [entry.get(name) or "" for name in ("Source", "DetailType", "Detail")]
    size = sum(len(text.encode()) for text in [*texts, *(entry.get("Resources") or ())])
    return size + (14 if entry.get("Time") else 0)


def _check_target(target: Mapping[str, Any]) -> None:
    if target["Arn"].split(":")[2:3] == ["states"] and not target.get("RoleArn"):
        raise ValidationException(f"RoleArn is required for target {target['Arn']}.")
    given = [name for name in ("Input", "InputPath", "InputTransformer") if target.get(name)]
    if len(given) > 1:
        raise ValidationException(
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {target['Id']}."
        )
    try:
        event_input.validate(target)
    except event_input.InvalidInputError as error:
        raise ValidationException(str(error)) from None


def _timestamp(time: str | float | None) -> str:
    """A time as events carry it; moto hands over seconds since 1970."""
    if isinstance(time, str):
        return time
    moment = moto.now() if time is None else datetime.datetime.fromtimestamp(time, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
