"""The whole path, offline: bootstrap, pull request, gate, review, merge, apply, drift, every step as the YAML says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from strata.ci.login import identity_token
from strata.errors import StrataError
from tests.ci.actions import WorkflowRun
from tests.ci.platform import Platform
from tests.ci.repository import small_platform

pytestmark = pytest.mark.terraform

SECRET = "hunter2-and-a-half"
PLANNED = ("live/dev/snowflake-notes", "live/dev/snowflake-old", "live/dev/topics")


def log(run: WorkflowRun) -> str:
    """Each job's steps with their outcomes, for the message of a failing test."""
    lines = []
    for name, jobs in run.jobs.items():
        for job in jobs:
            lines.append(f"{name}: {job.result}")
            lines += [f"  {step.name}: {step.outcome}\n{step.said}" for step in job.steps]
    return "\n".join(lines)


def everything_shown(platform: Platform, *runs: WorkflowRun) -> str:
    """All that anybody who can read the repository can see: logs, summaries, comments, issues, artifacts."""
    shown = [run.said for run in runs]
    shown += [job.summary for run in runs for jobs in run.jobs.values() for job in jobs]
    shown += [str(comment["body"]) for comment in platform.server.comments]
    shown += [str(issue) for issue in platform.server.issues]
    for run in runs:
        shown += [path.read_bytes().decode("latin-1") for path in run.artifacts.rglob("*") if path.is_file()]
    return "\n".join(shown)


def comments(platform: Platform, number: int) -> list[str]:
    """The texts of a pull request's comments."""
    return [str(comment["body"]) for comment in platform.server.comments if comment["issue"] == number]


def resources(platform: Platform, component: str) -> int:
    """How many resources the state of a unit of dev has."""
    key = f"live/dev/{component}/terraform.tfstate"
    state = platform.client("s3").get_object(Bucket="strata-tfstate-dev-111122223333", Key=key)
    return len(json.loads(state["Body"].read())["resources"])


