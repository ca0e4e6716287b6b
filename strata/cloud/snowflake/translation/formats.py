"""Formats of dates and timestamps, as the engine writes them."""

from __future__ import annotations

import re

from strata.cloud.snowflake.errors import not_implemented

# Elements of formats, longest first; None for those that the embedded Snowflake does not know.
_FORMAT = {
    "YYYY": "%Y",
    "YY": "%y",
    "MMMM": "%B",
    "MON": "%b",
    "MM": "%m",
    "DD": "%d",
    "DY": "%a",
    "HH24": "%H",
    "HH12": "%I",
    "AM": "%p",
    "PM": "%p",
    "MI": "%M",
    "SS": "%S",
    "FF3": "%g",
    "FF6": "%f",
}
_ELEMENT = re.compile(
    "|".join(sorted(_FORMAT, key=len, reverse=True)) + r'|"[^"]*"|[A-Za-z0-9]+|.', re.IGNORECASE
)


def strftime_format(text: str) -> str:
    """Return Snowflake's format of a date or timestamp as the engine writes it.

    Raises:
        SqlError: it has an element that is not implemented.
    """
    found = []
    for element in _ELEMENT.findall(text):
        if element.upper() in _FORMAT:
            found.append(_FORMAT[element.upper()])
        elif element in ("T", "UTC"):
            found.append(element)
        elif element.startswith('"'):
            found.append(element[1:-1].replace("%", "%%"))
        elif element.isalnum():
            raise not_implemented(f"the format element {element}")
        else:
            found.append("%%" if element == "%" else element)
    return "".join(found)
