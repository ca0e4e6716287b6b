"""The properties that each kind of object declares, with their defaults, and how values are checked and set.

From Snowflake's SQL reference (CREATE and ALTER of each object).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from strata.cloud.snowflake.catalog import Securable
from strata.cloud.snowflake.errors import invalid_property, invalid_value, unsupported
from strata.cloud.snowflake.grammar import SqlStatement, StagePath


@dataclass(frozen=True)
class Option:
    """A property: `form` is text, int, bool, list, group, stage or word (one of `words`)."""

    form: str
    default: Any = None
    words: tuple[str, ...] = ()

    def read(self, name: str, value: Any) -> Any:
        """Check a value and bring it into this property's form.

        Raises:
            SqlError: it is not one.
        """
        if value is None:
            # NONE is a word of some properties, and no value of the others.
            return "NONE" if "NONE" in self.words else None
        if self.form == "bool" and isinstance(value, str) and value.upper() in ("TRUE", "FALSE"):
            return value.upper() == "TRUE"
        if self.form == "int" and isinstance(value, str) and value.lstrip("-").isdigit():
            return int(value)
        if self.form == "word" and isinstance(value, str):
            return self._word(name, value)
        if self.form == "text" and isinstance(value, tuple):
            return ".".join(value)
        if self.form == "text" and isinstance(value, int):
            return str(value)
        forms: dict[str, Any] = {"text": str, "int": int, "bool": bool, "list": list, "group": (dict, list)}
        expected = forms.get(self.form, StagePath if self.form == "stage" else str)
        if not isinstance(value, expected) or (self.form == "int" and isinstance(value, bool)):
            raise invalid_value(value, name)
        return value

    def _word(self, name: str, value: str) -> str:
        plain = value.upper().replace("-", "").replace("_", "")
        for word in self.words:
            if word.upper().replace("-", "").replace("_", "") == plain:
                return word
        raise invalid_value(value, name)


TEXT, INT, BOOL, LIST, GROUP = (Option(form) for form in ("text", "int", "bool", "list", "group"))
_SIZES = (
    "X-Small",
    "Small",
    "Medium",
    "Large",
    "X-Large",
    "2X-Large",
    "3X-Large",
    "4X-Large",
    "5X-Large",
    "6X-Large",
)
_SIZE_NAMES = {"XXLARGE": "2X-Large", "XXXLARGE": "3X-Large", "X2LARGE": "2X-Large", "X3LARGE": "3X-Large"}


class _Size(Option):
    def _word(self, name: str, value: str) -> str:
        plain = value.upper().replace("-", "").replace("_", "")
        return _SIZE_NAMES.get(plain) or super()._word(name, plain)


OPTIONS: dict[str, dict[str, Option]] = {
    "DATABASE": {},
    "SCHEMA": {},
    "ROLE": {},
    "VIEW": {},
    "WAREHOUSE": {
        "WAREHOUSE_TYPE": Option("word", "STANDARD", ("STANDARD", "SNOWPARK-OPTIMIZED")),
        "WAREHOUSE_SIZE": _Size("word", "X-Small", _SIZES),
        "MAX_CLUSTER_COUNT": Option("int", 1),
        "MIN_CLUSTER_COUNT": Option("int", 1),
        "SCALING_POLICY": Option("word", "STANDARD", ("STANDARD", "ECONOMY")),
        "AUTO_SUSPEND": Option("int", 600),
        "AUTO_RESUME": Option("bool", True),
        "INITIALLY_SUSPENDED": Option("bool", False),
        "RESOURCE_MONITOR": Option("text", None),
        "ENABLE_QUERY_ACCELERATION": Option("bool", False),
        "QUERY_ACCELERATION_MAX_SCALE_FACTOR": Option("int", 8),
        "GENERATION": Option("word", None, ("1", "2")),
        "RESOURCE_CONSTRAINT": Option("text", None),
    },
    "USER": {
        "PASSWORD": TEXT,
        "LOGIN_NAME": TEXT,
        "DISPLAY_NAME": TEXT,
        "FIRST_NAME": TEXT,
        "LAST_NAME": TEXT,
        "EMAIL": TEXT,
        "TYPE": Option("word", None, ("PERSON", "SERVICE", "LEGACY_SERVICE")),
        "MUST_CHANGE_PASSWORD": Option("bool", False),
        "DISABLED": Option("bool", False),
        "DAYS_TO_EXPIRY": INT,
        "MINS_TO_UNLOCK": INT,
        "DEFAULT_WAREHOUSE": TEXT,
        "DEFAULT_NAMESPACE": TEXT,
        "DEFAULT_ROLE": TEXT,
        "DEFAULT_SECONDARY_ROLES": LIST,
        "RSA_PUBLIC_KEY": TEXT,
        "RSA_PUBLIC_KEY_2": TEXT,
        "WORKLOAD_IDENTITY": GROUP,
    },
    "INTEGRATION": {
        "TYPE": Option("word", None, ("EXTERNAL_STAGE",)),
        "STORAGE_PROVIDER": Option("word", None, ("S3", "S3CHINA", "S3GOV")),
        "STORAGE_AWS_ROLE_ARN": TEXT,
        "STORAGE_AWS_EXTERNAL_ID": TEXT,
        "STORAGE_AWS_OBJECT_ACL": TEXT,
        "ENABLED": BOOL,
        "STORAGE_ALLOWED_LOCATIONS": LIST,
        "STORAGE_BLOCKED_LOCATIONS": LIST,
        "USE_PRIVATELINK_ENDPOINT": Option("bool", False),
    },
    "STAGE": {
        "URL": TEXT,
        "STORAGE_INTEGRATION": TEXT,
        "FILE_FORMAT": GROUP,
        "DIRECTORY": GROUP,
        "ENCRYPTION": GROUP,
        "USE_PRIVATELINK_ENDPOINT": Option("bool", False),
    },
    "EXTERNAL TABLE": {
        "LOCATION": Option("stage"),
        "FILE_FORMAT": GROUP,
        "AUTO_REFRESH": Option("bool", True),
        "REFRESH_ON_CREATE": Option("bool", True),
        "PATTERN": TEXT,
        "TABLE_FORMAT": TEXT,
    },
    "RESOURCE MONITOR": {
        "CREDIT_QUOTA": INT,
        "FREQUENCY": Option("word", "MONTHLY", ("MONTHLY", "DAILY", "WEEKLY", "YEARLY", "NEVER")),
        "START_TIMESTAMP": TEXT,
        "END_TIMESTAMP": TEXT,
        "NOTIFY_USERS": LIST,
    },
}

# What a format takes besides TYPE, with Snowflake's defaults.
FORMATS: dict[str, dict[str, Option]] = {
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
        "COMPRESSION": Option(
            "word", "AUTO", ("AUTO", "GZIP", "BZ2", "BROTLI", "ZSTD", "DEFLATE", "RAW_DEFLATE", "NONE")
        ),
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
    """Check `FILE_FORMAT = (...)`: `{"FORMAT_NAME": ...}` or TYPE with every property of that format.

    Raises:
        SqlError: an unknown property, or a format other than Parquet and JSON.
    """
    if not isinstance(group, dict) or not group:
        raise invalid_value(group, "FILE_FORMAT")
    if "FORMAT_NAME" in group:
        name = group["FORMAT_NAME"]
        return {"FORMAT_NAME": ".".join(name) if isinstance(name, tuple) else str(name)}
    kind = str(group.get("TYPE", "CSV")).upper()
    if group == {"TYPE": "CSV"}:
        # Snowflake's default for a stage; reading such files is not done, and refused where it is asked for.
        return group
    if kind not in FORMATS:
        raise unsupported(f"FILE_FORMAT TYPE = {kind}")
    found: dict[str, Any] = {"TYPE": kind}
    found |= {name: option.default for name, option in FORMATS[kind].items()}
    for name, value in group.items():
        if name == "TYPE":
            continue
        if name not in FORMATS[kind]:
            raise invalid_property(name, f"{kind} file format")
        found[name] = FORMATS[kind][name].read(name, value)
    return found


@cache
def known_parameters() -> dict[str, dict[str, Any]]:
    """Snowflake's parameters: name -> default, type, levels (DATABASE, SCHEMA, WAREHOUSE, USER)."""
    text = files("strata.cloud.snowflake").joinpath("data/parameters.json").read_text("utf-8")
    loaded: dict[str, dict[str, Any]] = json.loads(text)
    return loaded


