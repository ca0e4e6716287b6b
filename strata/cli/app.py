"""The commands and their options; what they do is in the modules beside this one."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from strata import __version__
from strata.cli.commands.ci import app as ci
from strata.cli.commands.env import app as env
from strata.cli.commands.live import app as live
from strata.cli.commands.modules import app as modules
from strata.cli.views.console import err
from strata.errors import StrataError

app = typer.Typer(
    name="strata",
    help="Runs the data platform of this repository on an embedded AWS and an embedded Snowflake.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
)

Environment = Annotated[str, typer.Argument(help="A folder of `live`.", show_default=True)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")]
AwsPort = Annotated[int, typer.Option(help="Port of the embedded AWS; 0 takes a free one.", min=0, max=65535)]
SnowflakePort = Annotated[
    int, typer.Option(help="Port of the embedded Snowflake; 0 takes a free one.", min=0, max=65535)
]


Deployed = Annotated[
    str | None, typer.Option("--env", help="A folder of `live`; what `strata up` started without it.")
]
# Commands that end with everything they have started; others leave the cloud and its executions be.
_OWN_CLOUD = ("up", "demo")


def _epilog(*examples: str) -> str:
    return "Examples:\n\n" + "\n\n".join(f"  $ {example}" for example in examples)


@app.command(epilog=_epilog("strata doctor", "strata doctor --json"))
def doctor(json_: Json = False) -> None:
    """Say what was found on this machine and what is missing; exit 1 if anything needed is."""
    from strata.cli.commands import doctor as command

    command.run(_root(), json_)


@app.command(epilog=_epilog("strata up", "strata up dev --aws-port 4566"))
def up(environment: Environment = "dev", aws_port: AwsPort = 0, snowflake_port: SnowflakePort = 0) -> None:
    """Start the embedded cloud, apply every unit of ENVIRONMENT, and stay until Ctrl-C or `strata down`."""
    from strata.cli.commands import up as command

    command.run(_root(), environment, aws_port, snowflake_port)


@app.command(epilog=_epilog("strata down"))
def down() -> None:
    """End what `strata up` started; nothing is left running."""
    from strata.cli.commands import up as command

    command.end(_root())


@app.command(epilog=_epilog("strata status", "strata status --env staging --json"))
def status(env_: Deployed = None, json_: Json = False) -> None:
    """Tell what runs: endpoints, units with their states, the latest executions."""
    from strata.cli.commands import status as command

    command.run(_root(), env_, json_)


@app.command(epilog=_epilog("strata demo", "strata demo --json > report.json"))
def demo(
    environment: Environment = "dev",
    aws_port: AwsPort = 0,
    snowflake_port: SnowflakePort = 0,
    json_: Json = False,
) -> None:
    """Run the main job: apply the platform, drop real files, ask Snowflake, check every count."""
    from strata.cli.commands import demo as command

    command.run(_root(), environment, aws_port, snowflake_port, json_)


@app.command(
    epilog=_epilog("strata put flights.csv", "strata put planes.csv --key reference/planes.csv --no-wait")
)
def put(
    file: Annotated[Path, typer.Argument(help="The file to drop into the raw bucket.")],
    key: Annotated[str | None, typer.Option(help="The object's key; flights/NAME without it.")] = None,
    wait: Annotated[bool, typer.Option(help="Follow the execution to its end.")] = True,
    env_: Deployed = None,
    json_: Json = False,
) -> None:
    """Drop FILE into the raw bucket and follow what the platform does with it; exit 1 if it fails."""
    from strata.cli.commands import put as command

    command.run(_root(), env_, file, key, wait, json_)


@app.command(
    epilog=_epilog(
        'strata query "SELECT COUNT(*) FROM FLIGHTS"', 'strata query "SELECT * FROM FLIGHTS LIMIT 3" --json'
    )
)
def query(
    sql: Annotated[str, typer.Argument(help="One SQL statement.")],
    role: Annotated[str | None, typer.Option(help="The role to ask as; the reader without it.")] = None,
    env_: Deployed = None,
    json_: Json = False,
) -> None:
    """Ask the embedded Snowflake; the platform's database and schema are in use."""
    from strata.cli.commands import query as command

    command.run(_root(), env_, sql, role, json_)


Components = Annotated[
    list[str] | None, typer.Argument(help="Components of the environment; all without it.")
]


