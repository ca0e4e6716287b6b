"""Start the embedded cloud, apply ENVIRONMENT and stay until stopped.

Stop it with Ctrl-C or `strata down`."""

from __future__ import annotations

import time

from strata.cli.checkout import checkout_root
from strata.cli.options import AwsPort, Environment, SnowflakePort
from strata.cli.session import open_session, print_endpoints
from strata.cli.units import apply_all, require_ok
from strata.cli.views.console import err, out
from strata.errors import StrataError
from strata.platform.session import find_running, interruptible
from strata.platform.workspace import Workspace

EXAMPLES = ("strata up", "strata up dev --aws-port 4566")


def run(environment: Environment = "dev", aws_port: AwsPort = 0, snowflake_port: SnowflakePort = 0) -> None:
    """Start, apply, print the endpoints, and stay; only print them if the cloud is running already."""
    root = checkout_root()
    running = find_running(root)
    if running is not None and running.environment == environment and not (aws_port or snowflake_port):
        out.print(f"already up (process {running.pid})")
        print_endpoints(Workspace(root, environment, running.endpoints))
        return
    with interruptible(), open_session(environment, aws_port, snowflake_port) as session:
        workspace = Workspace(root, environment, session.endpoints)
        require_ok(apply_all(workspace))
        print_endpoints(workspace)
        out.print("up; stop it with Ctrl-C here or `strata down` elsewhere")
        try:
            while session.is_alive():
                time.sleep(0.5)
        except KeyboardInterrupt:
            err.print("stopping")
            return
    raise StrataError(
        "the embedded cloud exited unexpectedly", remedy=f"see {session.directory / 'cloud.log'}"
    )
