"""What the deployers' roles may do, each rule on a plan of a few resources; `tests/identity` asks a whole plan."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from strata.ci.roles import check_roles, needs
from strata.ci.trust import Trusting, TrustToken, load_tokens, planned_trust, short_name, verdicts
from strata.errors import StrataError
from strata.iam import PolicyError
from strata.iam.workload_identity import SnowflakeIdentity
from strata.live.facts import EnvironmentFacts
from strata.platform.offline_plan import UnknownPolicyError

FACTS = EnvironmentFacts(
    environment="dev",
    project="shop",
    account_id="111122223333",
    region="eu-west-1",
    partition="aws",
    owner="o",
    owner_id=1,
    repository="r",
    repository_id=2,
    branch="main",
    snowflake_organization="ORG",
    snowflake_account="ACC",
    state_bucket="states",
    lock_table="locks",
    units=(),
)
BOARD = "arn:aws:cloudwatch::111122223333:dashboard/main"
CHANGING = ["cloudwatch:PutDashboard", "cloudwatch:DeleteDashboards"]
READING = "cloudwatch:GetDashboard"


def statement(*actions: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Sid": "S", "Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def policy(role: str, *statements: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return "aws_iam_role_policy", {"role": f"shop-{role}-dev", "policy": text}


def plan(*found: tuple[str, Mapping[str, Any]]) -> dict[str, Any]:
    listed = [
        {"address": f"{kind}.r{index}", "type": kind, "mode": "managed", "values": dict(values)}
        for index, (kind, values) in enumerate(found)
    ]
    return {"format_version": "1.2", "planned_values": {"root_module": {"resources": listed}}}


DASHBOARD = ("aws_cloudwatch_dashboard", {"dashboard_name": "main"})
# What the policies of the two roles need themselves, which are resources of the plan too.
OWN = statement("iam:GetRolePolicy", resource="arn:aws:iam::111122223333:role/*")
READS = statement(READING, resource=BOARD)
APPLIES = statement(*CHANGING, READING, resource=BOARD)


def faults(document: Mapping[str, Any], facts: EnvironmentFacts = FACTS) -> list[tuple[str, str]]:
    return [(fault.role, fault.text) for fault in check_roles(document, facts).faults]


def test_roles_that_may_what_they_need() -> None:
    report = check_roles(plan(DASHBOARD, policy("apply", APPLIES, OWN), policy("plan", READS, OWN)), FACTS)
    assert report.faults == ()
    assert (report.types, report.unused) == (2, ())
    # Of the dashboard three, of each of the two policies three.
    assert report.needs == 9


def test_what_nothing_needs_is_listed() -> None:
    more = statement("cloudwatch:GetDash*", "iam:List*Certificates", "cloudwatch:DescribeAlarms")
    denied = {**statement("cloudwatch:PutMetricData"), "Effect": "Deny"}
    document = plan(DASHBOARD, policy("apply", APPLIES, OWN, more, denied), policy("plan", READS, OWN))
    assert check_roles(document, FACTS).unused == (
        "cloudwatch:DescribeAlarms",
        "iam:ListServerCertificates",
        "iam:ListSigningCertificates",
    )


def test_the_letters_of_an_action_do_not_matter() -> None:
    lower = statement(
        "cloudwatch:putdashboard", "cloudwatch:DELETE*", "cloudwatch:getDASHBOARD", resource=BOARD
    )
    document = plan(DASHBOARD, policy("apply", lower, OWN), policy("plan", READS, OWN))
    assert faults(document) == []
    assert "cloudwatch:DeleteAlarms" in check_roles(document, FACTS).unused


def test_a_policy_may_be_in_pieces() -> None:
    apply = [policy("apply", statement(action, resource=BOARD)) for action in (*CHANGING, READING)]
    document = plan(DASHBOARD, *apply, policy("apply", OWN), policy("plan", READS), policy("plan", OWN))
    assert faults(document) == []


ADDRESS = "aws_cloudwatch_dashboard.r0"
NO = "because no statement allows it"


@pytest.mark.parametrize(
    ("apply", "plan_role", "expected"),
    [
        ((), (READS,), [("apply", f"may not {action} on {BOARD} ({ADDRESS}, {phase})") for action, phase in (("cloudwatch:PutDashboard", "create"), (READING, "read"), ("cloudwatch:DeleteDashboards", "delete"))]),
        ((APPLIES,), (), [("plan", f"may not {READING} on {BOARD} ({ADDRESS})")]),
        ((statement(*CHANGING, READING, resource=f"{BOARD}2"),), (READS,), [("apply", f"may not {action} on {BOARD} ({ADDRESS}, {phase})") for action, phase in (("cloudwatch:PutDashboard", "create"), (READING, "read"), ("cloudwatch:DeleteDashboards", "delete"))]),
    ],
)  # fmt: skip
def test_what_a_role_may_not(apply: Any, plan_role: Any, expected: list[tuple[str, str]]) -> None:
    found = faults(plan(DASHBOARD, policy("apply", *apply, OWN), policy("plan", *plan_role, OWN)))
    assert [(role, text.partition(") ")[0] + ")") for role, text in found] == expected
    assert all(text.partition(") ")[2] for _, text in found)


def test_services_of_which_nothing_is_planned() -> None:
    more = statement("ec2:RunInstances", "cloudwatch:DescribeAlarms", "sqs:ListQueues", Sid="Far")
    found = faults(plan(DASHBOARD, policy("apply", APPLIES, OWN, more), policy("plan", READS, OWN)))
    assert found == [("apply", "Far allows ec2, sqs, of which nothing is planned")]
    denied = {**more, "Effect": "Deny"}
    assert faults(plan(DASHBOARD, policy("apply", APPLIES, OWN, denied), policy("plan", READS, OWN))) == []


LOCKS = "arn:aws:dynamodb:eu-west-1:111122223333:table/locks"
TFLOCK, PLANS = "arn:aws:s3:::states/live/dev/*.tflock", "arn:aws:s3:::states/plans/dev/*"
VIA = {"Condition": {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}}


@pytest.mark.parametrize(
    "allowed",
    [
        statement("dynamodb:PutItem", "dynamodb:DeleteItem", resource=LOCKS),
        statement("dynamodb:GetItem", "s3:GetObject", "s3:ListBucket"),
        statement("s3:PutObject", resource=[TFLOCK, PLANS]),
        statement("s3:PutObject", resource=PLANS),
        statement("s3:DeleteObject", resource=TFLOCK),
        statement("kms:Decrypt", "kms:GenerateDataKey", **VIA),
        {**statement("s3:PutBucketPolicy"), "Effect": "Deny"},
    ],
)
def test_the_plan_role_writes_the_lock_and_the_plan(allowed: dict[str, Any]) -> None:
    assert faults(plan(DASHBOARD, policy("apply", APPLIES, OWN), policy("plan", READS, OWN, allowed))) == []


@pytest.mark.parametrize(
    ("refused", "says"),
    [
        (statement("dynamodb:PutItem", resource="*"), "S allows dynamodb:PutItem on *: that is writing"),
        (statement("dynamodb:PutItem", resource=f"{LOCKS}2"), f"S allows dynamodb:PutItem on {LOCKS}2: that is writing"),
        (statement("dynamodb:UpdateItem", resource=LOCKS), f"S allows dynamodb:UpdateItem on {LOCKS}: that is writing"),
        (statement("s3:DeleteObject", resource=PLANS), f"S allows s3:DeleteObject on {PLANS}: that is writing"),
        (statement("s3:PutObject", resource=[TFLOCK, "arn:aws:s3:::states/live/dev/*"]), f"S allows s3:PutObject on {TFLOCK}, arn:aws:s3:::states/live/dev/*: that is writing"),
        (statement("s3:PutObject", resource="arn:aws:s3:::states/plans/prod/*"), "S allows s3:PutObject on arn:aws:s3:::states/plans/prod/*: that is writing"),
        (statement("kms:Decrypt"), "S allows kms:Decrypt outside of a service"),
        (statement("kms:GenerateDataKey", Condition={"StringEquals": {"aws:SourceAccount": "1"}}), "S allows kms:GenerateDataKey outside of a service"),
        (statement("kms:Encrypt", **VIA), "S allows kms:Encrypt on *: that is writing"),
        ({"Sid": "S", "Effect": "Allow", "Action": "s3:PutObject", "NotResource": PLANS}, f"S allows s3:PutObject on all but {PLANS}: that is writing"),
    ],
)  # fmt: skip
def test_a_plan_role_that_writes(refused: dict[str, Any], says: str) -> None:
    found = faults(plan(DASHBOARD, policy("apply", APPLIES, OWN), policy("plan", READS, OWN, refused)))
    assert found == [("plan", says)]


@pytest.mark.parametrize("table", [None, ""])
def test_without_a_lock_table_no_table_is_written(table: str | None) -> None:
    facts = EnvironmentFacts(**{**vars(FACTS), "lock_table": table})
    for name in ("locks", "None", ""):
        about = f"{LOCKS.removesuffix('locks')}{name}"
        writes = statement("dynamodb:PutItem", resource=about)
        document = plan(DASHBOARD, policy("apply", APPLIES, OWN), policy("plan", READS, OWN, writes))
        assert faults(document, facts) == [("plan", f"S allows dynamodb:PutItem on {about}: that is writing")]


def asked(*found: tuple[str, Mapping[str, Any]]) -> list[tuple[str, str, str, dict[str, str], str]]:
    return [
        (need.phase, need.action, need.arn, dict(need.context), need.person)
        for need in needs(plan(*found), FACTS)
    ]


RULE = "arn:aws:events:eu-west-1:111122223333:rule/r"


def test_what_a_resource_needs() -> None:
    target = ("aws_cloudwatch_event_target", {"rule": "r", "role_arn": "arn:role"})
    assert asked(target) == [
        ("create", "events:PutTargets", RULE, {}, ""),
        ("read", "events:ListTargetsByRule", RULE, {}, ""),
        ("delete", "events:RemoveTargets", RULE, {}, ""),
        ("create", "iam:PassRole", "arn:role", {"iam:passedtoservice": "events.amazonaws.com"}, ""),
    ]
    # Without a role none is passed.
    assert [one[1] for one in asked((target[0], {"rule": "r", "role_arn": None}))] == [
        "events:PutTargets",
        "events:ListTargetsByRule",
        "events:RemoveTargets",
    ]
    # What is known only after the apply may be anything.
    assert asked(("aws_cloudwatch_event_target", {}))[0][2].endswith(":rule/unknown")


def test_an_action_about_no_resource_is_asked_for_all() -> None:
    found = asked(("aws_glue_security_configuration", {"name": "x"}))
    assert {about for _, _, about, _, _ in found} == {"*"}
    group = [
        one
        for one in asked(("aws_cloudwatch_log_group", {"name": "/a"}))
        if one[1] == "logs:ListTagsForResource"
    ]
    place = "arn:aws:logs:eu-west-1:111122223333:log-group:/a"
    assert group == [("read", "logs:ListTagsForResource", place, {}, "")]


@pytest.mark.parametrize(
    ("values", "actions"),
    [
        ({"role": "arn:r"}, ["iam:PassRole"]),
        ({"role": "arn:r", "s3_bucket": "b"}, ["iam:PassRole", "s3:GetObject"]),
        ({"role": "arn:r", "kms_key_arn": "k"}, ["iam:PassRole", "kms:CreateGrant"]),
        ({"role": "arn:r", "s3_bucket": "b", "kms_key_arn": "k"}, ["iam:PassRole", "s3:GetObject", "kms:CreateGrant"]),
    ],
)  # fmt: skip
def test_what_is_needed_only_where_something_is_set(values: dict[str, str], actions: list[str]) -> None:
    found = asked(("aws_lambda_function", {"function_name": "f", **values}))
    assert [one[1] for one in found if not one[1].startswith("lambda:")] == actions


def test_a_role_is_made_within_its_boundary() -> None:
    role = ("aws_iam_role", {"name": "shop-glue-dev", "permissions_boundary": "arn:boundary"})
    of_role = ("aws_iam_role_policy", {"role": "shop-glue-dev"})
    found = asked(role, of_role)
    contexts = {one[1]: one[3] for one in found}
    assert contexts["iam:CreateRole"] == {"iam:permissionsboundary": "arn:boundary"}
    assert contexts["iam:PutRolePolicy"] == {"iam:permissionsboundary": "arn:boundary"}
    assert {one[4] for one in found} == {""}
    assert {one[1]: one[3] for one in asked(of_role)}["iam:PutRolePolicy"] == {
        "iam:permissionsboundary": "unknown"
    }


@pytest.mark.parametrize("kind", ["aws_iam_role", "aws_iam_role_policy"])
@pytest.mark.parametrize(
    ("name", "login"),
    [("shop-apply-dev", True), ("shop-plan-dev", True), ("shop-plan-prod", False), ("plan", False)],
)
def test_the_deployers_own_roles_are_a_persons(kind: str, name: str, login: bool) -> None:
    found = asked((kind, {"name" if kind == "aws_iam_role" else "role": name}))
    person = "what the deployers may do is the bootstrap's"
    writing = {one[4] for one in found if one[0] in ("create", "update", "delete") and ":List" not in one[1]}
    reading = {one[4] for one in found if one[0] == "read"}
    assert (writing, reading) == ({person} if login else {""}, {""})


def test_what_is_a_persons_the_apply_role_may_only_read() -> None:
    provider = ("aws_iam_openid_connect_provider", {"url": "https://x"})
    arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
    read = statement("iam:GetOpenIDConnectProvider", resource=arn)
    document = plan(provider, policy("apply", read, OWN), policy("plan", read, OWN))
    assert faults(document) == []
    more = statement("iam:DeleteOpenIDConnectProvider", resource=arn)
    document = plan(provider, policy("apply", read, OWN, more), policy("plan", read, OWN))
    assert faults(document) == [
        ("apply", f"may iam:DeleteOpenIDConnectProvider on {arn} (aws_iam_openid_connect_provider.r0, delete), but who logs in is the bootstrap's")
    ]  # fmt: skip


def test_a_type_that_the_table_does_not_know() -> None:
    with pytest.raises(StrataError) as caught:
        asked(("aws_nonsense", {}))
    assert caught.value.message == "aws_nonsense.r0: it is not known which actions a aws_nonsense needs"
    assert caught.value.file == "strata/ci/role_actions.toml"
    assert asked(("snowflake_schema", {}), ("terraform_data", {})) == []


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        ({"Sid": "S", "Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}, "S: NotAction allows more than can be listed"),
        (statement("*"), "S: the service '*' is not known"),
        (statement("nonsense:Do"), "S: the service 'nonsense' is not known"),
        (statement("s3:Nonsense*"), "S: AWS has no action s3:Nonsense*"),
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_listed(statements: dict[str, Any], says: str) -> None:
    document = plan(DASHBOARD, policy("apply", APPLIES, OWN, statements), policy("plan", READS, OWN))
    with pytest.raises(PolicyError, match=says.replace("*", r"\*")):
        check_roles(document, FACTS)


@pytest.mark.parametrize("missing", ["apply", "plan"])
def test_a_plan_without_one_of_the_roles(missing: str) -> None:
    other = {"apply": "plan", "plan": "apply"}[missing]
    unknown = ("aws_iam_role_policy", {"role": f"shop-{missing}-dev", "policy": None})
    with pytest.raises(StrataError) as caught:
        check_roles(plan(DASHBOARD, policy(other, APPLIES, OWN), unknown), FACTS)
    assert caught.value.message == f"the plan of dev has no policy of the role {missing}"
    assert caught.value.remedy == "plan the whole environment, its unit github-oidc included"


# -- trust -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "short"),
    [("shop-plan-dev", "plan"), ("shop-a-b-dev", "a-b"), ("plan-dev", "plan"), ("shop-plan-prod", "plan-prod"), ("x", "x")],
)  # fmt: skip
def test_the_short_name_of_a_role(name: str, short: str) -> None:
    assert short_name(name, FACTS) == short


ISSUER = "https://token.actions.githubusercontent.com"
PROVIDER = ("aws_iam_openid_connect_provider", {"url": ISSUER, "client_id_list": ["sts.amazonaws.com"]})
HOST = "token.actions.githubusercontent.com"


def role(name: str, subject: str) -> tuple[str, dict[str, Any]]:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Sub",
                "Effect": "Allow",
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Principal": {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{HOST}"},
                "Condition": {"StringEquals": {f"{HOST}:sub": subject, f"{HOST}:aud": "sts.amazonaws.com"}},
            }
        ],
    }
    return "aws_iam_role", {"name": f"shop-{name}-dev", "assume_role_policy": json.dumps(trust)}


def user(name: str, subject: str | None) -> tuple[str, dict[str, Any]]:
    oidc = {"issuer": ISSUER, "subject": subject, "oidc_audience_list": ["snow"]}
    blocks = [{"oidc": [oidc] if subject else [], "aws": []}]
    return "snowflake_service_user", {"name": name, "default_workload_identity": blocks}


def token(name: str, allows: str, **claims: str) -> TrustToken:
    stated = {"iss": ISSUER, "aud": "sts.amazonaws.com", **claims} if claims else None
    return TrustToken(name, stated, frozenset(allows.split()), "")


IDENTITY = SnowflakeIdentity("apply", "U", ISSUER, "s:apply", ("snow",), "R")
DOCUMENT = plan(
    user("LOADER", "s:load"), role("plan", "s:plan"), PROVIDER, user("KEYED", None), role("apply", "s:apply")
)


def test_who_trusts_whom() -> None:
    trusting, providers = planned_trust(DOCUMENT, FACTS, [IDENTITY])
    assert [one.name for one in trusting] == [
        "apply",
        "plan",
        "snowflake:apply",
        "snowflake:keyed",
        "snowflake:loader",
    ]
    assert [(one.arn, one.url, one.client_ids) for one in providers] == [
        (f"arn:aws:iam::111122223333:oidc-provider/{HOST}", HOST, ("sts.amazonaws.com",))
    ]
    tokens = [
        token("plan", "plan", sub="s:plan"),
        token("apply", "apply", sub="s:apply"),
        token("to snowflake", "snowflake:apply", sub="s:apply", aud="snow"),
        token("loader", "snowflake:loader plan", sub="s:load", aud="snow"),
        token("none", "apply"),
    ]
    found = verdicts(tokens, trusting, providers)
    assert len(found) == 25
    allowed = {(one.token.name, one.name) for one in found if one.decision.allowed}
    assert allowed == {
        ("plan", "plan"),
        ("apply", "apply"),
        ("to snowflake", "snowflake:apply"),
        ("loader", "snowflake:loader"),
    }
    assert {(one.token.name, one.name) for one in found if not one.as_expected} == {
        ("loader", "plan"),
        ("none", "apply"),
    }
    said = {(one.token.name, one.name): one.statement for one in found}
    assert said["plan", "plan"] == "plan: Sub"
    assert said["none", "apply"] == "because GitHub gives the job no token"
    assert said["plan", "snowflake:keyed"] == "because the user logs in as an AWS role only"
    assert found[1].as_dict() == {
        "token": "plan",
        "role": "plan",
        "allowed": True,
        "expected": True,
        "decided_by": "plan: Sub",
    }


def test_a_trust_that_cannot_be_decided() -> None:
    with pytest.raises(
        StrataError, match="the plan of dev has no role: it is not a whole environment's plan"
    ):
        planned_trust(plan(PROVIDER), FACTS, [IDENTITY])
    with pytest.raises(UnknownPolicyError, match=r"aws_iam_role\.r0"):
        planned_trust(
            plan(("aws_iam_role", {"name": "shop-plan-dev", "assume_role_policy": None})), FACTS, []
        )
    trusting = [Trusting("plan")]
    with pytest.raises(StrataError) as caught:
        verdicts([token("x", "plan apply other", sub="s")], trusting, [])
    assert caught.value.message == "the token 'x' may become apply, which the environment does not have"


# a token of the table, and claims that it has (None: that it lacks)
TOKENS: list[tuple[str, dict[str, str | None]]] = [
    (
        "pull request, by name",
        {
            "sub": "repo:o/r:pull_request",
            "iss": ISSUER,
            "aud": "sts.amazonaws.com",
            "repository": "o/r",
            "repository_id": "2",
            "repository_owner": "o",
            "repository_owner_id": "1",
            "name": None,
            "allows": None,
            "note": None,
        },
    ),
    ("this environment, from main, by name", {"sub": "repo:o/r:environment:dev", "environment": "dev"}),
    ("another environment, from main, by name", {"sub": "repo:o/r:environment:prod", "environment": "prod"}),
    ("an environment in capitals", {"sub": "repo:o/r:environment:DEV", "environment": "DEV"}),
    ("owner and repository in other letters", {"sub": "repo:O/R:pull_request", "repository": "O/R"}),
    (
        "Snowflake: another environment",
        {"sub": "repo:o@1/r@2:environment:prod", "aud": "snowflakecomputing.com"},
    ),
    ("no subject", {"sub": None, "aud": "sts.amazonaws.com", "without": None}),
    ("no audience", {"sub": "repo:o/r:pull_request", "aud": None}),
    ("empty subject", {"sub": ""}),
]


@pytest.mark.parametrize(("name", "claims"), TOKENS)
def test_the_claims_of_a_token(name: str, claims: dict[str, str | None]) -> None:
    (one,) = [found for found in load_tokens(FACTS, "prod") if found.name == name]
    assert one.claims is not None
    assert {claim: one.claims.get(claim) for claim in claims} == claims


def test_whom_a_token_may_become_and_why() -> None:
    found = {one.name: one for one in load_tokens(FACTS, "prod")}
    assert found["pull request, by name"].allows == {"plan"}
    assert found["pull request, by name"].note == ""
    fork = found["fork: pull request to us"]
    assert (fork.claims, fork.allows) == (None, frozenset())
    assert fork.note == "GitHub gives a fork's pull request no token at all."
    assert not any("{" in value for one in found.values() for value in (one.claims or {}).values())
