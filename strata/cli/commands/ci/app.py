"""`strata ci`: what the workflows run. Every step of theirs that decides anything is a command here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="ci",
    help="What the GitHub workflows run: each step is a command, so that it runs and is tested anywhere.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
)

Environment = Annotated[str, typer.Argument(help="A folder of `live`.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")]
Base = Annotated[str, typer.Option(help="The commit that the change is compared with.")]
Plans = Annotated[Path, typer.Option(help="The folder of `--json-out-dir`; it holds values: no artifact.")]
Expect = Annotated[
    str, typer.Option(help="A JSON list of the environments whose plans have to be there, of `affected`.")
]
PullRequest = Annotated[int, typer.Option(help="The pull request's number.", min=1)]


def _examples(*lines: str) -> str:
    return "Examples:\n\n" + "\n\n".join(f"  $ {line}" for line in lines)


@app.callback()
def _group() -> None:
    pass


@app.command(
    epilog=_examples("strata ci affected --base origin/main", "strata ci affected dev --base main --json")
)
def affected(
    environment: Annotated[str | None, typer.Argument(help="A folder of `live`; all without it.")] = None,
    base: Annotated[str | None, typer.Option(help="The commit that the change is compared with.")] = None,
    since_applied: Annotated[
        bool, typer.Option(help="Compare with the last commit that was wholly applied, as GitHub knows it.")
    ] = False,
    all_: Annotated[bool, typer.Option("--all", help="Compare with nothing: all units.")] = False,
    json_: Json = False,
) -> None:
    """Say which units a change affects, and why; in a workflow, set the output `environments`."""
    from strata.cli import plan_sets as command

    command.run_affected(environment, base, since_applied, all_, json_)


@app.command(epilog=_examples("strata ci identity dev plan", "strata ci identity dev drift --json"))
def identity(
    environment: Environment,
    purpose: Annotated[str, typer.Argument(help="`plan` of a pull request, or `drift` of main.")],
    json_: Json = False,
) -> None:
    """Say as whom a job that may only read logs in: role, region, Snowflake user; set them as outputs."""
    from strata.cli import plan_sets as command

    command.run_identity(environment, purpose, json_)


@app.command(epilog=_examples("strata ci plan dev --base origin/main --plans /tmp/plans --out plan-dev"))
def plan(
    environment: Environment,
    plans: Plans,
    out: Annotated[Path, typer.Option(help="The folder for what may be shown: the artifact.")],
    base: Annotated[
        str | None, typer.Option(help="The commit before the change; without it, all units.")
    ] = None,
    commit: Annotated[str, typer.Option(help="The commit to name in the record.")] = "HEAD",
    embedded: Annotated[
        bool, typer.Option(help="On an embedded cloud, brought to the base first: for forks, no credential.")
    ] = False,
) -> None:
    """Plan the affected units by Terragrunt, plans saved; exit 1 if one failed, the others' kept."""
    from strata.cli import plan_sets as command

    command.run_plan(environment, plans, out, base, commit, embedded)


@app.command("plan-summary", epilog=_examples("strata ci plan-summary dev --plans /tmp/plans --out plan-dev"))
def plan_summary(
    environment: Environment,
    plans: Plans,
    out: Annotated[Path | None, typer.Option(help="Write plan.json and summary.md here.")] = None,
    commit: Annotated[str, typer.Option(help="The commit to name.")] = "HEAD",
    json_: Json = False,
) -> None:
    """Print what saved plans say in Markdown: addresses and actions, never a value."""
    from strata.cli import plan_sets as command

    command.run_summary(environment, plans, out, commit, json_)


@app.command(
    epilog=_examples(
        "strata ci digest dev --plans /tmp/plans", "strata ci digest dev --plans /tmp/plans --json"
    )
)
def digest(
    environment: Environment,
    plans: Plans,
    record: Annotated[
        Path | None, typer.Option(help="Write the record here: it holds the key, so it is no artifact.")
    ] = None,
    commit: Annotated[str, typer.Option(help="The commit to name in the record.")] = "HEAD",
    json_: Json = False,
) -> None:
    """Print each unit's digest: of the normalised plan, with a key, so that it gives no value away."""
    from strata.cli import plan_sets as command

    command.run_digest(environment, plans, record, commit, json_)


@app.command(epilog=_examples("strata ci verify dev --plans /tmp/plans --record record.json"))
def verify(
    environment: Environment,
    plans: Plans,
    record: Annotated[Path, typer.Option(help="The record of the reviewed plans.")],
    json_: Json = False,
) -> None:
    """Compare new plans with the reviewed ones; exit 1 if one would do anything that was not reviewed."""
    from strata.cli import plan_sets as command

    command.run_verify(environment, plans, record, json_)


@app.command(epilog=_examples("strata ci store dev --plans /tmp/plans"))
def store(environment: Environment, plans: Plans) -> None:
    """Put the record and the binary plans into the state bucket, encrypted, for the apply role alone."""
    from strata.cli import plan_sets as command

    command.run_store(environment, plans)


