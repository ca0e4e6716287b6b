"""The base class of resource types."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import Any, ClassVar

from strata.cloud.snowflake.properties import known_parameters
from strata.cloud.snowflake.provider.client import Client
from strata.cloud.snowflake.provider.identifiers import bare
from strata.cloud.snowflake.provider.planning import Draft, has_change, text
from strata.cloud.snowflake.provider.rules import Rules, external_changes, rules_of
from strata.cloud.snowflake.provider.schema import ResourceSchema, resources
from strata.cloud.snowflake.provider.values import Object

# Planned values of attributes that are not configured.
UNMANAGED = (None, "", "default", -1)
_IGNORE_INHERITED = "PARAMETERS_IGNORE_VALUE_CHANGES_IF_NOT_ON_OBJECT_LEVEL"
# Planned for a resource whose type was changed outside Terraform, so that it is replaced.
CHANGED = "<changed externally>"


class Resource(ABC):
    """One resource type; its rules of planning and validation are data."""

    type_name: ClassVar[str]
    preview_feature: ClassVar[str] = ""
    # Whether a failed change leaves the state as it was; most types store the plan.
    keeps_state: ClassVar[bool] = False

    @property
    def schema(self) -> ResourceSchema:
        return resources()[self.type_name]

    @property
    def rules(self) -> Rules:
        return rules_of(self.type_name)

    @abstractmethod
    def create(self, client: Client, planned: Object) -> str:
        """Create the object and return its id."""

    @abstractmethod
    def read(self, client: Client, state: Object) -> Object | None:
        """Return the attributes that the provider reads, or None if the object does not exist."""

    @abstractmethod
    def update(self, client: Client, prior: Object, planned: Object, unknown: Collection[str]) -> str:
        """Change the object and return its id.

        Args:
            client: sends the statements.
            prior: the state.
            planned: the planned values.
            unknown: attributes that the plan did not know; they are set whether they differ or not.
        """

    @abstractmethod
    def delete(self, client: Client, state: Object) -> None:
        """Remove the object."""

    def imported(self, client: Client, identifier: str) -> Object:
        """Return the state from which `read` continues after an import.

        Raises:
            ValueError: the id has another form.
        """
        return {}

    def check(self, planned: Object) -> None:  # noqa: B027
        """Raise ValueError for unsupported attributes."""

    def drift(self, client: Client, state: Object, actual: Object) -> Object:
        """Return the attributes changed outside Terraform, which a refresh takes into state."""
        return external_changes(self.rules, state, actual)

    def customise(self, client: Client, draft: Draft) -> None:
        """Apply the resource's own rules to a plan."""
        for name, others in self.rules.get("computed", {}).items():
            draft.set_unknown_if_any(name, others)
        level = self.rules.get("parameters")
        if level is None:
            return
        names = self.parameters()
        if "parameters" in self.schema.block["attributes"]:
            draft.set_unknown_if_any("parameters", names)
        if draft.prior is not None:
            rows = client.parameters(level, self.path(draft.prior))
            for name, key in names.items():
                if key in rows:
                    _customise_parameter(client, draft, name, rows[key], level)

    def path(self, state: Object) -> tuple[str, ...]:
        """Return those of database, schema and name that the resource has."""
        return tuple(bare(state[part]) for part in ("database", "schema", "name") if state.get(part))

    def parameters(self) -> dict[str, str]:
        """Return the parameters that the resource manages: attribute -> key."""
        level, known = self.rules.get("parameters"), known_parameters()
        names = self.schema.block["attributes"] if level else ()
        return {n: n.upper() for n in names if level in known.get(n.upper(), {}).get("levels", ())}

    def changed(self, prior: Object, planned: Object, name: str) -> bool:
        """Return whether an attribute differs."""
        return has_change(self.schema.type[1][name], prior.get(name), planned.get(name))


def _customise_parameter(client: Client, draft: Draft, name: str, row: dict[str, Any], level: str) -> None:
    """Plan to set a configured parameter that is inherited, and to unset one that is not configured."""
    own = row["level"] == level
    if draft.config.get(name) is not None:
        stays = own
    else:
        inherits_as_before = (row["value"] or "") == text(draft.after(name))
        stays = not own and (inherits_as_before or client.has(_IGNORE_INHERITED))
    if not stays:
        draft.set_unknown(name)
