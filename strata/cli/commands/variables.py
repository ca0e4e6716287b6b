"""`strata variables`: how other programs find the running cloud."""

from __future__ import annotations

import shlex
from pathlib import Path

from strata.cli.units import workspace_of
from strata.cli.views.console import print_json


def run(root: Path, environment: str, as_json: bool) -> None:
    """Print the variables for a shell, or as JSON."""
    workspace = workspace_of(root, environment)
    variables = {
        **workspace.endpoints.environment(),
        "TF_CLI_CONFIG_FILE": str(workspace.toolchain.cli_config),
    }
    if as_json:
        print_json(variables)
        return
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
