"""Statements of the control plane, each case a script in a new account: a YAML file per module of the package.

A step is `statement: answer`, or `ROLE> statement: answer`. The answer is the text of a status, the rows (the
columns that any expected row names), or `{code state: message}` of a refusal.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strata.cloud.snowflake.errors import SqlError
from tests import yaml_files

from ..console import Console, Records

FILES = ("accounts", "databases", "external_tables", "grants", "listing", "stages", "views")
# {s3}: the integration of stages whose own integration does not matter.
S3 = (
    "TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE STORAGE_AWS_ROLE_ARN = 'arn:x' "
    "STORAGE_ALLOWED_LOCATIONS = ('*')"
)
CASES = {
    f"{name}: {title}": steps
    for name in FILES
    for title, steps in yaml_files.load(Path(__file__).with_name(f"{name}.yaml")).items()
}


@pytest.mark.parametrize("steps", CASES.values(), ids=CASES)
def test_a_script(console: Console, steps: list[dict[str, Any]]) -> None:
    for step in steps:
        ((statement, expected),) = step.items()
        role, _, sql = statement.rpartition("> ")
        found = _answer(console, sql.replace("{s3}", S3), role or "ACCOUNTADMIN", expected)
        assert (statement, found) == (statement, expected)


def _answer(console: Console, sql: str, role: str, like: Any) -> Any:
    """Return what a statement answers, in the form of the expected answer."""
    try:
        rows = console.run(sql, role)
    except SqlError as error:
        return {f"{error.code} {error.sqlstate}": " ".join(error.message.split("\n"))}
    if rows and list(rows[0]) == ["status"]:
        return rows[0]["status"]
    return _like(rows, like)


def _like(rows: Records, like: Any) -> Records:
    names = {name for row in like for name in row} if isinstance(like, list) else set()
    return [
        {name: v if isinstance(v, int | None) else str(v) for name, v in row.items() if name in names}
        if names
        else row
        for row in rows
    ]
