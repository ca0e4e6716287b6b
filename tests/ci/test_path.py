"""The whole path, offline: bootstrap, pull request, gate, review, merge, apply, drift, every step as the YAML says."""

from __future__ import annotations

import json

import pytest

from tests.ci.actions import WorkflowRun
from tests.ci.platform import Platform
from tests.ci.repository import small_platform

pytestmark = pytest.mark.terraform

SECRET = "hunter2-and-a-half"
PLANNED = ("live/dev/notes", "live/dev/topics")


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


def test_from_bootstrap_to_drift(platform: Platform) -> None:
    server, repository = platform.server, platform.repository
    topics = platform.client("sns")

    # -- bootstrap: the operator's own credentials; the second run changes nothing ---------------------------
    first = platform.operator("strata", "bootstrap", "dev", "--apply", "aws", "--json")
    assert first.returncode == 0, first.stderr
    done = json.loads(first.stdout)
    assert [bool(changes) for changes in done.values()] == [True, True, True]
    second = platform.operator("strata", "bootstrap", "dev", "--apply", "aws", "--json")
    assert second.returncode == 0, second.stderr
    assert [changes for changes in json.loads(second.stdout).values() if changes] == []

    # -- a pull request that needs something it brings itself: provisional, and the gate of the plans says so --
    repository.open(1, small_platform(SECRET))
    opened = platform.pull_request(1)
    assert opened.result("affected") == "success", log(opened)
    assert opened.result("gate") == "success", log(opened)
    assert opened.result("plan") == "success", log(opened)
    assert opened.result("rehearsal") == "skipped"
    assert opened.result("report") == "failure"
    assert "live/dev/notes terraform_data.note: planned with mocks" in opened.jobs["report"][0].said
    (comment,) = server.comments
    assert "3 to create" in comment["body"]
    assert "**Provisional**" in comment["body"]
    assert 'aws_sns_topic.this["first"]' in comment["body"]

    # -- somebody else approves: the same comment is rewritten, the run is green --------------------------------
    server.label(1, "approve:mocks", "bob")
    labeled = platform.pull_request(1, action="labeled")
    assert labeled.succeeded, log(labeled)
    assert len(server.comments) == 1

    # -- binary plans: encrypted, in the state bucket, out of the plan role's reach ------------------------------
    head = repository.heads[1]
    s3 = platform.client("s3")
    bucket = "strata-tfstate-dev-111122223333"
    kept = {item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix="plans/")["Contents"]}
    assert kept == {f"plans/dev/{head}/record.json"} | {
        f"plans/dev/{head}/{unit}/tfplan.tfplan" for unit in PLANNED
    }
    assert {s3.head_object(Bucket=bucket, Key=key)["ServerSideEncryption"] for key in kept} == {"aws:kms"}

    # -- merge, apply in waves: notes gets the real value where the review saw a mock ---------------------------
    merged = platform.merge(1)
    applied = platform.push()
    assert applied.succeeded, log(applied)
    said = applied.jobs["apply"][0].said
    assert said.index("live/dev/topics: applied") < said.index("live/dev/notes: applied")
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
    repository.open(2, {"live/_components/topics.hcl": text})
    reviewed = platform.pull_request(2)
    assert reviewed.succeeded, log(reviewed)
    topics.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="since the review")
    second_merge = platform.merge(2)
    stopped = platform.push()
    assert stopped.result("apply") == "failure"
    summary = stopped.jobs["apply"][0].summary
    assert "### `live/dev/topics` stopped" in summary
    assert '`aws_sns_topic.this["first"]`: update was not reviewed' in summary
    assert "have its new plan reviewed" in summary
    assert "| `live/dev/notes` | not begun |" in summary
    assert server.statuses[second_merge]["strata/apply (dev)"]["state"] == "failure"
    assert len(topics.list_topics()["Topics"]) == 1

    # -- put right by hand and run again: what was reviewed is applied, from the last commit that was ------------
    topics.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="First")
    again = platform.push()
    assert again.result("apply") == "failure", "notes was reviewed against the topics of then"
    assert len(topics.list_topics()["Topics"]) == 2
    assert "### `live/dev/notes` stopped" in again.jobs["apply"][0].summary

    # -- no value is shown anywhere; nothing was restored where credentials may write ---------------------------
    runs = (opened, labeled, applied, drifted, reviewed, stopped, again)
    assert SECRET not in everything_shown(platform, *runs)
    assert {job for job in platform.cached if "apply" in job} == set()
    assert {role for job, role in platform.logins if job == "plan"} == {"strata-plan-dev"}
    assert {role for job, role in platform.logins if job == "apply"} == {"strata-apply-dev"}
