"""The cases of the matrix: what Snowflake documents for a statement, written by hand.

A case has `sql`, and `rows` (every cell as text; a null is `null`, JSON is compact), or `error` ("number sqlstate",
with `words` of its message). `columns` and `types` are the result's metadata, `bind` the values of its placeholders,
`session` parameters of the session, `before` statements that run first, `then` a query whose `rows` are compared
instead. A case with `refused` is one that the embedded Snowflake refuses, in an error that names this; its `rows`
stay what Snowflake answers.
"""

from __future__ import annotations

import datetime
import json
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from snowflake.connector.constants import FIELD_ID_TO_NAME
from snowflake.connector.errors import Error

FOLDER = Path(__file__).with_name("matrix")
NOT_IMPLEMENTED = "not implemented by the embedded Snowflake: "


def cases(*names: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a name and a case, for all cases of the files."""
    for name in names:
        with (FOLDER / f"{name}.toml").open("rb") as file:
            for group, entries in tomllib.load(file).items():
                for title, case in entries.items():
                    yield f"{name}: {group}: {title}", case


def outcome(cursor: Any, case: dict[str, Any]) -> dict[str, Any]:
    """Run a case, and return what came, with the keys of the case."""
    binds = [None if value == "<null>" else value for value in case.get("bind", ())]
    try:
        for statement in case.get("before", ()):
            cursor.execute(statement)
        cursor.execute(case["sql"], *([binds] if binds else []))
        if "then" in case:
            cursor.execute(case["then"])
        found = cursor.fetchall()
    except Error as error:
        message = str(error.raw_msg)
        if NOT_IMPLEMENTED in message:
            return {"refused": message.partition(NOT_IMPLEMENTED)[2]}
        return {"error": f"{error.errno:06d} {error.sqlstate}", "words": message, "sfqid": error.sfqid}
    kinds = [FIELD_ID_TO_NAME[column.type_code].lower() for column in cursor.description]
    return {
        "rows": [[_text(cell, kind) for cell, kind in zip(row, kinds, strict=True)] for row in found],
        "columns": [column.name for column in cursor.description],
        "types": [_type(column) for column in cursor.description],
    }


def agrees(case: dict[str, Any], came: dict[str, Any]) -> bool:
    """Return whether what came is what the case expects."""
    if "refused" in case:
        return str(case["refused"]) in came.get("refused", "")
    if "error" in case:
        return came.get("error") == case["error"] and case.get("words", "") in came["words"]
    return all(came.get(key) == case[key] for key in ("rows", "columns", "types") if key in case)


def _text(cell: Any, kind: str) -> str:
    if cell is None:
        return "null"
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if kind in ("variant", "array", "object"):
        return json.dumps(json.loads(cell), separators=(",", ":"), ensure_ascii=False)
    if isinstance(cell, bytes | bytearray):
        return f"b'{bytes(cell).hex()}'"
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ")
    return str(cell)


def _type(column: Any) -> str:
    kind = FIELD_ID_TO_NAME[column.type_code]
    if kind == "FIXED":
        return f"NUMBER({column.precision},{column.scale})"
    if kind == "TEXT":
        return f"VARCHAR({column.internal_size})"
    if kind.startswith("TIME"):
        return f"{kind}({column.scale})"
    return "FLOAT" if kind == "REAL" else kind
