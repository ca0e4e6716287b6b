"""The command `strata`: its options, its exit codes and what it says about faults."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.text import Text

from strata import __version__
from strata.checkout.extras import CLOUD, need_extra
from strata.cli.lazy import LazyGroup
from strata.cli.views.console import err
from strata.errors import StrataError, with_page

app = typer.Typer(
    name="strata",
    cls=LazyGroup,
    help="Run this repository's data platform on an embedded AWS and Snowflake.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
)

# Commands that stop everything they have started; others leave the cloud and its executions running.
_OWN_CLOUD = ("up", "demo")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"strata {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: the command line without the program's name.

    Returns:
        The exit code: 0, what the command says, 1 for a fault, 2 for wrong usage, 130 after Ctrl-C.
    """
    try:
        app(args=list(arguments), prog_name="strata")
    except SystemExit as end:
        if end.code == 130:
            alone = bool(arguments) and arguments[0] in _OWN_CLOUD
            err.print("interrupted; nothing is left running" if alone else "interrupted")
        return int(end.code or 0)
    except Exception as error:
        fault = _fault(error)
        if fault is None:
            raise
        err.print(Text.assemble(("error: ", "bold red"), with_page(fault)), soft_wrap=True)
        return fault.exit_code
    return 0


def _fault(error: Exception) -> StrataError | None:
    """Return an error that the user can fix; None for a fault of our own."""
    if isinstance(error, StrataError):
        return error
    if isinstance(error, OSError) and error.filename is not None:
        return StrataError(error.strerror or str(error), file=os.fsdecode(error.filename))
    if isinstance(error, ModuleNotFoundError):
        try:
            need_extra(CLOUD, "this command")
        except StrataError as fault:
            return fault
    # Importing it takes longer than the help; a command that calls AWS has imported it.
    botocore = sys.modules.get("botocore.exceptions")
    if botocore and isinstance(error, botocore.BotoCoreError):
        return StrataError(
            f"the embedded cloud does not answer: {error}", remedy="restart it with `strata up`"
        )
    if botocore and isinstance(error, botocore.ClientError):
        return StrataError(f"the embedded cloud refused: {error}")
    return None
