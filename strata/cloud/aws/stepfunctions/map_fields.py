"""ItemBatcher and ResultWriter of a distributed Map, which moto's grammar lacks or does not carry out.

They are taken out of a definition before moto parses it, and kept with what moto made of the Map. Rules: Step
Functions Developer Guide, "ItemBatcher (Map)" and "ResultWriter (Map)".
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, replaces

# The most that a state may hand to the next one.
_MOST_BYTES = 262_144
_FIELDS = ("ItemBatcher", "ResultWriter")
_LIMITS = ("MaxItemsPerBatch", "MaxInputBytesPerBatch")


@dataclass(frozen=True)
class MapFields:
    """What a Map state says of its children: `kind` is STANDARD or EXPRESS, `definition` their machine's."""

    language: str
    kind: str
    definition: str
    batcher: Mapping[str, Any] | None
    writer: Mapping[str, Any] | None

    def batches(self, items: list[Any], env: Any) -> list[tuple[Any, int]]:
        """Return the inputs of the children, and how many items each has.

        Raises:
            FailureEventException: a limit is not a positive number, or an item is larger than a batch.
        """
        if self.batcher is None:
            return [(item, 1) for item in items]
        settings = self._evaluated(self.batcher, env)
        most, most_bytes = (_limit(settings.get(name), name, env) for name in _LIMITS)
        head = {"BatchInput": settings["BatchInput"]} if "BatchInput" in settings else {}
        found: list[tuple[Any, int]] = []
        batch: list[Any] = []
        room = size = min(most_bytes, _MOST_BYTES) - len(_text({**head, "Items": []}))
        for item in items:
            length = len(_text(item))
            if length > room:
                cause = f"An item of {length} bytes does not fit into a batch"
                raise failed(env, "States.DataLimitExceeded", cause)
            if batch and (len(batch) == most or length + 1 > size):
                found.append(({**head, "Items": batch}, len(batch)))
                batch, size = [], room
            size -= length + bool(batch)
            batch.append(item)
        return [*found, ({**head, "Items": batch}, len(batch))] if batch else found

    def destination(self, env: Any) -> dict[str, Any] | None:
        """Return the parameters with which the results are written; None if they are not."""
        if self.writer is None or "Resource" not in self.writer:
            return None
        name = "Arguments" if self.language == "JSONata" else "Parameters"
        parameters: dict[str, Any] = self._evaluated({name: self.writer.get(name, {})}, env)[name]
        return parameters

    def _evaluated(self, template: Mapping[str, Any], env: Any) -> Any:
        if self.language == "JSONata":
            return _evaluated_jsonata(json.dumps(template), env)
        paths = {f"{name}Path": f"{name}.$" for name in _LIMITS}
        return _evaluated_paths(json.dumps({paths.get(name, name): v for name, v in template.items()}), env)


class Fields(Service):
    """moto's parser, with the fields that it lacks.

    It takes no whole number as a percentage either, and no children that are Express executions. It also
    parses a definition again at each check and each execution, which is most of a short execution's time. Its
    result keeps nothing of an execution, for the iterations of a Map share it; so executions share it here.
    """

    def __init__(self) -> None:
        super().__init__()
        self._parse_once = lru_cache(maxsize=32)(_parse)

    @replaces(moto.PARSE_DEFINITION, wraps=True)
    def parse(self, parse: Callable[[str], Any], definition: str) -> Any:
        return self._parse_once(parse, definition)


def _parse(parse: Callable[[str], Any], definition: str) -> Any:
    parsed = parse(simplified(definition))
    _attach(parsed[0], json.loads(definition), "JSONPath")
    return parsed


def simplified(definition: str) -> str:
    """Return a definition without what moto's grammar lacks."""
    try:
        machine = json.loads(definition)
    except ValueError:
        return definition
    changed = [_simplify(state) for state in list(_states(machine))]
    return json.dumps(machine) if any(changed) else definition


def failed(env: Any, error: str, cause: str) -> FailureEventException:
    """Return the failure of a Map Run."""
    details = {"mapRunFailedEventDetails": {"error": error, "cause": cause}}
    return failure(env, error, HistoryEventType.MapRunFailed, details)


