"""Print the environment variables for other tools to reach the running cloud.

Terragrunt, Terraform and the AWS CLI read them. They include a password."""

from __future__ import annotations

import shlex

from strata.cli.options import Environment, Json
from strata.cli.units import running_workspace
from strata.cli.views.console import print_json

EXAMPLES = ('eval "$(strata variables dev)"', "strata variables dev --json")


def run(environment: Environment = "dev", json_: Json = False) -> None:
    """Print the variables for a shell, or as JSON."""
    workspace = running_workspace(environment)
    variables = {
        **workspace.endpoints.environment(),
        "TF_CLI_CONFIG_FILE": str(workspace.toolchain.cli_config),
    }
    if json_:
        print_json(variables)
        return
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