def test_from_pull_request_to_drift(bootstrapped: Platform) -> None:
    platform = bootstrapped
    server, repository = platform.server, platform.repository
    topics = platform.client("sns")

    # -- a pull request that needs something it brings itself: provisional, and the gate of the plans says so --
    repository.open(1, small_platform(SECRET))
    opened = platform.pull_request(1)
    assert opened.result("affected") == "success", log(opened)
    assert opened.result("gate") == "success", log(opened)
    assert opened.result("plan") == "success", log(opened)
    assert opened.result("rehearsal") == "skipped"
    assert opened.result("report") == "failure"
    assert "live/dev/snowflake-notes terraform_data.note: planned with mocks" in opened.jobs["report"][0].said
    (comment,) = comments(platform, 1)
    assert "4 to create" in comment
    assert "**Provisional**" in comment
    assert 'aws_sns_topic.this["first"]' in comment

    # -- somebody else approves: the same comment is rewritten, the run is green --------------------------------
    server.label(1, "approve:mocks", "bob")
    labeled = opened.rerun("report")
    assert labeled.succeeded, log(labeled)
    assert len(comments(platform, 1)) == 1

    # -- binary plans: encrypted, in the state bucket, out of the plan role's reach ------------------------------
    head = repository.heads[1]
    s3 = platform.client("s3")
    bucket = "strata-tfstate-dev-111122223333"
    kept = {item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix="plans/")["Contents"]}
    assert kept == {f"plans/dev/{head}/record.json"} | {
        f"plans/dev/{head}/{unit}/tfplan.tfplan" for unit in PLANNED
    }
    assert {s3.head_object(Bucket=bucket, Key=key)["ServerSideEncryption"] for key in kept} == {"aws:kms"}

    # -- merge, apply in waves: the notes get the real value where the review saw a mock ------------------------
    merged = platform.merge(1)
    applied = platform.push()
    assert applied.succeeded, log(applied)
    said = applied.jobs["apply"][0].said
    assert said.index("live/dev/topics: applied") < said.index("live/dev/snowflake-notes: applied")
    assert server.statuses[merged]["strata/apply (dev)"]["state"] == "success"
    names = [topic["TopicArn"].rpartition(":")[2] for topic in topics.list_topics()["Topics"]]
    assert names == ["strata-first-dev"]

    # -- nothing since: nothing to do -----------------------------------------------------------------------------
    idle = platform.push()
    assert idle.result("affected") == "success", log(idle)
    assert idle.result("apply") == "skipped"

    # -- somebody changes a topic by hand: drift, with one issue that closes again --------------------------------
    arn = topics.list_topics()["Topics"][0]["TopicArn"]
    topics.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="by hand")
    drifted = platform.schedule()
    assert drifted.result("drift") == "failure"
    assert drifted.result("issue") == "success", log(drifted)
    (issue,) = server.issues
    assert issue["state"] == "open"
    assert 'aws_sns_topic.this["first"] was changed by hand (display_name)' in issue["body"]
    assert "live/dev/topics" in issue["body"]

    # -- a reviewed change is not applied over what the review did not see ------------------------------------
    component = repository.clone / "live/_components/topics.hcl"
    text = component.read_text().replace('first = "First"', 'first = "First", second = "Second"')
    topics.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="First")
    gone = "live/dev/snowflake-old/terragrunt.hcl"
    repository.open(2, {"live/_components/topics.hcl": text, gone: None})
    reviewed = platform.pull_request(2)
    assert reviewed.result("report") == "failure"
    server.label(2, "approve:removed-unit", "bob")
    reviewed = reviewed.rerun("report")
    assert reviewed.succeeded, log(reviewed)
    topics.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="since the review")
    second_merge = platform.merge(2)
    stopped = platform.push()
    assert stopped.result("apply") == "failure"
    summary = stopped.jobs["apply"][0].summary
    assert "### `live/dev/topics` stopped" in summary
    assert '`aws_sns_topic.this["first"]`: update was not reviewed' in summary
    assert "have its new plan reviewed" in summary
    assert "| `live/dev/snowflake-notes` | not begun |" in summary
    assert "| `live/dev/snowflake-old` | not begun |" in summary
    assert server.statuses[second_merge]["strata/apply (dev)"]["state"] == "failure"
    assert len(topics.list_topics()["Topics"]) == 1

    # -- put right by hand, and that one unit again: the commit does not count as applied yet ------------------
    topics.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="First")
    alone = platform.dispatch("terraform-post-merge-apply.yaml", {"environment": "dev", "unit": "topics"})
    assert alone.succeeded, log(alone)
    assert alone.result("outdated") == "skipped"
    assert "live/dev/topics: applied" in alone.jobs["apply"][0].said
    assert "snowflake-notes" not in alone.jobs["apply"][0].said
    assert len(topics.list_topics()["Topics"]) == 2
    assert server.statuses[second_merge]["strata/apply (dev)"]["state"] == "failure"
    nothing = platform.dispatch("terraform-post-merge-apply.yaml", {"environment": "dev", "unit": "nowhere"})
    assert nothing.result("apply") == "failure"
    assert "live/dev/nowhere has nothing to apply" in nothing.said

    # -- and the whole again: the rest is applied, the notes as the environment plan had foreseen, and what was
    #    removed is destroyed last --------------------------------------------------------------------------------
    again = platform.push()
    assert again.succeeded, log(again)
    said = again.jobs["apply"][0].said
    assert said.index("snowflake-notes: applied") < said.index("destroying: live/dev/snowflake-old")
    assert said.index("destroying: live/dev/snowflake-old") < said.index("live/dev/snowflake-old: applied")
    assert resources(platform, "snowflake-notes") == 1
    assert resources(platform, "snowflake-old") == 0
    assert "Downstream" in comments(platform, 2)[0]
    assert len(topics.list_topics()["Topics"]) == 2
    assert server.statuses[second_merge]["strata/apply (dev)"]["state"] == "success"

    # -- an old run that is run again does not undo it -----------------------------------------------------------
    del server.statuses[merged]["strata/apply (dev)"]
    old = platform.push(merged)
    assert old.succeeded, log(old)
    # It took main as it is, where nothing was left to apply.
    assert "no unit is affected" in old.jobs["apply"][0].summary
    assert len(topics.list_topics()["Topics"]) == 2
    assert server.statuses[second_merge]["strata/apply (dev)"]["state"] == "success"
    assert "strata/apply (dev)" not in server.statuses[merged]

    # -- and main is what is there: the issue closes ---------------------------------------------------------------
    quiet = platform.schedule()
    assert quiet.succeeded, log(quiet)
    assert issue["state"] == "closed"

    # -- no value is shown anywhere; nothing was restored where credentials may write ---------------------------
    runs = (opened, labeled, applied, drifted, reviewed, stopped, alone, again, quiet)
    assert SECRET not in everything_shown(platform, *runs)
    assert {job for job in platform.cached if "apply" in job} == set()
    assert {role for job, role in platform.logins if job == "plan"} == {"strata-plan-dev"}
    assert {role for job, role in platform.logins if job == "apply"} == {"strata-apply-dev"}


