"""What every resource can do."""

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

# What the provider plans where nothing is configured: "not managed here".
UNMANAGED = (None, "", "default", -1)
_IGNORE_INHERITED = "PARAMETERS_IGNORE_VALUE_CHANGES_IF_NOT_ON_OBJECT_LEVEL"
# What it plans to have a resource replaced whose type somebody has changed.
CHANGED = "<changed externally>"


class Resource(ABC):
    """One resource type; its rules of planning and validation are data."""

    type_name: ClassVar[str]
    preview_feature: ClassVar[str] = ""
    # Whether a change that Snowflake refuses leaves the state as it was; most types take the plan for done.
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
        """The attributes that the provider reads, or None if the object is gone."""

    @abstractmethod
    def update(self, client: Client, prior: Object, planned: Object, unknown: Collection[str]) -> str:
        """Change the object and return its id.

        Args:
            client: what sends the statements.
            prior: the state.
            planned: what is wanted.
            unknown: what was not known when it was planned: it is dealt with whether it differs or not.
        """

    @abstractmethod
    def delete(self, client: Client, state: Object) -> None:
        """Remove the object."""

    def imported(self, client: Client, identifier: str) -> Object:
        """The state from which `read` goes on after an import.

        Raises:
            ValueError: the id is not of this resource's form.
        """
        return {}

    def check(self, planned: Object) -> None:  # noqa: B027
        """Raise ValueError for what the stand-in does not do; most do all."""

    def drift(self, client: Client, state: Object, actual: Object) -> Object:
        """What a refresh takes into state because somebody has changed it past Terraform."""
        return external_changes(self.rules, state, actual)

    def customise(self, client: Client, draft: Draft) -> None:
        """Add the resource's own rules to a plan."""
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
        """Database, schema and name of an object, as far as its resource has them."""
        return tuple(bare(state[part]) for part in ("database", "schema", "name") if state.get(part))

    def parameters(self) -> dict[str, str]:
        """Attribute -> key of the parameters that the resource manages."""
        level, known = self.rules.get("parameters"), known_parameters()
        names = self.schema.block["attributes"] if level else ()
        return {n: n.upper() for n in names if level in known.get(n.upper(), {}).get("levels", ())}

    def changed(self, prior: Object, planned: Object, name: str) -> bool:
        """Whether an attribute differs."""
        return has_change(self.schema.type[1][name], prior.get(name), planned.get(name))


def _customise_parameter(client: Client, draft: Draft, name: str, row: dict[str, Any], level: str) -> None:
    """Plan to set what is configured and inherited, and to unset what is set and not configured."""
    own = row["level"] == level
    if draft.config.get(name) is not None:
        stays = own
    else:
        inherits_as_before = (row["value"] or "") == text(draft.after(name))
        stays = not own and (inherits_as_before or client.has(_IGNORE_INHERITED))
    if not stays:
        draft.set_unknown(name)
