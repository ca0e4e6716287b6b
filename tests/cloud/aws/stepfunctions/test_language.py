"""Paths, expressions and variables of the States Language; expected values follow AWS's Developer Guide."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from strata.cloud.aws.stepfunctions.map_fields import Fields
from tests import yaml_files
from tests.cloud.aws.conftest import Aws, run

CASES = yaml_files.load(Path(__file__).with_name("language.yaml"))
LANGUAGES = {"paths": "JSONPath", "expressions": "JSONata", "variables": "JSONPath"}


@pytest.mark.parametrize(
    ("language", "case"),
    [(LANGUAGES[kind], case) for kind, cases in CASES.items() for case in cases],
    ids=lambda given: json.dumps(given)[:80] if isinstance(given, dict) else given,
)
def test_language(aws: Aws, role: str, language: str, case: dict[str, Any]) -> None:
    common = {"Type": "Pass", "QueryLanguage": language}
    first = {**common, **case["state"]}
    states = {"Only": first if "Next" in first else {**first, "End": True}}
    if "then" in case:
        states["Then"] = {**common, **case["then"], "End": True}
    ended = run(aws, states, role, case["input"])
    if "error" in case:
        assert ended["status"] == "FAILED"
        assert ended["error"] == case["error"]
        assert case["cause"] in ended["cause"]
    else:
        assert ended["status"] == "SUCCEEDED", ended
        assert json.loads(ended["output"]) == case["output"]


@pytest.mark.parametrize(("records", "chosen"), [([{"size": 5}], "big"), ([{"size": 1}], "small")])
def test_choice_looks_into_a_list(aws: Aws, role: str, records: Any, chosen: str) -> None:
    states = {
        "Only": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.Records[0].size", "NumericGreaterThan": 4, "Next": "Big"}],
            "Default": "Small",
        },
        "Big": {"Type": "Pass", "Result": "big", "End": True},
        "Small": {"Type": "Pass", "Result": "small", "End": True},
    }
    assert json.loads(run(aws, states, role, {"Records": records})["output"]) == chosen


def test_choice_and_arguments_in_jsonata(aws: Aws, role: str) -> None:
    states = {
        "Only": {
            "Type": "Choice",
            "QueryLanguage": "JSONata",
            "Choices": [{"Condition": "{% $states.input.size > 4 %}", "Next": "Task"}],
        },
        "Task": {
            "Type": "Task",
            "QueryLanguage": "JSONata",
            "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity",
            "Arguments": {},
            "Output": {"account": "{% $states.result.Account %}", "size": "{% $states.input.size %}"},
            "End": True,
        },
    }
    ended = run(aws, states, role, {"size": 5})
    assert json.loads(ended["output"]) == {"account": "111122223333", "size": 5}


MIXED = {
    "StartAt": "P",
    "States": {"P": {"QueryLanguage": "JSONata", "Type": "Pass", "Parameters": {"a.$": "$.x"}, "End": True}},
}
GOOD = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Parameters": {"a.$": "$.x"}, "End": True}}}


def test_refused_definition_leaves_the_parser_alone(aws: Aws) -> None:
    client = aws.client("stepfunctions")

    def result(definition: Any) -> str:
        text = json.dumps(definition)
        return str(client.validate_state_machine_definition(definition=text)["result"])

    assert [result(MIXED), result(GOOD)] == ["FAIL", "OK"]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(result, [MIXED, GOOD] * 20)) == ["FAIL", "OK"] * 20


def test_definition_is_parsed_once() -> None:
    fields, parsed = Fields(), []

    def parse(definition: str) -> Any:
        parsed.append(definition)
        return AmazonStateLanguageParser.parse(definition)

    texts = [json.dumps({**GOOD, "Comment": comment}) for comment in "aabab"]
    programs = [fields.parse(parse, text)[0] for text in texts]
    assert parsed == [texts[0], texts[2]]
    assert [program is programs[0] for program in programs] == [True, True, False, True, False]
