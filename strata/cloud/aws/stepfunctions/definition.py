"""What is wrong with a state machine's definition; imported only when it is needed: it takes half a second.

moto accepts definitions that AWS refuses: targets that are missing, states that nothing leads to, no end,
paths and expressions that cannot be read. They are refused here, and so is what the embedded cloud does not
do.
"""

from __future__ import annotations

import datetime
import json
import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from jsonpath_ng.exceptions import JSONPathError
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser, ASLParserException
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.parse.test_state.asl_parser import TestStateAmazonStateLanguageParser

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.stepfunctions import jsonata
from strata.cloud.aws.stepfunctions.language import parse_path
from strata.cloud.aws.stepfunctions.map_diagnostics import Found, diagnostic, map_faults, wrong
from strata.cloud.aws.stepfunctions.map_fields import simplified

_ENDS = ("Succeed", "Fail")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_PARSING = threading.Lock()
_TEMPLATES = ("Parameters", "ResultSelector", "ItemSelector", "Assign", "BatchInput")


def diagnose(definition: str) -> Found:
    """Return what is wrong with a definition, as ValidateStateMachineDefinition lists it."""
    if not definition.strip():
        return [diagnostic("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object")]
    try:
        parsed = json.loads(definition)
    except ValueError as error:
        return [diagnostic("INVALID_JSON_DESCRIPTION", f"Invalid JSON: {error}", "/")]
    if not isinstance(parsed, dict):
        return [diagnostic("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object", "/")]
    found = _missing_fields(parsed) or _schema(parsed, "", "JSONPath")
    if found:
        return found
    try:
        _parse(definition)
    except ASLParserException as error:
        return [diagnostic("SCHEMA_VALIDATION_FAILED", fault, "/") for fault in error.errors]
    except Exception as error:  # the parser raises what its components do: ValueError, RuntimeError, ...
        return [diagnostic("SCHEMA_VALIDATION_FAILED", f"{type(error).__name__}: {error}", "/")]
    return _transitions(parsed, "")


def diagnose_state(definition: str) -> Found:
    """Return what is wrong with the definition of one state, as TestState takes it."""
    try:
        state = json.loads(definition)
    except ValueError as error:
        return [diagnostic("INVALID_JSON_DESCRIPTION", f"Invalid JSON: {error}", "/")]
    if not isinstance(state, dict):
        return [diagnostic("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object", "/")]
    if found := _schema({"States": {"TestState": state}}, "", "JSONPath"):
        return found
    try:
        with _PARSING:
            moto.forget_query_language(Preprocessor)
            TestStateAmazonStateLanguageParser.parse(definition)
    except ASLParserException as error:
        return [diagnostic("SCHEMA_VALIDATION_FAILED", fault, "/") for fault in error.errors]
    except Exception as error:  # as below
        return [diagnostic("SCHEMA_VALIDATION_FAILED", f"{type(error).__name__}: {error}", "/")]
    return []


def _parse(definition: str) -> None:
    # moto's preprocessors share the query languages that they met, also of a definition that was refused.
    with _PARSING:
        moto.forget_query_language(Preprocessor)
        AmazonStateLanguageParser.parse(simplified(definition))


def _missing_fields(machine: Mapping[str, Any]) -> Found:
    missing = [field for field in ("States", "StartAt") if field not in machine]
    return [wrong(f"These fields are required: [{', '.join(missing)}]", "/")] if missing else []


