"""Write each environment's plan summary as a comment, or update the comment."""

from __future__ import annotations

from strata.ci.github import GitHub
from strata.ci.outdated import units_note, with_units
from strata.ci.plans import PlanSet
from strata.ci.summary import LIMIT, markdown, marker, not_planned
from strata.cli.checkout import checkout_root
from strata.cli.options import ArtifactFolder, Commit, Expect, PullRequest
from strata.cli.plan_sets import expected_environments, read_plan_sets
from strata.cli.views.console import out
from strata.live import discovery

EXAMPLES = ("""strata ci comment plans --pull-request 7 --expect '["dev"]'""",)


def run(folder: ArtifactFolder, pull_request: PullRequest, expect: Expect, commit: Commit = "HEAD") -> None:
    """Write one comment per environment; where nothing is planned, only update an existing one."""
    root = checkout_root()
    github = GitHub.from_environment()
    planned, expected = read_plan_sets(folder), expected_environments(expect)
    for environment in sorted({*planned, *expected, *discovery.environments(root)}):
        missing = environment in expected and environment not in planned
        plans = planned.get(environment) or PlanSet(environment=environment, commit=commit)
        units = [*(unit.unit for unit in plans.units), *plans.removed]
        room = LIMIT - len(units_note(units))
        text = markdown(plans, room, f"the artifact plan-{environment}")
        body = not_planned(environment, commit) if missing else with_units(text, environment, units)
        create = missing or bool(plans.units or plans.removed)
        address = github.upsert_comment(pull_request, marker(environment), body, create=create)
        out.print(address or f"{environment}: no unit is affected, no comment to update", soft_wrap=True)