Dependents = Annotated[bool, typer.Option("--dependents", help="The units that depend on them, too.")]
LockTimeout = Annotated[str, typer.Option(help="How long to wait for a lock on a state, such as 5m.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command(
    epilog=_epilog("strata plan dev", "strata plan dev --unit s3 --graph plan.html", "strata plan dev --json")
)
def plan(
    environment: Environment = "dev",
    unit: Annotated[
        list[str] | None, typer.Option("--unit", help="Only this unit and those that depend on it.")
    ] = None,
    graph: Annotated[Path | None, typer.Option(help="Write the plan as one HTML page.")] = None,
    out_dir: Annotated[
        Path | None,
        typer.Option(
            help="Instead, plan each unit on its own and save the plans here, for `apply --out-dir`."
        ),
    ] = None,
    json_: Json = False,
) -> None:
    """Plan all units as one, effects of one on another included; exit 0 without changes, 2 with, 1 on errors.

    It reads only: no lock is taken and no state written.
    """
    from strata.cli.commands import plan as command

    if out_dir is not None:
        if graph is not None:
            raise typer.BadParameter(
                "--graph shows the plan of all units as one, --out-dir saves each unit's own"
            )
        command.run_saved(_root(), environment, unit, json_, out_dir)
    else:
        command.run(_root(), environment, unit, json_, graph)


@app.command(epilog=_epilog("strata apply dev", "strata apply dev glue", "strata apply dev iam --dependents"))
def apply(
    environment: Environment = "dev",
    components: Components = None,
    dependents: Dependents = False,
    lock_timeout: LockTimeout = "20s",
    out_dir: Annotated[
        Path | None, typer.Option(help="Apply the plans that `plan --out-dir` saved here, and nothing else.")
    ] = None,
    json_: Json = False,
) -> None:
    """Apply units to the running embedded cloud, in dependency order (AWS and Snowflake are Terragrunt's)."""
    from strata.cli import units as command

    command.run_apply(_root(), environment, components, dependents, lock_timeout, out_dir, json_)


@app.command(epilog=_epilog("strata destroy staging", "strata destroy dev glue --yes"))
def destroy(
    environment: Annotated[str, typer.Argument(help="A folder of `live`.")],
    components: Components = None,
    dependents: Dependents = False,
    lock_timeout: LockTimeout = "20s",
    yes: Yes = False,
    json_: Json = False,
) -> None:
    """Destroy units on the running embedded cloud, dependents first; asks before it does."""
    from strata.cli import units as command

    command.run_destroy(_root(), environment, components, dependents, lock_timeout, yes, json_)


@app.command(epilog=_epilog('eval "$(strata variables dev)"', "strata variables dev --json"))
def variables(environment: Environment = "dev", json_: Json = False) -> None:
    """Print the variables, a password too, by which terragrunt, terraform and aws find the running cloud."""
    from strata.cli.commands import variables as command

    command.run(_root(), environment, json_)


@app.command(epilog=_epilog("strata unlock live/dev/s3"))
def unlock(
    unit: Annotated[str, typer.Argument(help="The unit, such as live/dev/s3.")], yes: Yes = False
) -> None:
    """Release the lock that a dead run has left on a unit's state; says whose it is, and asks."""
    from strata.cli import units as command

    command.run_unlock(_root(), unit, yes)


@app.command(
    epilog=_epilog("strata bootstrap dev > steps.md", "strata bootstrap dev --apply aws --apply snowflake")
)
def bootstrap(
    environment: Environment = "dev",
    apply: Annotated[
        list[str] | None,
        typer.Option(help="Do the steps of aws, snowflake or github, with your own login there."),
    ] = None,
    immutable_subject: Annotated[
        bool, typer.Option(help="Whether GitHub's subjects carry ids: repositories since 15 July 2026.")
    ] = True,
    json_: Json = False,
) -> None:
    """Print the one-time steps before CI can work; with --apply, do them. A second run changes nothing."""
    from strata.cli.commands import bootstrap as command

    command.run(_root(), environment, apply or [], immutable_subject, json_)


@app.command(epilog=_epilog("strata lint", "strata lint dev --json", "strata lint --plan plan.json"))
def lint(
    environment: Environment = "dev",
    plan: Annotated[
        Path | None, typer.Option(help="A plan (terraform show -json) instead of the environment's own.")
    ] = None,
    json_: Json = False,
) -> None:
    """Lint the modules and the plan of ENVIRONMENT (own rules, policies, checkov); exit 1 on findings."""
    from strata.cli.commands import lint as command

    command.run(_root(), environment, plan, json_)


app.add_typer(ci.app)
app.add_typer(env.app)
app.add_typer(live.app)
app.add_typer(modules.app)


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


def _root() -> Path:
    from strata.checkout.root import find_root

    root = find_root(Path.cwd())
    # The Snowflake connector keeps files in its home, which it looks up when it is imported.
    os.environ["SNOWFLAKE_HOME"] = str(root / ".strata" / "home" / "snowflake")
    return root


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
        err.print(Text.assemble(("error: ", "bold red"), str(fault)), soft_wrap=True)
        return fault.exit_code
    return 0


def _fault(error: Exception) -> StrataError | None:
    """What the user can put right about an error; None if nothing is known, as of a fault of our own."""
    if isinstance(error, StrataError):
        return error
    if isinstance(error, OSError) and error.filename is not None:
        return StrataError(error.strerror or str(error), file=os.fsdecode(error.filename))
    # Importing it takes longer than the help: a command that asks AWS has.
    botocore = sys.modules.get("botocore.exceptions")
    if botocore and isinstance(error, botocore.BotoCoreError):
        return StrataError(
            f"the embedded cloud does not answer: {error}", remedy="start it again with `strata up`"
        )
    if botocore and isinstance(error, botocore.ClientError):
        return StrataError(f"the embedded cloud refused: {error}")
    return None
