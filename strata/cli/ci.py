"""`strata ci`: what the workflows run. Every step of theirs that decides anything is a command here."""

from __future__ import annotations

import typer

app = typer.Typer(
    name="ci",
    help="What the GitHub workflows run: each step is a command, so that it runs and is tested anywhere.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
)


@app.callback()
def _group() -> None:
    pass
