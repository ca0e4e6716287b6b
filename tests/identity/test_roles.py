"""What the deployers' roles may do, against a plan of live/dev."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from strata.ci.escalation import escalations
from strata.ci.roles import check_roles, needs
from strata.errors import StrataError
from strata.iam import PolicyError
from strata.live.facts import EnvironmentFacts
from tests.identity.plans import change_policy, resources

pytestmark = pytest.mark.terraform
Command = Callable[..., Any]


def faults(document: Mapping[str, Any], facts: EnvironmentFacts) -> list[str]:
    return [f"{fault.role} {fault.text}" for fault in check_roles(document, facts).faults]


def without(action: str) -> Callable[[list[Any]], None]:
    """Take an action out of every statement."""

    def change(statements: list[Any]) -> None:
        for statement in statements:
            for name in ("Action", "NotAction"):
                if isinstance(statement.get(name), list):
                    statement[name] = [one for one in statement[name] if one != action]

    return change


def allowing(*actions: str, resource: Any = "*", **more: Any) -> Callable[[list[Any]], None]:
    return lambda statements: statements.append(
        {"Sid": "More", "Effect": "Allow", "Action": list(actions), "Resource": resource, **more}
    )


def test_the_roles_of_dev_may_what_they_need_and_no_more(
    plan: Mapping[str, Any], facts: EnvironmentFacts
) -> None:
    assert faults(plan, facts) == []
    report = check_roles(plan, facts)
    assert report.types > 25
    assert report.needs > 500


def test_every_planned_type_is_asked_for(plan: Mapping[str, Any], facts: EnvironmentFacts) -> None:
    planned = {r["type"] for r in resources(plan) if r["mode"] == "managed" and r["type"].startswith("aws_")}
    assert {need.resource_type for need in needs(plan, facts)} == planned


@pytest.mark.parametrize(
    "action",
    ["glue:CreateJob", "lambda:UpdateFunctionCode", "states:DeleteStateMachine", "sqs:TagQueue", "s3:PutLifecycleConfiguration",
     "iam:CreateRole", "kms:CreateKey", "kms:PutKeyPolicy", "dynamodb:UpdateTimeToLive", "logs:AssociateKmsKey"],
)  # fmt: skip
def test_a_missing_action_is_found(changed: Any, facts: EnvironmentFacts, action: str) -> None:
    change_policy(changed, "aws_iam_role_policy", "apply", without(action))
    found = faults(changed, facts)
    assert found
    assert all(fault.startswith(f"apply may not {action} on ") for fault in found)


@pytest.mark.parametrize(
    "action", ["glue:GetJob", "s3:GetBucketPolicy", "iam:GetRolePolicy", "kms:DescribeKey"]
)
def test_what_the_plan_role_cannot_read_is_found(changed: Any, facts: EnvironmentFacts, action: str) -> None:
    change_policy(changed, "aws_iam_role_policy", "plan", without(action))
    found = faults(changed, facts)
    assert found
    assert all(fault.startswith(f"plan may not {action} on ") for fault in found)


@pytest.mark.parametrize("action", ["ec2:RunInstances", "rds:CreateDBInstance", "ec2:*"])
def test_another_services_action_is_found(changed: Any, facts: EnvironmentFacts, action: str) -> None:
    change_policy(changed, "aws_iam_role_policy", "apply", allowing(action))
    service = action.partition(":")[0]
    assert faults(changed, facts) == [f"apply More allows {service}, of which nothing is planned"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (allowing("s3:PutObject", resource="arn:aws:s3:::strata-raw-dev-111122223333/*"), "plan More allows s3:PutObject on"),
        (allowing("s3:PutObject", resource="arn:aws:s3:::strata-tfstate-dev-111122223333/live/dev/*"), "plan More allows s3:PutObject on"),
        (allowing("glue:UpdateJob"), "plan More allows glue:UpdateJob on *: that is writing"),
        (allowing("dynamodb:*", resource="arn:aws:dynamodb:eu-west-1:111122223333:table/strata-tflock-dev"), "plan More allows dynamodb:CreateTable on"),
        (allowing("sqs:TagQueue"), "plan More allows sqs:TagQueue on"),
        (allowing("kms:Decrypt"), "plan More allows kms:Decrypt outside of a service"),
        (allowing("iam:PassRole"), "plan More allows iam:PassRole on"),
    ],
)  # fmt: skip
def test_a_plan_role_that_writes_is_found(
    changed: Any, facts: EnvironmentFacts, change: Callable[[list[Any]], None], says: str
) -> None:
    change_policy(changed, "aws_iam_role_policy", "plan", change)
    assert any(fault.startswith(says) for fault in faults(changed, facts))


def test_an_apply_role_that_may_widen_itself_is_found(changed: Any, facts: EnvironmentFacts) -> None:
    def widen(statements: list[Any]) -> None:
        statements[:] = [statement for statement in statements if statement["Effect"] == "Allow"]
        allowing("iam:PutRolePolicy", resource="arn:aws:iam::111122223333:role/*")(statements)

    change_policy(changed, "aws_iam_role_policy", "apply", widen)
    found = faults(changed, facts)
    assert any(
        "may iam:PutRolePolicy on arn:aws:iam::111122223333:role/strata-apply-dev" in fault for fault in found
    )
    assert all("but what the deployers may do is the bootstrap's" in fault for fault in found)


def test_a_roles_policy_is_asked_for_within_the_roles_boundary(
    plan: Mapping[str, Any], facts: EnvironmentFacts
) -> None:
    text = json.dumps(plan).replace("policy/strata-boundary-dev", "policy/organization")
    assert not [fault for fault in faults(json.loads(text), facts) if "iam:PutRolePolicy" in fault]


def test_a_type_that_is_not_known_is_refused_by_name(changed: Any, facts: EnvironmentFacts) -> None:
    next(r for r in resources(changed) if r["type"] == "aws_sqs_queue")["type"] = "aws_kinesis_stream"
    with pytest.raises(StrataError, match="it is not known which actions a aws_kinesis_stream needs"):
        check_roles(changed, facts)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
            "NotAction allows more than can be listed",
        ),
        ({"Effect": "Allow", "Action": "glue:MakeJob", "Resource": "*"}, "AWS has no action glue:MakeJob"),
        ({"Effect": "Allow", "Action": "glu:*", "Resource": "*"}, "the service 'glu' is not known"),
        ({"Effect": "Allow", "Action": "*", "Resource": "*"}, "the service '\\*' is not known"),
    ],
)
def test_a_policy_that_cannot_be_listed_is_refused(
    changed: Any, facts: EnvironmentFacts, statement: Any, says: str
) -> None:
    change_policy(changed, "aws_iam_role_policy", "apply", lambda statements: statements.append(statement))
    with pytest.raises(PolicyError, match=says):
        check_roles(changed, facts)


def test_the_command(strata: Command, plan_file: Path) -> None:
    done = strata("ci", "roles", "dev", "--plan", str(plan_file))
    assert done.code == 0, done.out + done.err
    assert " 0 faults" in done.out


def test_the_command_fails_on_a_fault(strata: Command, changed: Any, tmp_path: Path) -> None:
    change_policy(changed, "aws_iam_role_policy", "apply", without("glue:CreateJob"))
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(changed), encoding="utf-8")
    done = strata("ci", "roles", "dev", "--plan", str(file), "--json")
    assert done.code == 1
    assert all("glue:CreateJob" in fault["text"] for fault in json.loads(done.out)["faults"])


def test_who_can_make_an_administrator_of_itself(plan: Mapping[str, Any], facts: EnvironmentFacts) -> None:
    """No role of the repository can; it could if the boundary were the apply role's to change."""
    assert escalations(plan, facts) == []

    def holds(statements: list[Any]) -> None:
        statements[:] = [one for one in statements if one.get("Sid") != "NeverItself"]
        allowing("iam:CreatePolicyVersion", resource="arn:aws:iam::111122223333:policy/strata-boundary-dev")(
            statements
        )

    other = copy.deepcopy(plan)
    change_policy(other, "aws_iam_role_policy", "apply", holds)
    (found,) = escalations(other, facts)
    assert found.role == "strata-apply-dev"
    assert found.steps[0] == "strata-apply-dev rewrites the boundary"
    assert len(found.steps) == 3


def test_a_policy_beyond_its_boundary_is_found(changed: Any, facts: EnvironmentFacts) -> None:
    change_policy(changed, "aws_iam_role_policy", "glue", allowing("sqs:ReceiveMessage", "sqs:SendMessage", resource="arn:aws:sqs:eu-west-1:111122223333:strata-x-dev"))  # fmt: skip
    assert faults(changed, facts) == [
        "glue More allows sqs:ReceiveMessage on arn:aws:sqs:eu-west-1:111122223333:strata-x-dev, which its boundary does not"
    ]
