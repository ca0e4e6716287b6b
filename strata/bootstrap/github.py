"""The GitHub environments and variables of the repository, set with `gh` and the operator's login."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable

from strata.bootstrap.steps import BootstrapStep
from strata.errors import StrataError
from strata.live.facts import EnvironmentFacts

# Those of docs/ci.md.
LABELS = (
    *("access", "code", "deletions", "lock-file", "mocks", "policies", "protected", "provider"),
    *("removed-unit", "workflow"),
)


def github_steps(facts: EnvironmentFacts) -> list[BootstrapStep]:
    """Return the steps: environment, its branch rule and variables, and the labels that approve."""
    return [
        BootstrapStep(
            "github", title, tuple(shlex.join(["gh", *command]) for command in commands), _runner(commands)
        )
        for title, commands in _commands(facts)
    ]


def _commands(facts: EnvironmentFacts) -> list[tuple[str, list[list[str]]]]:
    repository = facts.github_repository
    place = f"repos/{repository}/environments/{facts.environment}"
    variables = {
        "AWS_APPLY_ROLE": facts.role_arn("apply"),
        "AWS_REGION": facts.region,
        "SNOWFLAKE_APPLY_USER": facts.snowflake_user("apply"),
    }
    return [
        (
            f"GitHub environment {facts.environment}: branch {facts.branch} only",
            [
                [
                    *("api", "--method", "PUT", place),
                    *("-F", "deployment_branch_policy[protected_branches]=false"),
                    *("-F", "deployment_branch_policy[custom_branch_policies]=true"),
                ],
                [
                    "api",
                    "--method",
                    "POST",
                    f"{place}/deployment-branch-policies",
                    "-f",
                    f"name={facts.branch}",
                ],
            ],
        ),
        (
            f"Variables of the environment {facts.environment}",
            [
                ["variable", "set", name, "--repo", repository, "--env", facts.environment, "--body", value]
                for name, value in variables.items()
            ],
        ),
        (
            "Labels with which someone other than the author approves",
            [
                ["label", "create", f"approve:{name}", "--repo", repository, "--force", "--color", "D93F0B"]
                for name in LABELS
            ],
        ),
    ]


def _runner(commands: list[list[str]]) -> Callable[[], list[str]]:
    def run() -> list[str]:
        done = []
        for command in commands:
            if not _needed(command):
                continue
            process = _gh(command)
            if process.returncode:
                raise StrataError(
                    f"`gh {' '.join(command[:4])}` failed: {process.stderr.strip()[:200]}",
                    remedy="log in with `gh auth login` as an administrator of the repository",
                )
            done.append(f"gh {shlex.join(command)}")
        return done

    return run


def _needed(command: list[str]) -> bool:
    """Return whether a command would change anything, by the call that reads the same object."""
    if command[0] == "variable":
        name, repository, environment, value = command[2], command[4], command[6], command[8]
        answer = _gh(["variable", "get", name, "--repo", repository, "--env", environment])
        return answer.returncode != 0 or answer.stdout.strip() != value
    if command[0] == "label":
        answer = _gh(["label", "list", "--repo", command[4], "--search", command[2], "--json", "name"])
        return answer.returncode != 0 or {"name": command[2]} not in json.loads(answer.stdout or "[]")
    answer = _gh(["api", command[3]])
    if answer.returncode != 0:
        return True
    found = json.loads(answer.stdout or "{}")
    if "deployment-branch-policies" in command[3]:
        wanted = command[-1].removeprefix("name=")
        return wanted not in [policy.get("name") for policy in found.get("branch_policies", ())]
    policy = found.get("deployment_branch_policy") or {}
    return policy.get("custom_branch_policies") is not True


def _gh(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["gh", *command], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise StrataError(
            "gh is not on PATH", remedy="install GitHub's command line, https://cli.github.com"
        ) from None
