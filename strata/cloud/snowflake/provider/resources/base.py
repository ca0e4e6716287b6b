"""What every resource can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from strata.cloud.snowflake.grammar import Path, parse_name, quote_path
from strata.cloud.snowflake.provider.client import Client
from strata.cloud.snowflake.provider.schema import ResourceSchema, resources
from strata.cloud.snowflake.provider.values import Object

# What the provider plans where nothing is configured: "not managed here".
UNMANAGED = (None, "default", -1, "-1")


class Resource(ABC):
    """One resource type. `defaults` are Snowflake's own values of attributes that may be left out."""

    type_name: ClassVar[str]
    defaults: ClassVar[dict[str, Any]] = {}
    preview_feature: ClassVar[str] = ""

    @property
    def schema(self) -> ResourceSchema:
        return resources()[self.type_name]

    @abstractmethod
    def create(self, client: Client, planned: Object) -> str:
        """Create the object and return its id."""

    @abstractmethod
    def read(self, client: Client, state: Object) -> Object | None:
        """The attributes as they are, or None if the object is gone. After an import only `id` is in the
        state."""

    @abstractmethod
    def update(self, client: Client, prior: Object, planned: Object) -> str:
        """Change the object and return its id."""

    @abstractmethod
    def delete(self, client: Client, state: Object) -> None:
        """Remove the object."""

    def imported(self, identifier: str) -> Object:
        """The state from which `read` finds an object to import.

        Raises:
            ValueError: the id is not of this resource's form.
        """
        return {"id": identifier}

    def check(self, planned: Object) -> None:  # noqa: B027
        """Raise ValueError for what the stand-in does not do; most do all."""

    def same(self, name: str, one: Any, other: Any) -> bool:
        """Whether two values of an attribute mean the same."""
        return bool(self._plain(name, one) == self._plain(name, other))

    def _plain(self, name: str, value: Any) -> Any:
        if value in UNMANAGED if not isinstance(value, list | dict) else False:
            value = self.defaults.get(name)
        if value is None or value in ("", []):
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
            kind = self.schema.block["attributes"].get(name, {}).get("type")
            return sorted(map(str, value)) if isinstance(kind, list) and kind[0] == "set" else value
        return value


def bare(name: str) -> str:
    """A configured name without the quotes it may be written with."""
    return name[1:-1] if len(name) > 1 and name.startswith('"') and name.endswith('"') else name


def qualified(text: str) -> str:
    """A configured, perhaps qualified, name with every part in quotes."""
    return quote_path(parse_name(text))


def path_of(state: Object) -> Path:
    """Database, schema and name of an object, as far as its resource has them."""
    return tuple(bare(state[part]) for part in ("database", "schema", "name") if state.get(part))