def test_a_fork_gets_the_embedded_cloud_and_no_credential(bootstrapped: Platform) -> None:
    platform = bootstrapped
    platform.repository.open(20, {**small_platform(SECRET), "modules/notes/README.md": "# notes\n"})
    before = len(platform.logins)
    run = platform.pull_request(20, author="mallory", fork=True)
    assert run.result("plan") == "skipped"
    assert run.result("rehearsal") == "success", log(run)
    assert platform.logins[before:] == []
    assert comments(platform, 20) == []
    (rehearsal,) = run.jobs["rehearsal"]
    assert rehearsal.permissions == {"contents": "read"}
    assert "aws_sns_topic.this" in rehearsal.summary
    assert SECRET not in everything_shown(platform, run)
    # What the steps of its jobs could use to log in.
    for job in (job for jobs in run.jobs.values() for job in jobs):
        assert not [name for name in job.environ if name.startswith(("AWS_ACCESS", "AWS_SECRET", "ACTIONS_"))]
    with pytest.raises(StrataError, match="may not ask for an identity token"):
        identity_token("sts.amazonaws.com", rehearsal.environ)


# What a fork may make of the workflow: straight to the login, with every permission it can think of.
FORKED = """
name: mine
on: pull_request
permissions: {}
jobs:
  plan:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    permissions:
      id-token: write
    steps:
      - uses: aws-actions/configure-aws-credentials@v6
        with:
          aws-region: eu-west-1
          role-session-name: mine
          role-to-assume: arn:aws:iam::111122223333:role/strata-plan-dev
"""


def test_a_forks_own_workflow_gets_no_credential_either(bootstrapped: Platform) -> None:
    platform, before = bootstrapped, len(bootstrapped.logins)
    platform.repository.open(21, {".github/workflows/terraform-pr-plan.yaml": FORKED})
    run = platform.pull_request(21, author="mallory", fork=True)
    (plan,) = run.jobs["plan"]
    assert [(step.outcome, "may not ask for an identity token" in step.said) for step in plan.steps] == [
        ("failure", True)
    ]
    assert platform.logins[before:] == []


# Each of them alone closes the gate: tests/ci/test_gate.py.
ATTACKS = {
    "modules/x/main.tf": 'data "external" "x" {\n  program = ["id"]\n}\n',
    "modules/y/main.tf": 'resource "null_resource" "x" {}\n',
    "live/_components/x.hcl": 'locals {\n  x = run_cmd("id")\n}\n',
    "live/dev/github-oidc/.terraform.lock.hcl": "# other hashes\n",
    ".github/workflows/drift.yaml": "name: mine\n",
}
LABELS = ("approve:code", "approve:lock-file", "approve:provider", "approve:workflow")


def test_the_gate_stops_it_before_any_credential(bootstrapped: Platform) -> None:
    platform = bootstrapped
    # Something is affected as well, so that there is something to plan.
    component = platform.repository.git("show", "origin/main:live/_components/github-oidc.hcl")
    component = component.replace("inputs = {", "inputs = {\n  session_seconds = 7200") + "\n"
    platform.repository.open(30, {**ATTACKS, "live/_components/github-oidc.hcl": component})
    before = len(platform.logins)
    # The author's own labels do not count.
    platform.server.run(platform.repository.heads[30], "alice")
    for label in LABELS:
        platform.server.label(30, label, "alice")
    run = platform.pull_request(30, action="labeled", author="alice")
    assert run.result("gate") == "failure", log(run)
    (gate,) = run.jobs["gate"]
    for path in ATTACKS:
        assert path in gate.said
    for label in LABELS:
        assert label in gate.said
    assert run.result("plan") == "skipped"
    assert not run.succeeded
    assert platform.logins[before:] == []


