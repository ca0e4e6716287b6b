"""Which actions recorded requests need; policies and requests are written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from strata.iam import Principal
from strata.privilege.grants import Decided, Grant, RolePolicies, examine, reason_to_keep

BUCKET = "arn:aws:s3:::raw"
OBJECT = f"{BUCKET}/a.csv"


def policies(*statements: dict[str, Any]) -> RolePolicies:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]}
    return RolePolicies("glue", {"own": document})


def asked(action: str, resource: str | None = OBJECT, *, allowed: bool = True, **more: Any) -> Decided:
    more = {"role": "glue", "context": {}, "scenario": "one", **more}
    return Decided(action=action, resource=resource, allowed=allowed, **more)


READ = {"Sid": "Read", "Action": ["s3:GetObject", "s3:GetObjectTagging"], "Resource": f"{BUCKET}/*"}
LIST = {"Action": "s3:ListBucket", "Resource": BUCKET}


def test_an_action_that_a_request_needs_stays() -> None:
    found = examine(policies(READ, LIST), [asked("s3:GetObject"), asked("s3:ListBucket", BUCKET)])
    assert {(g.action, g.statement): str(one) for g, one in found.needed.items()} == {
        ("s3:GetObject", "Read"): f"s3:GetObject on {OBJECT}",
        ("s3:ListBucket", "2"): f"s3:ListBucket on {BUCKET}",
    }
    assert [grant.action for grant in found.spare] == ["s3:GetObjectTagging"]
    assert found.smaller.written() == {
        "own": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Sid": "Read",
                    "Action": ["s3:GetObject"],
                    "Resource": f"{BUCKET}/*",
                },
                {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET},
            ],
        }
    }


def test_of_two_statements_that_allow_the_same_one_stays() -> None:
    wide = {"Action": "s3:GetObject", "Resource": "*"}
    found = examine(policies(READ, wide), [asked("s3:GetObject")])
    assert [(g.index, g.action) for g in found.spare] == [(0, "s3:GetObject"), (0, "s3:GetObjectTagging")]
    assert [(g.index, g.action) for g in found.needed] == [(1, "s3:GetObject")]


def test_a_policy_without_a_needed_action_goes() -> None:
    assert examine(policies(READ), []).smaller.written() == {}


def test_a_pattern_is_needed_by_what_it_covers() -> None:
    found = examine(policies({"Action": "s3:Get*", "Resource": "*"}), [asked("s3:GetObject")])
    assert [grant.action for grant in found.needed] == ["s3:Get*"]


@pytest.mark.parametrize(
    ("context", "needed"),
    [({"aws:securetransport": "true"}, True), ({"aws:securetransport": "false"}, False)],
)
def test_conditions_are_decided_as_they_were(context: dict[str, str], needed: bool) -> None:
    statement = {
        "Action": "s3:GetObject",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "true"}},
    }
    found = examine(policies(statement), [asked("s3:GetObject", context=context, allowed=needed)])
    assert bool(found.needed) is needed


def test_what_the_resource_allows_needs_no_policy_of_the_role() -> None:
    role = "arn:aws:iam::111122223333:role/glue"
    bucket_policy = (
        f'{{"Statement": [{{"Effect": "Allow", "Principal": {{"AWS": "{role}"}},'
        f' "Action": "s3:GetObject", "Resource": "{BUCKET}/*"}}]}}'
    )
    principal = Principal(account_id="111122223333", arns=(f"{role}/session", role))
    decided = asked(
        "s3:GetObject", principal=principal, resource_policy=bucket_policy, account_id="111122223333"
    )
    assert not examine(policies(READ), [decided]).needed


def test_requests_of_other_roles_and_refused_ones_need_nothing() -> None:
    other = asked("s3:GetObject", role="lambda")
    refused = asked("s3:PutObject", allowed=False)
    found = examine(policies(READ), [other, refused])
    assert not found.needed
    assert found.refused == (refused,)


@pytest.mark.parametrize(
    ("role", "action", "words"),
    [
        ("strata-glue-dev", "logs:PutLogEvents", "not as the role"),
        ("strata-stepfunctions-dev", "logs:PutLogEvents", ""),
        ("strata-stepfunctions-dev", "logs:UpdateLogDelivery", "CloudWatch Logs"),
        ("any", "xray:PutTraceSegments", "X-Ray"),
        ("strata-snowflake-dev", "s3:GetObjectVersion", "Snowflake documentation"),
        ("strata-glue-dev", "s3:GetObjectVersion", ""),
    ],
)
def test_what_cannot_be_shown_here_stays_with_its_reason(role: str, action: str, words: str) -> None:
    kept = reason_to_keep(Grant(role, "own", "1", 0, action))
    assert bool(kept) == bool(words)
    assert words in kept


@pytest.mark.parametrize(
    ("role", "statement", "action", "kept"),
    [
        ("strata-glue-dev", "List0", "s3:ListBucket", True),
        ("strata-glue-dev", "List1", "s3:ListBucket", False),
        ("strata-glue-dev", "MetricsHaveNoResource", "cloudwatch:PutMetricData", True),
        ("strata-glue-dev", "Metrics", "cloudwatch:PutMetricData", False),
    ],
)
def test_a_reason_is_for_the_statements_that_it_names(
    role: str, statement: str, action: str, kept: bool
) -> None:
    assert bool(reason_to_keep(Grant(role, "own", statement, 0, action))) == kept


def test_a_kept_action_is_not_spare() -> None:
    found = examine(policies({"Action": ["logs:PutLogEvents", "s3:GetObject"], "Resource": "*"}), [])
    assert [grant.action for grant in found.kept] == ["logs:PutLogEvents"]
    assert found.smaller.written()["own"]["Statement"][0]["Action"] == ["logs:PutLogEvents"]


def test_a_needed_action_needs_no_reason() -> None:
    decided = asked("logs:PutLogEvents", "*")
    found = examine(policies({"Action": "logs:PutLogEvents", "Resource": "*"}), [decided])
    assert (len(found.needed), len(found.kept)) == (1, 0)


def test_a_deny_is_not_taken_away() -> None:
    deny = {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"}
    found = examine(policies({**READ, "Action": "s3:GetObject"}, deny), [asked("s3:GetObject")])
    assert [grant.action for grant in found.needed] == ["s3:GetObject"]
    assert found.smaller.written()["own"]["Statement"][1] == deny


def test_a_recorded_decision_is_read() -> None:
    recorded = {
        "role": "arn:aws:iam::111122223333:role/path/glue",
        "action": "s3:GetObject",
        "resource": OBJECT,
        "allowed": True,
        "context": {"aws:tagkeys": ["a", "b"]},
        "principal": ["111122223333", ["arn:session", "arn:role"]],
        "boundary": None,
        "resource_policy": None,
        "account_id": "",
        "session_policies": [],
    }
    decided = Decided.read(recorded, "one")
    assert (decided.role, decided.scenario) == ("glue", "one")
    assert decided.principal == Principal(account_id="111122223333", arns=("arn:session", "arn:role"))
