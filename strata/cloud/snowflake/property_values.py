"""Properties: the form and default of their values, and validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from strata.cloud.snowflake.errors import invalid_value
from strata.cloud.snowflake.grammar import StagePath


@dataclass(frozen=True)
class Option:
    """A property: `form` is text, int, bool, list, group, stage or word (one of `words`)."""

    form: str
    default: Any = None
    words: tuple[str, ...] = ()

    def read(self, name: str, value: Any) -> Any:
        """Validate a value and convert it into this property's form.

        Raises:
            SqlError: the value is invalid.
        """
        if value is None:
            # NONE is a word of some properties, and unsets the others.
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
SIZES = (
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
_SIZE_NAMES = {
    "XXLARGE": "2X-Large",
    "XXXLARGE": "3X-Large",
    "X2LARGE": "2X-Large",
    "X3LARGE": "3X-Large",
    "X4LARGE": "4X-Large",
    "X5LARGE": "5X-Large",
    "X6LARGE": "6X-Large",
}


class Size(Option):
    def _word(self, name: str, value: str) -> str:
        plain = value.upper().replace("-", "").replace("_", "")
        return _SIZE_NAMES.get(plain) or super()._word(name, plain)