def test_an_approval_ends_with_the_next_push(bootstrapped: Platform) -> None:
    platform = bootstrapped
    platform.repository.open(40, {"live/_components/x.hcl": 'locals {\n  x = run_cmd("id")\n}\n'})
    platform.server.run(platform.repository.heads[40], "alice")
    platform.server.label(40, "approve:code", "bob")
    assert platform.pull_request(40, action="labeled").result("gate") == "success"
    platform.repository.open(
        40, {"live/_components/x.hcl": 'locals {\n  x = run_cmd("curl", "e.example")\n}\n'}
    )
    pushed = platform.pull_request(40, action="synchronize")
    assert pushed.result("gate") == "failure", log(pushed)
    assert platform.server.labels[40] == []


REPLAY = """
import sys
from pathlib import Path
from strata.terraform.terragrunt import run_all

root, plans, log = Path.cwd(), Path(sys.argv[1]), Path(sys.argv[2])
for command in ("plan", "apply", "apply"):
    (outcome,) = run_all(root, command, ["live/dev/snowflake-replay"], plans, log).values()
    print(command, outcome.result, outcome.error)
"""


def test_a_plan_is_refused_once_the_state_has_moved(bootstrapped: Platform, tmp_path: Path) -> None:
    platform = bootstrapped
    platform.operator("true")
    clone = platform.repository.clone
    files = {
        "live/dev/snowflake-replay/terragrunt.hcl": 'include "root" {\n  path = "${get_repo_root()}/terragrunt.hcl"\n}\n\nterraform {\n  source = "${get_repo_root()}/modules//replay"\n}\n',
        "modules/replay/main.tf": 'resource "terraform_data" "x" {\n  input = "x"\n}\n',
    }
    try:
        for name, text in files.items():
            (clone / name).parent.mkdir(parents=True)
            (clone / name).write_text(text)
        done = platform.operator("python", "-c", REPLAY, str(tmp_path / "plans"), str(tmp_path / "log"))
        assert done.returncode == 0, done.stderr
        planned, applied, replayed = done.stdout.splitlines()
        assert (planned, applied) == ("plan succeeded None", "apply succeeded None")
        assert replayed.startswith("apply failed")
        assert "stale" in replayed
    finally:
        for name in files:
            (clone / name).unlink(missing_ok=True)


def test_formats_contracts_and_the_suite(platform: Platform) -> None:
    run = platform.validate()
    assert run.succeeded, log(run)
    outcomes = {step.name: step.outcome for step in run.jobs["static"][0].steps}
    assert outcomes == dict.fromkeys(outcomes, "success") | dict.fromkeys(platform.without, "skipped")
    assert "1 passed" in run.jobs["tests"][0].said
    for tool in platform.without.values():
        pytest.skip(f"missing tool: {tool}")


@pytest.mark.needs("terragrunt")
def test_a_lock_is_released_by_its_id_only(bootstrapped: Platform) -> None:
    platform = bootstrapped
    bucket, unit = "strata-tfstate-dev-111122223333", "github-oidc"
    key = f"live/dev/{unit}/terraform.tfstate"
    lock_id = "8f0a2c3e-0000-4000-8000-000000000000"
    info = json.dumps(
        {"ID": lock_id, "Operation": "OperationTypeApply", "Who": "runner@gone", "Path": f"{bucket}/{key}"}
    )
    s3, dynamodb = platform.client("s3"), platform.client("dynamodb")
    s3.put_object(Bucket=bucket, Key=f"{key}.tflock", Body=info)
    dynamodb.put_item(
        TableName="strata-tflock-dev", Item={"LockID": {"S": f"{bucket}/{key}"}, "Info": {"S": info}}
    )

    def locked() -> bool:
        found = s3.list_objects_v2(Bucket=bucket, Prefix=f"{key}.tflock").get("Contents", [])
        item = dynamodb.get_item(TableName="strata-tflock-dev", Key={"LockID": {"S": f"{bucket}/{key}"}}).get(
            "Item"
        )
        assert bool(found) == bool(item)
        return bool(found)

    for wrong in ("8f0a2c3e-0000-4000-8000-111111111111", "x; id"):
        run = platform.dispatch("unlock.yaml", {"environment": "dev", "unit": unit, "lock_id": wrong})
        assert run.result("unlock") == "failure", log(run)
        assert locked()
    run = platform.dispatch("unlock.yaml", {"environment": "dev", "unit": "nothing", "lock_id": lock_id})
    assert "has no unit nothing" in run.said
    run = platform.dispatch("unlock.yaml", {"environment": "dev", "unit": unit, "lock_id": lock_id})
    assert run.succeeded, log(run)
    assert not locked()
