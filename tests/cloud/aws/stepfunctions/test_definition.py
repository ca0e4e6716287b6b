"""What is wrong with a definition; the codes and most words are AWS's."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from strata.cloud.aws.stepfunctions.definition import diagnose, diagnose_state
from tests import yaml_files

CASES = yaml_files.load(Path(__file__).with_name("definitions.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: json.dumps(case)[:80])
def test_diagnostics(case: dict[str, Any]) -> None:
    whole = {"StartAt": "A", "States": case.get("states")}
    if "language" in case:
        whole["QueryLanguage"] = case["language"]
    found = diagnose(json.dumps(case.get("definition", whole)))
    assert [(d["code"], d.get("location")) for d in found] == [(f[0], f[1]) for f in case["found"]]
    for diagnostic, (_, _, words) in zip(found, case["found"], strict=True):
        assert words in diagnostic["message"]


def test_definitions_of_both_query_languages_are_read_side_by_side() -> None:
    """The provider asks for all machines of a plan at once, and a refused one changes no other's language."""
    by_path = {"Only": {"Type": "Pass", "ResultPath": "$.a", "End": True}}
    by_expression = {"Only": {"Type": "Pass", "Output": "{% 1 %}", "End": True}}
    mixed = {"Only": {"Type": "Pass", "ResultPath": "$.a", "QueryLanguage": "JSONata", "End": True}}
    definitions = [
        {"StartAt": "Only", "States": states, "QueryLanguage": language}
        for states, language in ((by_path, "JSONPath"), (by_expression, "JSONata"), (mixed, "JSONPath"))
    ] * 20
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(diagnose, map(json.dumps, definitions)))
    assert [bool(faults) for faults in found] == [False, False, True] * 20


NOT_AN_OBJECT = ("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object")


@pytest.mark.parametrize(
    ("definition", "code", "words", "location"),
    [
        (" \n", *NOT_AN_OBJECT, None),
        ("[]", *NOT_AN_OBJECT, "/"),
        (
            "{",
            "INVALID_JSON_DESCRIPTION",
            "Invalid JSON: Expecting property name enclosed in double quotes",
            "/",
        ),
    ],
)
def test_what_is_no_definition(definition: str, code: str, words: str, location: str | None) -> None:
    for look in (diagnose, diagnose_state) if definition.strip() else (diagnose,):
        (found,) = look(definition)
        assert (found["code"], found.get("location")) == (code, location)
        assert found["message"].startswith(words)


def test_one_state_is_a_definition_of_its_own() -> None:
    assert diagnose_state('{"Type": "Pass", "Next": "Nowhere"}') == []
    (found,) = diagnose_state('{"Type": "Pass"}')
    assert (found["code"], found["message"]) == (
        "SCHEMA_VALIDATION_FAILED",
        "One of these fields is required: [Next, End]",
    )
