"""Keep one issue per environment: open while it drifts, closed otherwise."""

from __future__ import annotations

from strata.ci.github import GitHub
from strata.ci.summary import drift_markdown, marker
from strata.cli.options import ArtifactFolder, Expect
from strata.cli.plan_sets import has_drift, read_plan_sets, require_expected
from strata.cli.views.console import out

EXAMPLES = ("""strata ci drift-issue drift --expect '["dev"]'""",)


def run(folder: ArtifactFolder, expect: Expect) -> None:
    """Open, update or close the issues; leave that of an environment without a plan."""
    github = GitHub.from_environment()
    sets = read_plan_sets(folder)
    for name, plans in sets.items():
        # A unit that could not be planned must not close an issue.
        body = drift_markdown(plans) if has_drift(plans) or plans.failed else None
        address = github.upsert_issue(marker(name, "drift"), f"Drift in {name}", body)
        out.print(address or f"{name}: no drift, no open issue", soft_wrap=True)
    require_expected(folder, sets, expect)
