"""Arguments and options that several commands have, each with one help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Environment = Annotated[str, typer.Argument(help="Environment: a folder of `live`.")]
EnvironmentOrAll = Annotated[
    str | None, typer.Argument(metavar="ENV", help="Environment: a folder of `live`; default: all.")
]
RunningEnvironment = Annotated[
    str | None,
    typer.Option("--env", help="Environment: a folder of `live`; default: the one `strata up` started."),
]
Json = Annotated[bool, typer.Option("--json", help="JSON output.")]
Yes = Annotated[bool, typer.Option("--yes", help="Skip the confirmation.")]
Rules = Annotated[bool, typer.Option("--rules", help="Print the rules instead.")]
AllowRunCmd = Annotated[bool, typer.Option("--allow-run-cmd", help="Allow `run_cmd` to run commands.")]

AwsPort = Annotated[int, typer.Option(help="Port of the embedded AWS; 0 picks a free one.", min=0, max=65535)]
SnowflakePort = Annotated[
    int, typer.Option(help="Port of the embedded Snowflake; 0 picks a free one.", min=0, max=65535)
]

Fresh = Annotated[
    bool, typer.Option("--fresh", help="Apply even if no file has changed since the last apply.")
]

Components = Annotated[list[str] | None, typer.Argument(help="Components of the environment; default: all.")]
Dependents = Annotated[bool, typer.Option("--dependents", help="Include the units that depend on them.")]
LockTimeout = Annotated[str, typer.Option(help="How long to wait for a state lock, such as 5m.")]

Modules = Annotated[list[str] | None, typer.Argument(help="Folders of `modules`; default: all.")]
Module = Annotated[str, typer.Argument(metavar="MODULE", help="Folder of `modules`.")]
CheckOnly = Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a file is out of date.")]

Plans = Annotated[
    Path, typer.Option(help="Folder of `--json-out-dir`; it holds values, so never upload it as an artifact.")
]
PublicPlans = Annotated[Path, typer.Option(help="Folder for the artifact: everything that may be public.")]
PlanFile = Annotated[
    Path | None, typer.Option(help="Plan of the environment (terraform show -json); default: plan it now.")
]
Commit = Annotated[str, typer.Option(help="Commit to name in the output.")]
Base = Annotated[str | None, typer.Option(help="Commit to compare with.")]
ArtifactFolder = Annotated[Path, typer.Argument(help="Folder with one `--out` folder per environment.")]
Expect = Annotated[
    str, typer.Option(help="JSON list of the environments that must have plans: an output of `affected`.")
]
PullRequest = Annotated[int, typer.Option(help="Number of the pull request.", min=1)]
