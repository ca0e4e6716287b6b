"""Which objects start the state machine is what the rules say that are there."""

from __future__ import annotations

import json

from strata.platform import pipeline
from tests.cloud.aws.conftest import ACCOUNT, REGION, Aws
from tests.endpoints import nowhere

PASS = {"Only": {"Type": "Pass", "End": True}}
FLIGHTS = {"bucket": {"name": ["raw"]}, "object": {"key": [{"wildcard": "flights/*.csv"}]}}
WEATHER = {
    "bucket": {"name": ["raw"]},
    "object": {"key": [{"prefix": "weather/"}], "size": [{"numeric": [">", 9]}]},
}
PLANES = {"bucket": {"name": ["raw"]}, "object": {"key": [{"prefix": "planes/"}]}}
CASES = {
    ("raw", "flights/a.csv", 0): True,
    ("raw", "flights/a.txt", 5): False,
    ("raw", "reference/a.csv", 5): False,
    ("processed", "flights/a.csv", 5): False,
    ("raw", "weather/a.csv", 10): True,
    ("raw", "weather/a.csv", 9): False,
    ("raw", "planes/a.csv", 5): False,  # its rule is disabled
    ("raw", "other/a.csv", 5): False,  # its rule starts another machine
}


def test_a_rule_that_is_there_says_what_starts(aws: Aws) -> None:
    role = aws.role("events", {"Service": ["events.amazonaws.com", "states.amazonaws.com"]})
    machine, other = (aws.machine(name, PASS, role) for name in ("m", "other"))

    def rule(name: str, detail: dict[str, object], arn: str) -> None:
        pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail}
        aws.rule(name, pattern, {"Id": "1", "Arn": arn, "RoleArn": role})

    rule("flights", FLIGHTS, machine)
    rule("weather", WEATHER, machine)
    rule("planes", PLANES, machine)
    rule("others", json.loads(json.dumps(PLANES).replace("planes", "other")), other)
    aws.client("events").disable_rule(Name="planes")
    endpoints = nowhere(ACCOUNT, REGION, aws.context.aws_url)
    assert {case: pipeline.starts_execution(endpoints, machine, *case) for case in CASES} == CASES
    assert pipeline.key_prefixes(endpoints, machine, "raw") == ["flights/", "weather/"]
    assert pipeline.key_prefixes(endpoints, machine, "processed") == []
    assert pipeline.key_prefixes(endpoints, other, "raw") == ["other/"]
