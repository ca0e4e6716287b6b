"""Lambda `refresh`: makes the external table see one object's partitions as they are in S3 now."""

from __future__ import annotations

import re
from typing import Any

from connection import report, session, table

# A file of many years has thousands of dates, and the function 15 minutes.
MOST_PARTITIONS = 200
PARTITION = re.compile(r"[a-z][a-z0-9_]*=[0-9]{4}-[0-9]{2}-[0-9]{2}")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Refreshes every partition that the object has, and those that an earlier version of it had.

    Args:
        event: `object_id`, `etag`, `version_id`, `sequencer`, `dataset` and `execution`.

    Returns:
        `object_id`, `statements` and `files` (how many the table changed for).

    Raises:
        connection.OtherVersionError: the report is of another version.
        ValueError: the report names something that is not a partition.
        snowflake.connector.errors.Error: the login or a statement was refused.
    """
    curated = report(event, "curate")
    statements = refresh_statements(event["dataset"], curated)
    files = 0
    if statements:
        with session() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
                files += len(cursor.fetchall())
    return {"object_id": event["object_id"], "statements": len(statements), "files": files}


def refresh_statements(dataset: str, curated: dict[str, Any]) -> list[str]:
    """One statement for each partition of the object, present or removed, in order of their names.

    Only the object's own folder is listed, so that the cost does not grow with the table. Of more than
    MOST_PARTITIONS the whole table is listed once.
    """
    partitions = sorted({*curated["partitions"], *curated.get("removed", [])})
    for partition in partitions:
        if not PARTITION.fullmatch(partition):
            raise ValueError(f"the report names a partition {partition!r}")
    if len(partitions) > MOST_PARTITIONS:
        return [f"ALTER EXTERNAL TABLE {table(dataset)} REFRESH"]
    folder, name = f"object={curated['object_id']}", table(dataset)
    return [f"ALTER EXTERNAL TABLE {name} REFRESH '{partition}/{folder}/'" for partition in partitions]
