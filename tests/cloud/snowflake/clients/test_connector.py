"""Version 5 of Snowflake's connector; all other tests use version 4."""

from __future__ import annotations

import json
from pathlib import Path

from strata.checkout import own_environment

from ..conftest import Snow
from .conftest import Client


def test_a_session_of_version_5(admin: Snow, client: Client, root: Path) -> None:
    admin.rows("create database d")
    programs = own_environment.ensure(root, "snowflake-connector-5", print)
    came = json.loads(client(str(programs / "python"), str(Path(__file__).with_name("connector_session.py"))))
    assert came == {
        "version": "5",
        "values": [
            None,
            "bytearray(b'\\xff')",
            12345678901234567890123,
            "1.50",
            1.5,
            "2024-01-02",
            "2024-01-02 03:04:05.678000",
            "2024-01-02 03:04:05+02:00",
            "03:04:05",
            True,
            '{\n  "a": [\n    1\n  ]\n}',
            None,
            "é",
        ],
        # Name, code of the type, size, precision, scale, nullable.
        "described": [["A", 0, None, 10, 2, True], ["B", 2, 3, None, None, True]],
        "inserted": 2,
        # Class, number, SQL state, whether there is the query's id.
        "bad row": ["ProgrammingError", 100078, "22000", True],
        "after it": [[1, "x"], [2, None]],
        "bound": [[7, "2024-02-29", None]],
        "division": ["ProgrammingError", 100051, "22012", True],
        "syntax": ["ProgrammingError", 1003, "42000", True],
        "missing": ["ProgrammingError", 2003, "42S02", True],
        "timeout": ["ProgrammingError", 630, "57014", True],
        "goes on": [[1]],
        "asynchronous": [[5]],
        "many rows": 200010000,
        "rolled back": [2],
        "zone": ["2024-01-01 13:00:00+01:00"],
        "committed": [9],
    }