def failure(env: Any, error: str, kind: HistoryEventType, details: Any) -> FailureEventException:
    """Return what ends a state by an event."""
    return FailureEventException(
        FailureEvent(env=env, error_name=ErrorName(error), event_type=kind, event_details=details)
    )


def _limit(value: Any, name: str, env: Any) -> int:
    """Return a limit; one that is not given is out of reach."""
    if value is None:
        return _MOST_BYTES
    number = int(value) if isinstance(value, str) and value.isdigit() else value
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise failed(env, "States.Runtime", f"{name} must be a positive integer, and is {json.dumps(value)}")
    return number


def _text(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str).encode()


def _inner(state: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the machines inside a state."""
    for name in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(name), dict):
            yield state[name]
    yield from (branch for branch in state.get("Branches") or () if isinstance(branch, dict))


def _states(machine: Any) -> Iterator[dict[str, Any]]:
    """Yield every state of a machine, and those inside."""
    states = machine.get("States") if isinstance(machine, dict) else None
    for state in states.values() if isinstance(states, dict) else ():
        if isinstance(state, dict):
            yield state
            for inner in _inner(state):
                yield from _states(inner)


def _simplify(state: dict[str, Any]) -> bool:
    """Take out of a state what moto's grammar lacks; return whether anything was."""
    if state.get("Type") != "Map":
        return False
    taken = [state.pop(name, None) for name in _FIELDS]
    percentage = state.get("ToleratedFailurePercentage")
    if isinstance(percentage, int) and not isinstance(percentage, bool):
        state["ToleratedFailurePercentage"] = float(percentage)
        taken.append(percentage)
    for inner in _inner(state):
        config = inner.get("ProcessorConfig")
        if isinstance(config, dict) and config.get("ExecutionType") == "EXPRESS":
            taken.append(config["ExecutionType"])
            config["ExecutionType"] = "STANDARD"
    return any(value is not None for value in taken)


def _attach(program: Any, machine: Mapping[str, Any], outer: str) -> None:
    """Give what moto made of each Map its fields, and each branch its number."""
    whole = machine.get("QueryLanguage") or outer
    for name, component in moto.states_of(program).items():
        state = machine["States"][name]
        language = state.get("QueryLanguage") or whole
        pairs = zip(moto.programs_in(component), _inner(state), strict=True)
        for number, (inner, definition) in enumerate(pairs):
            if state["Type"] == "Map":
                inner.fields = _fields(state, definition, language)
            else:
                inner.branch = number
            _attach(inner, definition, language)


def _fields(state: Mapping[str, Any], processor: Mapping[str, Any], language: str) -> MapFields:
    config = processor.get("ProcessorConfig") or {}
    definition = {name: value for name, value in processor.items() if name != "ProcessorConfig"}
    if language == "JSONata":
        definition.setdefault("QueryLanguage", language)
    return MapFields(
        language=language,
        kind=config.get("ExecutionType") or "STANDARD",
        definition=json.dumps(definition, separators=(",", ":"), ensure_ascii=False),
        batcher=state.get("ItemBatcher"),
        writer=state.get("ResultWriter"),
    )


@lru_cache(maxsize=256)
def _parsed(state: str) -> Any:
    """Return a state that moto parsed from its text."""
    program = moto.parse_machine(f'{{"StartAt":"Template","States":{{"Template":{state}}}}}')
    return moto.states_of(program)["Template"]


def _evaluated_paths(template: str, env: Any) -> Any:
    state = _parsed(f'{{"Type":"Pass","Parameters":{template},"End":true}}')
    frame = env.open_frame()
    try:
        frame.states.reset(env.states.get_input())
        frame.stack = copy.deepcopy(env.stack)
        state.parameters.eval(frame)
        return frame.stack[-1]
    finally:
        env.delete_frame(frame)


def _evaluated_jsonata(template: str, env: Any) -> Any:
    state = _parsed(f'{{"Type":"Pass","QueryLanguage":"JSONata","Output":{template},"End":true}}')
    frame = env.open_frame()
    try:
        frame.states.reset(env.states.get_input())
        state.output.eval(frame)
        return frame.states.get_input()
    finally:
        env.delete_frame(frame)
