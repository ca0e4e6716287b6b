"""`strata query`."""

from __future__ import annotations

from pathlib import Path

from strata.cli.views.console import out, print_json, table
from strata.platform.session import require_running
from strata.platform.warehouse import ask, connect
from strata.platform.workspace import Workspace


def run(root: Path, environment: str | None, sql: str, role: str | None, as_json: bool) -> None:
    """Ask and print the rows."""
    running = require_running(root)
    workspace = Workspace(root, environment or running.environment, running.endpoints)
    platform = workspace.platform()
    with connect(
        workspace.endpoints,
        role=role or platform.reader_role,
        warehouse=platform.warehouse,
        database=platform.database,
        schema=platform.schema,
    ) as connection:
        answer = ask(connection, sql)
    if as_json:
        print_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
    else:
        out.print(table(None, answer.columns, [list(row) for row in answer.rows]))
        out.print(f"{len(answer.rows)} rows", style="dim")
