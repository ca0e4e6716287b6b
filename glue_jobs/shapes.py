"""What values look like in a raw file, as regular expressions that Java and Python read alike."""

from __future__ import annotations

import re

from glue_jobs import times
from glue_jobs.contract import Column

# Type -> what a value looks like. A time has a zone, or its moment is unknown; it may have a
# fraction, kept to the microsecond.
SHAPES = {
    "int": "[+-]?[0-9]+",
    "bigint": "[+-]?[0-9]+",
    "double": "[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?",
    "boolean": "(?i:true|false|t|f|yes|no|y|n|1|0)",
    "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "timestamp": "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?"
    "(Z|[+-][0-9]{2}(:?[0-9]{2})?)",
}
LOCAL_TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?"


def shape_of(column: Column) -> str | None:
    """What a value looks like; None where any text does."""
    if column.format is not None:
        return times.shape(column.format)
    if column.zone is not None:
        return LOCAL_TIME
    decimal = re.fullmatch(r"decimal\(\d+,(\d+)\)", column.type)
    if decimal is None:
        return SHAPES.get(column.type)
    # More digits than the type keeps would be rounded; zeros say nothing.
    scale = int(decimal[1])
    alone = f"|[.][0-9]{{1,{scale}}}0*" if scale else ""
    return f"[+-]?([0-9]+([.][0-9]{{0,{scale}}}0*)?{alone})"
