"""Properties, parameters and comments of objects, and file formats."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from strata.cloud.snowflake.catalog import Securable
from strata.cloud.snowflake.errors import invalid_property, invalid_value, not_implemented
from strata.cloud.snowflake.grammar import SqlStatement
from strata.cloud.snowflake.kinds import KINDS
from strata.cloud.snowflake.property_values import TEXT, Option

# The options of each format besides TYPE, with Snowflake's defaults.
_COMPRESSIONS = ("AUTO", "GZIP", "BZ2", "BROTLI", "ZSTD", "DEFLATE", "RAW_DEFLATE", "NONE")
FORMATS: dict[str, dict[str, Option]] = {
    "CSV": {
        "RECORD_DELIMITER": Option("text", "\n"),
        "FIELD_DELIMITER": Option("text", ","),
        "FILE_EXTENSION": Option("text", None),
        "MULTI_LINE": Option("bool", True),
        "PARSE_HEADER": Option("bool", False),
        "SKIP_HEADER": Option("int", 0),
        "SKIP_BLANK_LINES": Option("bool", False),
        "DATE_FORMAT": Option("text", "AUTO"),
        "TIME_FORMAT": Option("text", "AUTO"),
        "TIMESTAMP_FORMAT": Option("text", "AUTO"),
        "BINARY_FORMAT": Option("word", "HEX", ("HEX", "BASE64", "UTF8")),
        "ESCAPE": Option("text", None),
        "ESCAPE_UNENCLOSED_FIELD": Option("text", "\\"),
        "TRIM_SPACE": Option("bool", False),
        "FIELD_OPTIONALLY_ENCLOSED_BY": Option("text", None),
        "NULL_IF": Option("list", ["\\N"]),
        "COMPRESSION": Option("word", "AUTO", _COMPRESSIONS),
        "ERROR_ON_COLUMN_COUNT_MISMATCH": Option("bool", True),
        "REPLACE_INVALID_CHARACTERS": Option("bool", False),
        "EMPTY_FIELD_AS_NULL": Option("bool", True),
        "SKIP_BYTE_ORDER_MARK": Option("bool", True),
        "ENCODING": Option("text", "UTF8"),
    },
    "PARQUET": {
        "COMPRESSION": Option("word", "AUTO", ("AUTO", "LZO", "SNAPPY", "NONE")),
        "SNAPPY_COMPRESSION": Option("bool", True),
        "BINARY_AS_TEXT": Option("bool", True),
        "USE_LOGICAL_TYPE": Option("bool", False),
        "USE_VECTORIZED_SCANNER": Option("bool", False),
        "TRIM_SPACE": Option("bool", False),
        "REPLACE_INVALID_CHARACTERS": Option("bool", False),
        "NULL_IF": Option("list", ["\\N"]),
    },
    "JSON": {
        "DATE_FORMAT": Option("text", "AUTO"),
        "TIME_FORMAT": Option("text", "AUTO"),
        "TIMESTAMP_FORMAT": Option("text", "AUTO"),
        "BINARY_FORMAT": Option("word", "HEX", ("HEX", "BASE64", "UTF8")),
        "TRIM_SPACE": Option("bool", False),
        "MULTI_LINE": Option("bool", True),
        "NULL_IF": Option("list", ["\\N"]),
        "COMPRESSION": Option("word", "AUTO", _COMPRESSIONS),
        "FILE_EXTENSION": Option("text", None),
        "ENABLE_OCTAL": Option("bool", False),
        "ALLOW_DUPLICATE": Option("bool", False),
        "STRIP_OUTER_ARRAY": Option("bool", False),
        "STRIP_NULL_VALUES": Option("bool", False),
        "REPLACE_INVALID_CHARACTERS": Option("bool", False),
        "IGNORE_UTF8_ERRORS": Option("bool", False),
        "SKIP_BYTE_ORDER_MARK": Option("bool", True),
    },
}


def read_format(group: Any) -> dict[str, Any]:
    """Validate the value of FILE_FORMAT.

    Returns:
        `{"FORMAT_NAME": ...}`, or TYPE with every option of that format.

    Raises:
        SqlError: an option is unknown, or the format is neither CSV, JSON nor Parquet.
    """
    if not isinstance(group, dict) or not group:
        raise invalid_value(group, "FILE_FORMAT")
    if "FORMAT_NAME" in group:
        name = group["FORMAT_NAME"]
        return {"FORMAT_NAME": ".".join(name) if isinstance(name, tuple) else str(name)}
    kind = str(group.get("TYPE", "CSV")).upper()
    if group == {"TYPE": "CSV"}:
        # The default of a stage.
        return group
    if kind not in FORMATS:
        raise not_implemented(f"FILE_FORMAT TYPE = {kind}")
    found = with_defaults({"TYPE": kind})
    for name, value in group.items():
        if name == "TYPE":
            continue
        if name not in FORMATS[kind]:
            raise invalid_property(name, f"{kind} file format")
        found[name] = FORMATS[kind][name].read(name, value)
    return found


def with_defaults(file_format: Mapping[str, Any]) -> dict[str, Any]:
    """Return a file format of a TYPE with every option of it."""
    kind = file_format["TYPE"]
    defaults = {name: option.default for name, option in FORMATS[kind].items()}
    return {"TYPE": kind} | defaults | dict(file_format)


@cache
def known_parameters() -> dict[str, dict[str, Any]]:
    """Return Snowflake's parameters: name -> default, type, levels (DATABASE, SCHEMA, WAREHOUSE, USER)."""
    text = files("strata.cloud.snowflake").joinpath("data/parameters.json").read_text("utf-8")
    loaded: dict[str, dict[str, Any]] = json.loads(text)
    return loaded


def default_properties(kind: str) -> dict[str, Any]:
    """Return the properties of a new object of a kind."""
    return {
        name: option.default for name, option in KINDS[kind].properties.items() if option.default is not None
    }


def apply_properties(kind: str, target: Securable, properties: Mapping[str, Any]) -> None:
    """Set properties, parameters and the comment of an object.

    Raises:
        SqlError: the kind does not have the property, or the value is invalid.
    """
    for name, value in properties.items():
        if name == "COMMENT":
            target.comment = TEXT.read(name, value) or ""
        elif name in KINDS[kind].properties:
            read = KINDS[kind].properties[name].read(name, value)
            target.options[name] = KINDS[kind].properties[name].default if read is None else read
        elif kind in known_parameters().get(name, {}).get("levels", ()):
            form = Option(known_parameters()[name]["type"])
            read = form.read(name, value)
            target.parameters[name] = str(read).lower() if isinstance(read, bool) else str(read)
        else:
            raise invalid_property(name, kind)


def unset_properties(kind: str, target: Securable, statement: SqlStatement) -> None:
    """Unset the properties that `UNSET a, b` names; read from the first name on."""
    while True:
        name = statement.identifier()
        if name == "COMMENT":
            target.comment = ""
        elif name in KINDS[kind].properties:
            target.options[name] = KINDS[kind].properties[name].default
        elif kind in known_parameters().get(name, {}).get("levels", ()):
            target.parameters.pop(name, None)
        else:
            raise invalid_property(name, kind)
        if not statement.take(",") and statement.done:
            return
