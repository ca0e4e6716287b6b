"""`strata env`: environments; what each command does is in `env_commands`, imported when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    name="env",
    help="Environments: a new one is a copy of another's folder with its env.hcl changed.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")]


@app.command("list", epilog="Example:\n\n  $ strata env list")
def list_(json_: Json = False) -> None:
    """Print the environments: account, region, whether protected, units, versions."""
    from strata.cli.commands.env import commands

    commands.run_list(json_)


@app.command(
    epilog="Examples:\n\n  $ strata env new staging --from dev\n\n"
    "  $ strata env new staging --from dev --yes --set account_id=444455556666"
)
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new folder of `live`.")],
    source: Annotated[str, typer.Option("--from", help="The environment to copy.")] = "dev",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE for env.hcl, such as glue.worker_type=G.2X.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; keep what --set does not say.")] = False,
    json_: Json = False,
) -> None:
    """Make the environment NAME from another: ask what is its own, and write the answers to its env.hcl."""
    from strata.cli.commands.env import commands

    commands.run_new(name, source, set_ or [], yes, json_)


@app.command(epilog="Examples:\n\n  $ strata env diff dev staging\n\n  $ strata env diff dev staging --json")
def diff(
    left: Annotated[str, typer.Argument(metavar="ENV")],
    right: Annotated[str, typer.Argument(metavar="ENV")],
    json_: Json = False,
) -> None:
    """Print where two environments' effective inputs differ; exit 2 if something differs that may not."""
    from strata.cli.commands.env import commands

    commands.run_diff(left, right, json_)