@app.command(
    epilog=_examples(
        "strata ci gate --base origin/main",
        "strata ci gate --base origin/main --pull-request 7 --author octocat --head 1f2e3d4",
        "strata ci gate --plans plans --label approve:deletions",
    )
)
def gate(
    base: Annotated[str | None, typer.Option(help="Judge the change since this commit.")] = None,
    repository: Annotated[Path, typer.Option(help="The checkout that holds the change.")] = Path(),
    plans: Annotated[
        Path | None, typer.Option(help="Judge the plans of every folder of `strata ci plan --out` in it.")
    ] = None,
    label: Annotated[list[str] | None, typer.Option(help="A label that is set.")] = None,
    pull_request: Annotated[
        int | None, typer.Option(help="Ask GitHub which labels of this pull request count.", min=1)
    ] = None,
    author: Annotated[
        str | None, typer.Option(help="Who opened it: the author's own labels do not count.")
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="Its head commit: labels that were set before it came do not count.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option(help="The change is new: take approvals of an older one off first.")
    ] = False,
    deletions: Annotated[int, typer.Option(help="How many resources may go without approval.", min=0)] = 3,
    expect: Annotated[
        str | None, typer.Option(help="A JSON list of the environments whose plans have to be there.")
    ] = None,
    json_: Json = False,
) -> None:
    """Stop what needs an approval and has none; exit 1 then. An approval is a label set by somebody else."""
    from strata.cli.commands.ci import gate as command

    command.run_gate(
        base, repository, plans, label or [], pull_request, author, head, fresh, deletions, expect, json_
    )


@app.command(epilog=_examples("""strata ci comment plans --pull-request 7 --expect '["dev"]'"""))
def comment(
    folder: Annotated[Path, typer.Argument(help="Holds a folder of `strata ci plan --out` per environment.")],
    pull_request: PullRequest,
    expect: Expect,
    commit: Annotated[str, typer.Option(help="The commit to name where nothing was planned.")] = "HEAD",
) -> None:
    """Write each environment's summary, of its plan.json, as a comment, or rewrite the one that is there."""
    from strata.cli.commands.ci import gate as command

    command.run_comment(folder, pull_request, commit, expect)


@app.command(epilog=_examples("strata ci drift dev --plans /tmp/plans --out drift-dev"))
def drift(
    environment: Environment,
    plans: Plans,
    out: Annotated[Path, typer.Option(help="The folder for what may be shown: the artifact.")],
) -> None:
    """Plan every unit of an applied environment; exit 2 if one drifted, and say how. 1 is an error."""
    from strata.cli.commands.ci import gate as command

    command.run_drift(environment, plans, out)


@app.command("drift-issue", epilog=_examples("""strata ci drift-issue drift --expect '["dev"]'"""))
def drift_issue(
    folder: Annotated[
        Path, typer.Argument(help="Holds a folder of `strata ci drift --out` per environment.")
    ],
    expect: Expect,
) -> None:
    """Keep one issue per environment: opened while it drifts, closed when it does not."""
    from strata.cli.commands.ci import gate as command

    command.run_drift_issue(folder, expect)


@app.command(epilog=_examples("strata ci apply dev --plans /tmp/plans"))
def apply(
    environment: Environment,
    plans: Plans,
    base: Annotated[
        str | None, typer.Option(help="What was applied last; without it, as GitHub knows it.")
    ] = None,
) -> None:
    """Apply the merged commit: wave by wave, each unit only if its new plan is the reviewed one."""
    from strata.cli.commands.ci import apply as command

    command.run_apply(environment, plans, base)


@app.command(epilog=_examples("strata ci unlock dev s3 --lock-id 8f0a2c3e-0000-4000-8000-000000000000"))
def unlock(
    environment: Environment,
    unit: Annotated[str, typer.Argument(help="The component whose state is locked.")],
    lock_id: Annotated[str, typer.Option(help="The id that Terraform's error named.")],
) -> None:
    """Release a state lock that nobody holds any more, if its id is this one."""
    from strata.cli.commands.ci import apply as command

    command.run_unlock(environment, unit, lock_id)


@app.command(epilog=_examples("strata ci validate", "strata ci validate s3 glue"))
def validate(
    modules: Annotated[list[str] | None, typer.Argument(help="Names of modules; all without it.")] = None,
    json_: Json = False,
) -> None:
    """Run `terraform validate` on modules, each in a copy, with providers fetched once; exit 1 on errors."""
    from strata.cli.commands.ci import validate as command

    command.run(modules or [], json_)


@app.command(epilog=_examples("strata ci trust dev", "strata ci trust dev --role apply --plan plan.json"))
def trust(
    environment: Environment,
    plan: Annotated[
        Path | None, typer.Option(help="Terraform's plan JSON of the environment; planned without it.")
    ] = None,
    role: Annotated[str | None, typer.Option(help="Show every token's fate with this role or user.")] = None,
    json_: Json = False,
) -> None:
    """Say which GitHub token may become which role or Snowflake user; exit 1 if one may against the table."""
    from strata.cli.commands.ci import trust as command

    command.run_trust(environment, plan, role, json_)


@app.command(epilog=_examples("strata ci roles dev", "strata ci roles dev --plan plan.json --json"))
def roles(
    environment: Environment,
    plan: Annotated[
        Path | None, typer.Option(help="Terraform's plan JSON of the environment; planned without it.")
    ] = None,
    json_: Json = False,
) -> None:
    """Say what the apply role lacks or should not have, and whether the plan role can write; exit 1 then."""
    from strata.cli.commands.ci import trust as command

    command.run_roles(environment, plan, json_)
