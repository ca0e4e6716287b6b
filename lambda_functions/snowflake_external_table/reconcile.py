"""Lambda `reconcile`: proves for one object that no row was lost from the raw file to the external table."""

from __future__ import annotations

from typing import Any

from connection import VERSION, report, session, table


class ReconciliationError(Exception):
    """An equation of D13 does not hold; the message names it with both sides."""


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Compares both reports with each other and with what the external table shows for the object.

    Args:
        event: `object_id`, `etag`, `version_id`, `sequencer`, `dataset` and `execution`.

    Returns:
        `object_id`, `etag`, `version_id`, `sequencer` and the numbers: `rows_read`, `rows_clean`,
        `rows_quarantined`, `rows_duplicate`, `rows_curated` and `rows_visible`; and `reasons`, the rows
        quarantined for each.

    Raises:
        connection.OtherVersionError: a report is of another version.
        ReconciliationError: rows are missing, too many, or of another version.
        snowflake.connector.errors.Error: the login or the query was refused.
    """
    cleaned = report(event, "clean")
    curated = report(event, "curate")
    with session() as connection, connection.cursor() as cursor:
        # The name of the partition column is OBJECT, which prunes the scan to this object's files.
        cursor.execute(
            f"SELECT COUNT(*), COUNT(CASE WHEN SEQUENCER = %s THEN 1 END)"
            f" FROM {table(event['dataset'])} WHERE OBJECT = %s",
            (event["sequencer"], event["object_id"]),
        )
        row = cursor.fetchone()
    visible, of_version = (int(row[0]), int(row[1])) if isinstance(row, tuple) else (0, 0)
    return reconcile(cleaned, curated, visible, of_version)


def reconcile(
    cleaned: dict[str, Any], curated: dict[str, Any], rows_visible: int, rows_of_version: int
) -> dict[str, Any]:
    """Checks the equations.

    Args:
        cleaned: the report of the job `clean`.
        curated: the report of the job `curate`.
        rows_visible: rows of the object in the external table.
        rows_of_version: those of them that are of the reports' version.

    Raises:
        ReconciliationError: with the first equation that does not hold.
    """
    numbers: dict[str, Any] = {
        name: cleaned[name] for name in ("rows_read", "rows_clean", "rows_quarantined", "rows_duplicate")
    }
    numbers |= {"rows_curated": curated["rows_curated"], "rows_visible": rows_visible}
    accounted = numbers["rows_clean"] + numbers["rows_quarantined"] + numbers["rows_duplicate"]
    equations = (
        ("rows_read", numbers["rows_read"], "rows_clean + rows_quarantined + rows_duplicate", accounted),
        ("sum of reasons", sum(cleaned["reasons"].values()), "rows_quarantined", numbers["rows_quarantined"]),
        ("rows_clean", numbers["rows_clean"], "rows_curated", numbers["rows_curated"]),
        ("rows_curated", numbers["rows_curated"], "rows_visible", rows_visible),
        ("rows_visible", rows_visible, "rows visible of this version", rows_of_version),
    )
    for left_name, left, right_name, right in equations:
        if left != right:
            raise ReconciliationError(f"{left_name} = {right_name} does not hold: {left} and {right}")
    return {field: cleaned[field] for field in VERSION} | numbers | {"reasons": cleaned["reasons"]}
