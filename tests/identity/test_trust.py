"""Which GitHub token may become which role: the table, against the policies of a plan of live/dev."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from strata.bootstrap.identities import snowflake_identities
from strata.ci.trust import load_tokens, planned_trust, verdicts
from strata.cloud.github.job import WorkflowJob
from strata.errors import StrataError
from strata.live.facts import EnvironmentFacts
from strata.platform.offline_plan import UnknownPolicyError
from tests.identity.plans import change_policy, resources

pytestmark = pytest.mark.terraform
Command = Callable[..., Any]

HOST = "token.actions.githubusercontent.com"
TABLE = tomllib.loads(
    (Path(__file__).parents[2] / "strata" / "ci" / "trust_tokens.toml").read_text(encoding="utf-8")
)["tokens"]
ROLES = {"apply", "eventbridge", "glue", "lambda", "plan", "reprocess", "snowflake", "stepfunctions"}


def decided(document: Mapping[str, Any], facts: EnvironmentFacts) -> dict[str, set[str]]:
    """Whom each token may become."""
    trusting, providers = planned_trust(document, facts, snowflake_identities(facts))
    found: dict[str, set[str]] = {row["name"]: set() for row in TABLE}
    for verdict in verdicts(load_tokens(facts, "staging"), trusting, providers):
        if verdict.decision.allowed:
            found[verdict.token.name].add(verdict.name)
    return found


def test_the_table_is_large_and_says_both() -> None:
    assert len(TABLE) >= 60
    assert len({row["name"] for row in TABLE}) == len(TABLE)
    assert 10 <= len([row for row in TABLE if row["allows"]]) <= len(TABLE) / 2


def test_every_role_of_the_environment_is_asked(plan: Mapping[str, Any], facts: EnvironmentFacts) -> None:
    trusting, providers = planned_trust(plan, facts, snowflake_identities(facts))
    names = {one.name for one in trusting}
    assert names >= ROLES
    assert {"snowflake:apply", "snowflake:drift", "snowflake:plan"} <= names
    assert [provider.arn for provider in providers] == [f"arn:aws:iam::111122223333:oidc-provider/{HOST}"]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["name"])
def test_a_token_becomes_whom_the_table_says(
    plan: Mapping[str, Any], facts: EnvironmentFacts, row: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    found = request.config.stash.get(_DECIDED, None)
    if found is None:
        found = request.config.stash[_DECIDED] = decided(plan, facts)
    assert found[row["name"]] == set(row["allows"])


_DECIDED = pytest.StashKey[dict[str, set[str]]]()


def test_every_allowed_token_is_decided_by_a_statement(
    plan: Mapping[str, Any], facts: EnvironmentFacts
) -> None:
    trusting, providers = planned_trust(plan, facts, [])
    aws = [
        token for token in load_tokens(facts, "staging") if not any("snowflake" in n for n in token.allows)
    ]
    allowed = [v for v in verdicts(aws, trusting, providers) if v.decision.allowed]
    assert {verdict.statement for verdict in allowed} == {"apply: statement 1", "plan: statement 1"}


@pytest.mark.parametrize(
    ("condition", "token"),
    [
        ({"StringLike": {f"{HOST}:sub": "repo:*"}}, "fork: its own push to main, by name"),
        ({"ForAllValues:StringEquals": {f"{HOST}:sub": "x"}}, "no subject"),
        ({"StringLike": {f"{HOST}:sub": "repo:example-org*"}}, "owner whose name starts like ours"),
        ({"StringNotEquals": {f"{HOST}:ref": "refs/heads/x"}}, "no ref: this environment"),
    ],
)
def test_a_trust_that_lets_strangers_in_is_found(
    changed: Any, facts: EnvironmentFacts, condition: dict[str, Any], token: str
) -> None:
    change_policy(
        changed, "aws_iam_role", "apply", lambda statements: statements[0].update(Condition=condition)
    )
    row = next(row for row in TABLE if row["name"] == token)
    assert "apply" not in row["allows"]
    assert "apply" in decided(changed, facts)[token]


def test_a_policy_that_is_not_known_yet_is_not_passed_over(changed: Any, facts: EnvironmentFacts) -> None:
    role = next(r for r in resources(changed) if r["type"] == "aws_iam_role")
    del role["values"]["assume_role_policy"]
    with pytest.raises(UnknownPolicyError, match="is not known before the apply"):
        planned_trust(changed, facts, [])


def test_a_plan_without_roles_is_refused(facts: EnvironmentFacts) -> None:
    with pytest.raises(StrataError, match="has no role"):
        planned_trust({"planned_values": {"root_module": {}}}, facts, [])


# What a row's claim is for example-org/strata and dev; None: the token has none.
CLAIMS = [
    ("owner and repository in other letters", "sub", "repo:EXAMPLE-ORG/STRATA:pull_request"),
    ("owner and repository in other letters", "repository", "EXAMPLE-ORG/STRATA"),
    ("owner and repository in other letters", "event_name", "pull_request"),
    ("an environment in capitals", "environment", "DEV"),
    ("another environment, from main, by ids", "sub", "repo:example-org@1000001/strata@2000002:environment:staging"),
    ("no subject", "sub", None),
    ("no subject", "name", None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "claim", "value"), CLAIMS)
def test_a_rows_claims(facts: EnvironmentFacts, name: str, claim: str, value: str | None) -> None:
    token = next(token for token in load_tokens(facts, "staging") if token.name == name)
    assert token.claims is not None
    assert token.claims.get(claim) == value


@pytest.mark.parametrize("immutable", [True, False])
@pytest.mark.parametrize(
    ("event", "ref", "environment", "name"),
    [
        ("pull_request", "refs/pull/12/merge", None, "pull request"),
        ("push", "refs/heads/main", None, "push to main"),
        ("push", "refs/heads/feature/x", None, "push to a branch"),
        ("push", "refs/tags/v1.0.0", None, "tag"),
        ("push", "refs/heads/main", "dev", "this environment, from main"),
        ("workflow_dispatch", "refs/heads/feature/x", "dev", "this environment, from a branch"),
        ("push", "refs/heads/main", "staging", "another environment, from main"),
    ],
)
def test_the_tables_tokens_are_those_of_the_embedded_issuer(
    facts: EnvironmentFacts, immutable: bool, event: str, ref: str, environment: str | None, name: str
) -> None:
    job = WorkflowJob(
        facts.owner, facts.owner_id, facts.repository, facts.repository_id, event, ref, environment,
        immutable_subject=immutable,
    )  # fmt: skip
    shape = "by ids" if immutable else "by name"
    token = next(t for t in load_tokens(facts, "staging") if t.name == f"{name}, {shape}")
    assert token.claims is not None
    common = set(token.claims) & set(job.claims()) - {"job_workflow_ref", "workflow"}
    assert {"sub", "ref", "event_name", "repository_id"} <= common
    assert {key: token.claims[key] for key in common} == {key: job.claims()[key] for key in common}


def test_the_command_prints_a_table(strata: Command, plan_file: Path) -> None:
    done = strata("ci", "trust", "dev", "--plan", str(plan_file))
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert any(line.startswith("pull request, by ids") and "plan: statement 1" in line for line in lines)
    assert any(line.startswith("tag, by name") and "none" in line for line in lines)
    assert f"{len(TABLE)} tokens" in lines[-1]
    assert lines[-1].endswith("0 wrong")


def test_the_command_prints_one_role(strata: Command, plan_file: Path) -> None:
    done = strata("ci", "trust", "dev", "--plan", str(plan_file), "--role", "apply", "--json")
    assert done.code == 0, done.err
    decisions = json.loads(done.out)["decisions"]
    assert len(decisions) == len(TABLE)
    assert {(d["allowed"], d["expected"]) for d in decisions} == {(True, True), (False, False)}
    assert all(d["role"] == "apply" and d["decided_by"] for d in decisions)


def test_the_command_fails_where_a_token_may_too_much(strata: Command, changed: Any, tmp_path: Path) -> None:
    wide = {"StringLike": {f"{HOST}:sub": "*"}}
    change_policy(changed, "aws_iam_role", "apply", lambda statements: statements[0].update(Condition=wide))
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(changed), encoding="utf-8")
    done = strata("ci", "trust", "dev", "--plan", str(file))
    assert done.code == 1
    assert "fork: its own push to main, by name: may become apply, against the table" in done.err


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is not JSON"),
        ("{}", "not a plan"),
        (None, "cannot be read"),
        ('{"format_version": "1.2", "planned_values": {"root_module": {}}}', "has no role"),
    ],
)
def test_a_file_that_is_no_plan(strata: Command, tmp_path: Path, content: str | None, says: str) -> None:
    file = tmp_path / "plan.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    done = strata("ci", "trust", "dev", "--plan", str(file))
    assert (done.code, done.out) == (1, "")
    assert says in done.err


def test_a_role_that_there_is_not(strata: Command, plan_file: Path) -> None:
    done = strata("ci", "trust", "dev", "--plan", str(plan_file), "--role", "root")
    assert done.code == 1
    assert "dev has no role root (its roles are apply," in done.err
