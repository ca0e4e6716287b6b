"""What is wrong with a state machine's definition; imported only when it is needed: it takes a second.

moto accepts a definition that goes to a state it does not have; it is refused here.
"""

from __future__ import annotations

import json
from typing import Any

from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser, ASLParserException


def diagnose(definition: str) -> list[dict[str, str]]:
    """Return what is wrong with a definition, as ValidateStateMachineDefinition lists it."""
    try:
        parsed = json.loads(definition)
    except ValueError as error:
        return [_diagnostic("INVALID_JSON_DESCRIPTION", f"Invalid JSON: {error}", "/")]
    try:
        AmazonStateLanguageParser.parse(definition)
    except ASLParserException as error:
        return [_diagnostic("SCHEMA_VALIDATION_FAILED", fault, "/") for fault in error.errors]
    except Exception as error:  # the parser raises what its components do: ValueError, RuntimeError, ...
        return [_diagnostic("SCHEMA_VALIDATION_FAILED", f"{type(error).__name__}: {error}", "/")]
    return _missing_targets(parsed, "")


def _diagnostic(code: str, message: str, location: str) -> dict[str, str]:
    return {"severity": "ERROR", "code": code, "message": message, "location": location}


def _missing_targets(machine: dict[str, Any], path: str) -> list[dict[str, str]]:
    states = machine["States"]
    found: list[dict[str, str]] = []

    def check(holder: dict[str, Any], field: str, location: str) -> None:
        target = holder.get(field)
        if target is not None and target not in states:
            found.append(
                _diagnostic(
                    "MISSING_TRANSITION_TARGET", f"Missing '{field}' target: {target}", f"{location}/{field}"
                )
            )

    check(machine, "StartAt", path)
    for name, state in states.items():
        here = f"{path}/States/{name}"
        check(state, "Next", here)
        check(state, "Default", here)
        for field in ("Choices", "Catch"):
            for number, branch in enumerate(state.get(field) or []):
                check(branch, "Next", f"{here}/{field}[{number}]")
        for field in ("ItemProcessor", "Iterator"):
            if field in state:
                found += _missing_targets(state[field], f"{here}/{field}")
        for number, branch in enumerate(state.get("Branches") or []):
            found += _missing_targets(branch, f"{here}/Branches[{number}]")
    return found
