"""`strata modules`: versions, documents and rules of the module library; what each does is in
`module_commands`, imported when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    name="modules",
    help="Versions, documents and rules of the Terraform modules.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Name = Annotated[str, typer.Argument(metavar="MODULE", help="A folder of `modules`.")]
Names = Annotated[list[str] | None, typer.Argument(help="Folders of `modules`; all without it.")]
Base = Annotated[
    str | None, typer.Argument(metavar="[FROM]", help="A released version; the newest without it.")
]
New = Annotated[
    str | None, typer.Argument(metavar="[VERSION]", help="X.Y.Z; the newest of CHANGELOG.md without it.")
]
Check = Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a file is not up to date.")]
Rules = Annotated[bool, typer.Option("--rules", help="Print the rules instead.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")]


@app.command("list", epilog="Example:\n\n  $ strata modules list")
def list_(json_: Json = False) -> None:
    """Print each module's version, its newest tag, what changed since, and what each environment runs."""
    from strata.cli.commands.modules import commands as command

    command.run_list(json_)


@app.command(epilog="Examples:\n\n  $ strata modules diff s3\n\n  $ strata modules diff s3 1.0.0 --json")
def diff(module: Name, base: Base = None, json_: Json = False) -> None:
    """Print what changed in MODULE's interface since a release, and which version number that calls for."""
    from strata.cli.commands.modules import commands as command

    command.run_diff(module, base, json_)


@app.command(epilog="Examples:\n\n  $ strata modules tag s3\n\n  $ git push origin s3/v1.1.0")
def tag(module: Name, version: New = None) -> None:
    """Tag the commit checked out as VERSION of MODULE, if the number says enough about what changed."""
    from strata.cli.commands.modules import commands as command

    command.run_tag(module, version)


@app.command(epilog="Examples:\n\n  $ strata modules docs\n\n  $ strata modules docs --check")
def docs(modules: Names = None, check: Check = False) -> None:
    """Write the tables of inputs and outputs into each module's README.md."""
    from strata.cli.commands.modules import commands as command

    command.run_docs(modules, check)


@app.command(epilog="Examples:\n\n  $ strata modules stamp\n\n  $ strata modules stamp --check")
def stamp(modules: Names = None, check: Check = False) -> None:
    """Write context.tf and versions.tf of every module from modules/default-context.tf and -versions.tf."""
    from strata.cli.commands.modules import commands as command

    command.run_stamp(modules, check)


@app.command(epilog="Examples:\n\n  $ strata modules check\n\n  $ strata modules check s3 glue")
def check(modules: Names = None, rules: Rules = False, json_: Json = False) -> None:
    """Look for what breaks the rules that every module keeps; exit 1 if anything does."""
    from strata.cli.commands.modules import commands as command

    command.run_check(modules, rules, json_)
