"""`strata live`: what the live tree says; what each command does is in `live_commands`, imported then."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="live",
    help="Read and check the live tree, without Terragrunt and without a cloud.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

UnitPath = Annotated[
    str | None, typer.Argument(metavar="[UNIT]", help="A unit's folder, such as live/dev/s3; all without it.")
]
Environment = Annotated[
    str | None, typer.Argument(metavar="[ENV]", help="A folder of `live`; all without it.")
]
Command = Annotated[str, typer.Option(help="The Terraform command to read for; `render` takes all mocks.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")]
AllowRunCmd = Annotated[bool, typer.Option("--allow-run-cmd", help="Let `run_cmd` run commands.")]
Rules = Annotated[bool, typer.Option("--rules", help="Print the rules instead.")]


@app.command(
    epilog="Examples:\n\n  $ strata live render live/dev/s3\n\n  $ strata live render live/dev/s3 --json"
)
def render(
    unit: UnitPath = None,
    command: Command = "render",
    allow_run_cmd: AllowRunCmd = False,
    json_: Json = False,
) -> None:
    """Print what UNIT's configuration says, all expressions evaluated, as `terragrunt render` does."""
    from strata.cli.commands.live import commands

    commands.run_render(unit, command, allow_run_cmd, json_)


@app.command(epilog="Examples:\n\n  $ strata live graph\n\n  $ strata live graph dev --json")
def graph(environment: Environment = None, json_: Json = False) -> None:
    """Print the units, dependencies first, as `terragrunt find --dag --dependencies` does."""
    from strata.cli.commands.live import commands

    commands.run_graph(environment, json_)


@app.command(
    epilog="Examples:\n\n  $ strata live affected main..HEAD\n\n  $ strata live affected HEAD~3.. dev --json"
)
def affected(
    span: Annotated[str, typer.Argument(metavar="BASE..HEAD", help="Two commits; a HEAD left out is HEAD.")],
    environment: Environment = None,
    json_: Json = False,
) -> None:
    """Say which units a change touches, and why; a HEAD that is checked out counts as its files are now."""
    from strata.checkout.root import find_root
    from strata.cli import affected as command

    command.run(find_root(Path.cwd()), span, environment, json_)


@app.command(epilog="Examples:\n\n  $ strata live check\n\n  $ strata live check --json")
def check(rules: Rules = False, allow_run_cmd: AllowRunCmd = False, json_: Json = False) -> None:
    """Check every contract of the live tree; exit 1 if one is broken."""
    from strata.cli.commands.live import commands

    commands.run_check(rules, allow_run_cmd, json_)


@app.command(
    epilog="Examples:\n\n  $ strata live lock\n\n"
    "  $ strata live lock hashicorp/aws --mirror /opt/providers --platform linux_amd64"
)
def lock(
    providers: Annotated[
        list[str] | None, typer.Argument(help="Providers to look up again; all without it.")
    ] = None,
    platform: Annotated[list[str] | None, typer.Option(help="Platforms to lock for.")] = None,
    mirror: Annotated[
        Path | None, typer.Option(help="A folder of providers, instead of the registry.")
    ] = None,
) -> None:
    """Write every unit's .terraform.lock.hcl, the same entry for a provider in all of them."""
    from strata.cli.commands.live import commands

    commands.run_lock(providers, platform, mirror)