def _machines_of(state: Mapping[str, Any], path: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the machines inside a Map or Parallel state, with their places."""
    for field in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(field), dict):
            yield state[field], f"{path}/{field}"
    for number, branch in enumerate(_list(state.get("Branches"))):
        yield branch, f"{path}/Branches[{number}]"


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _states(machine: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    states = machine.get("States")
    return {n: s for n, s in states.items() if isinstance(s, dict)} if isinstance(states, dict) else {}


def _schema(machine: Mapping[str, Any], path: str, inherited: str) -> Found:
    """What is wrong in single states."""
    whole = machine.get("QueryLanguage") or inherited
    found: Found = []
    for name, state in _states(machine).items():
        here = f"{path}/States/{name}"
        language = state.get("QueryLanguage") or whole
        if whole == "JSONata" and language == "JSONPath":
            found.append(
                wrong(
                    "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", here
                )
            )
        found += _state(state, here, language)
        own = {k: v for k, v in state.items() if k not in ("ItemProcessor", "Iterator", "Branches")}
        found += _expressions(own, here) if language == "JSONata" else _paths(own, here)
        for inner, place in _machines_of(state, here):
            found += _schema(inner, place, whole) or _downgrades(inner, place, language)
    return found


def _downgrades(machine: Mapping[str, Any], path: str, outer: str) -> Found:
    """States in JSONPath inside one in JSONata, which the parser here does not take."""
    return [
        wrong("The embedded cloud takes no JSONPath inside a state in JSONata", f"{path}/States/{name}")
        for name, state in _states(machine).items()
        if outer == "JSONata" and state.get("QueryLanguage") == "JSONPath"
    ]


def _state(state: Mapping[str, Any], here: str, language: str) -> Found:
    found: Found = []
    kind = state.get("Type")
    goes_on = "Next" in state or state.get("End") is True
    if kind in ("Pass", "Task", "Wait", "Map", "Parallel") and not goes_on:
        found.append(wrong("One of these fields is required: [Next, End]", here))
    if kind == "Map":
        found += map_faults(state, here, language)
    if kind == "Task" and ":activity:" in str(state.get("Resource")):
        found.append(wrong("The embedded cloud runs no activities", f"{here}/Resource"))
    timestamp = state.get("Timestamp")
    if isinstance(timestamp, str) and not timestamp.startswith("{%") and not _is_timestamp(timestamp):
        found.append(wrong("String does not match RFC3339 timestamp", f"{here}/Timestamp"))
    credentials = state.get("Credentials")
    if isinstance(credentials, dict) and not {"RoleArn", "RoleArn.$"} & credentials.keys():
        found.append(wrong("The field 'RoleArn' is required but was missing", f"{here}/Credentials"))
    for number, choice in enumerate(_list(state.get("Choices"))):
        if "Next" not in choice:
            found.append(wrong("These fields are required: [Next]", f"{here}/Choices[{number}]"))
    for field in ("Retry", "Catch"):
        handlers = _list(state.get(field))
        for number, handler in enumerate(handlers):
            errors = handler.get("ErrorEquals") or []
            place = f"{here}/{field}[{number}]/ErrorEquals"
            if "States.ALL" in errors and len(errors) > 1:
                found.append(wrong("'States.ALL' must appear alone", place))
            if "States.ALL" in errors and number < len(handlers) - 1:
                found.append(wrong(f"'States.ALL' must be in the last item of '{field}'", place))
    return found


def _is_timestamp(text: str) -> bool:
    """Return whether a text is a moment as RFC 3339 writes it."""
    if not _TIMESTAMP.fullmatch(text):
        return False
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _paths(value: Any, here: str, *, template: bool = False) -> Found:
    """JSONPaths that cannot be read: fields of the language that hold one, and `.$` in templates."""
    found: Found = []
    for name, member in value.items() if isinstance(value, dict) else ():
        place = f"{here}/{name}"
        is_path = name.endswith(".$") if template else name == "Variable" or name.endswith("Path")
        if is_path and isinstance(member, str) and member.startswith(("$.", "$[", "$$.", "$$[")):
            try:
                parse_path(member.replace("$$", "$", 1))
            except JSONPathError:
                found.append(wrong(f"The value for the field '{name}' must be a valid JSONPath", place))
        if name != "Result":
            found += _paths(member, place, template=template or name in _TEMPLATES)
    for number, member in enumerate(value if isinstance(value, list) else ()):
        found += _paths(member, f"{here}[{number}]", template=template)
    return found


def _expressions(value: Any, here: str) -> Found:
    """JSONata that cannot be read."""
    if isinstance(value, str) and value.startswith("{%") and value.endswith("%}"):
        try:
            jsonata.check(value[2:-2].strip())
        except jsonata.JsonataError as error:
            return [wrong(f"The JSONata expression is not valid: {error}", here)]
    members = (
        [(f"{here}/{name}", member) for name, member in value.items()]
        if isinstance(value, dict)
        else [(f"{here}[{number}]", m) for number, m in enumerate(value if isinstance(value, list) else ())]
    )
    return [fault for place, member in members for fault in _expressions(member, place)]


def _transitions(machine: Mapping[str, Any], path: str) -> Found:
    """Targets that are missing, states that nothing leads to, and machines that cannot end."""
    states = _states(machine)
    found: Found = []
    reached: set[str] = set()

    def go(target: Any, location: str) -> None:
        if target is None:
            return
        if target in states:
            reached.add(target)
        else:
            found.append(
                diagnostic("MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {target}", location)
            )

    go(machine.get("StartAt"), f"{path}/StartAt")
    ends = False
    for name, state in states.items():
        here = f"{path}/States/{name}"
        ends = ends or state.get("Type") in _ENDS or state.get("End") is True
        go(state.get("Next"), f"{here}/Next")
        go(state.get("Default"), f"{here}/Default")
        for field in ("Choices", "Catch"):
            for number, branch in enumerate(_list(state.get(field))):
                go(branch.get("Next"), f"{here}/{field}[{number}]/Next")
    if not ends:
        found.append(diagnostic("MISSING_END_STATE", "Workflow has no terminal state"))
    else:
        found += [
            diagnostic(
                "MISSING_TRANSITION_TARGET", f'State "{name}" is not reachable.', f"{path}/States/{name}"
            )
            for name in states
            if name not in reached
        ]
    for name, state in states.items():
        for inner, place in _machines_of(state, f"{path}/States/{name}"):
            found += _transitions(inner, place)
    return found
