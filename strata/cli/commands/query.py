"""Run a SQL statement in the embedded Snowflake.

It runs in the platform's database and schema."""

from __future__ import annotations

from typing import Annotated

import typer

from strata.cli.checkout import checkout_root, keep_out_snowflake_settings
from strata.cli.options import Json, RunningEnvironment
from strata.cli.views.console import fitted, out, print_json
from strata.platform.session import require_running
from strata.platform.workspace import Workspace

EXAMPLES = ('strata query "SHOW EXTERNAL TABLES"', 'strata query "SELECT CURRENT_ROLE()" --json')


def run(
    sql: Annotated[str, typer.Argument(help="One SQL statement.")],
    role: Annotated[str | None, typer.Option(help="Snowflake role; default: the platform's reader.")] = None,
    environment: RunningEnvironment = None,
    json_: Json = False,
) -> None:
    """Run the statement and print its rows."""
    root = checkout_root()
    running = require_running(root)
    workspace = Workspace(root, environment or running.environment, running.endpoints)
    platform = workspace.platform()
    keep_out_snowflake_settings(root)
    # Imported here, because that imports the connector.
    from strata.platform.warehouse import ask, connect

    with connect(
        workspace.endpoints,
        role=role or platform.reader_role,
        warehouse=platform.warehouse,
        database=platform.database,
        schema=platform.schema,
    ) as connection:
        answer = ask(connection, sql)
    if json_:
        print_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
    else:
        out.print(fitted(answer.columns, [list(row) for row in answer.rows], out))
        out.print(f"{len(answer.rows)} rows", style="dim")