def defaults(kind: str) -> dict[str, Any]:
    """The options of a new object of a kind."""
    return {name: option.default for name, option in OPTIONS[kind].items() if option.default is not None}


def apply_properties(kind: str, target: Securable, properties: Mapping[str, Any]) -> None:
    """Set properties, parameters and the comment of an object.

    Raises:
        SqlError: the kind has no such property, or the value is none.
    """
    for name, value in properties.items():
        if name == "COMMENT":
            target.comment = TEXT.read(name, value) or ""
        elif name in OPTIONS[kind]:
            read = OPTIONS[kind][name].read(name, value)
            target.options[name] = OPTIONS[kind][name].default if read is None else read
        elif kind in known_parameters().get(name, {}).get("levels", ()):
            form = Option(known_parameters()[name]["type"])
            read = form.read(name, value)
            target.parameters[name] = str(read).lower() if isinstance(read, bool) else str(read)
        else:
            raise invalid_property(name, kind)


def unset_properties(kind: str, target: Securable, statement: SqlStatement) -> None:
    """Read and do `UNSET a, b`."""
    while True:
        name = statement.identifier()
        if name == "COMMENT":
            target.comment = ""
        elif name in OPTIONS[kind]:
            target.options[name] = OPTIONS[kind][name].default
        elif kind in known_parameters().get(name, {}).get("levels", ()):
            target.parameters.pop(name, None)
        else:
            raise invalid_property(name, kind)
        if not statement.take(",") and statement.done:
            return
