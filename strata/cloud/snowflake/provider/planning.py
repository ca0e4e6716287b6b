"""Plans of resource changes, by the plugin SDK's rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from strata.cloud.snowflake.provider.schema import ResourceSchema
from strata.cloud.snowflake.provider.settling import (
    equivalent,
    filled,
    normalize_null_values,
    or_zero,
    set_unknowns,
    zero,
)
from strata.cloud.snowflake.provider.values import UNKNOWN, Object, Unknown, is_unknown

Step = str | int
Path = tuple[Step, ...]
# Attribute (a path without indexes), old and new value as text, state -> whether to ignore the difference.
Suppressed = Callable[[tuple[str, ...], str, str, Object | None], bool]


class Draft:
    """A plan being built: first attribute by attribute, then by the resource's own rules.

    Args:
        schema: the resource's type.
        prior: its state, None for a new one.
        config: its configuration, which may be partly unknown.
        proposed: the configuration, with the state's values for computed attributes that it omits.
        suppressed: returns whether a difference is to be ignored.

    Attributes:
        state: the planned values.
        replace: the paths whose change forces a new resource.
    """

    def __init__(
        self,
        schema: ResourceSchema,
        prior: Object | None,
        config: Object,
        proposed: Object,
        suppressed: Suppressed,
    ) -> None:
        self.schema = schema
        self.prior = prior
        self.config = config
        self.replace: list[Path] = []
        self._proposed = proposed
        self._suppressed = suppressed
        self._changes: set[Path] = set()
        self._requested: Object = {}
        self.state = self._block(schema.block, schema.behaviour, prior, proposed, ())

    @property
    def is_new(self) -> bool:
        return self.prior is None

    def before(self, name: str) -> Any:
        """Return an attribute's value in state; empty for null."""
        return or_zero((self.prior or {}).get(name), self._kind(name))

    def after(self, name: str) -> Any:
        """Return an attribute's planned value, suppressed or not; empty for null and unknown."""
        given = self._requested.get(name)
        return or_zero(
            self.state.get(name) if given is None or self._changed(name) else given, self._kind(name)
        )

    def has_change(self, name: str) -> bool:
        """Return whether an attribute differs, suppressed or not, as far as known."""
        return self._changed(name) or self.before(name) != self.after(name)

    def has_effective_change(self, name: str) -> bool:
        """Return whether an attribute differs or may differ, and the difference is not suppressed."""
        if is_unknown(self.state.get(name)):
            return True
        if not self.has_change(name):
            return False
        return not self._suppressed((name,), text(self.before(name)), text(self.after(name)), self.prior)

    def set(self, name: str, value: Any) -> None:
        """Plan a computed attribute's value."""
        if self.state.get(name) != value or isinstance(value, Unknown):
            self._changes.add((name,))
        self.state[name] = value

    def set_unknown(self, name: str) -> None:
        self.set(name, UNKNOWN)

    def set_unknown_if_any(self, name: str, others: Iterable[str]) -> None:
        """Plan a computed attribute as unknown if one of others differs."""
        if any(self.has_effective_change(other) for other in others):
            self.set_unknown(name)

    def force_new(self, name: str) -> None:
        """Make a changed attribute force a new resource."""
        if self._changed(name) and (name,) not in self.replace:
            self.replace.append((name,))

    def finish(self) -> None:
        """Complete the plan for Terraform."""
        if self.prior is None:
            planned = normalize_null_values(self.state, self._proposed, self.schema.type, applied=False)
            self.state = set_unknowns(self.schema.block, planned) | {"id": UNKNOWN}
            return
        if self._changes:
            self.state["id"] = self.prior["id"]
            self.state = normalize_null_values(self.state, self._proposed, self.schema.type, applied=False)
        if not self._changes or equivalent(self.prior, self.state):
            self.state, self.replace = self.prior, []

    def _changed(self, name: str) -> bool:
        return any(path[0] == name for path in self._changes)

    def _kind(self, name: str) -> Any:
        return self.schema.type[1][name]

    def _add_change(self, path: Path, force_new: bool) -> None:
        self._changes.add(path)
        if force_new and self.prior is not None and path not in self.replace:
            self.replace.append(path)

    def _block(
        self,
        block: dict[str, Any],
        behaviour: dict[str, Any],
        before: Object | None,
        given: Object,
        path: Path,
    ) -> Object:
        planned: Object = {}
        for name, attribute in block.get("attributes", {}).items():
            if path or name != "id":
                old = before.get(name) if before is not None else None
                planned[name] = self._attribute(
                    attribute, behaviour.get(name, {}), old, given.get(name), (*path, name)
                )
        for name, nested in block.get("block_types", {}).items():
            inner = (*path, name)
            if nested["nesting_mode"] == "single":
                planned[name] = given.get(name)
            else:
                old = before.get(name) if before is not None else None
                planned[name] = self._blocks(
                    nested["block"], behaviour.get(name, {}), old, given.get(name), inner
                )
        return planned

    def _blocks(
        self, block: dict[str, Any], rules: dict[str, Any], before: Any, given: Any, path: Path
    ) -> Any:
        if len(path) == 1:
            self._requested[str(path[0])] = given
        if isinstance(given, Unknown):
            self._add_change(path, bool(rules.get("force_new")))
            return given
        olds, news = before or [], given or []
        if len(olds) != len(news):
            self._add_change(path, bool(rules.get("force_new")))
        planned = []
        for index in range(max(len(olds), len(news))):
            old = olds[index] if index < len(olds) else None
            new = news[index] if index < len(news) else {}
            item = self._block(block, rules.get("elem", {}), old, new, (*path, index))
            if index < len(news):
                planned.append(item)
        return planned

    def _attribute(
        self, attribute: dict[str, Any], rules: dict[str, Any], old: Any, new: Any, path: Path
    ) -> Any:
        kind = attribute["type"]
        if new is None and "default" in rules:
            new = typed(rules["default"], kind)
        if len(path) == 1:
            self._requested[str(path[0])] = new
        if not isinstance(kind, str):
            return self._collection(attribute, rules, old, new, path)
        unknown, computed = isinstance(new, Unknown), bool(attribute.get("computed"))
        before = "" if old is None else text(old)
        after = (
            "" if unknown else text(new) if new is not None else text(zero(kind)) if old is not None else ""
        )
        if before == after and not unknown and (before or not self.is_new or not computed):
            return old
        removed = old is not None and new is None
        if computed and not unknown and (removed or (before and not after)):
            return old
        if self._is_suppressed(path, before, after):
            return old
        becomes_unknown = unknown or (computed and not after)
        self._add_change(path, bool(rules.get("force_new")) and (before != after or becomes_unknown))
        return UNKNOWN if becomes_unknown else new

    def _collection(
        self, attribute: dict[str, Any], rules: dict[str, Any], old: Any, new: Any, path: Path
    ) -> Any:
        form = attribute["type"][0]
        if attribute.get("computed") and new is None:
            return UNKNOWN if self.is_new else old
        if is_unknown(new):
            self._add_change(path, bool(rules.get("force_new")))
            return new
        olds, news = (sorted(item or [], key=repr) if form == "set" else item or [] for item in (old, new))
        if olds == news:
            return old
        if len(olds) == len(news) and all(
            one == other or self._is_suppressed(path, text(one), text(other))
            for one, other in zip(olds, news, strict=True)
        ):
            return old
        self._add_change(path, bool(rules.get("force_new")))
        return [] if new is None else new

    def _is_suppressed(self, path: Path, old: str, new: str) -> bool:
        return self._suppressed(tuple(step for step in path if isinstance(step, str)), old, new, self.prior)


def text(value: Any) -> str:
    """Return a value as text, as the flat state holds it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def typed(default: str, kind: Any) -> Any:
    """Convert a default of the behaviour document into its attribute's type."""
    if kind == "bool":
        return default == "true"
    return int(default) if kind == "number" else default


def has_change(kind: Any, prior: Any, planned: Any) -> bool:
    """Return whether an update concerns an attribute: it differs, or was unknown in the plan."""
    return isinstance(planned, Unknown) or or_zero(prior, kind) != or_zero(planned, kind)


__all__ = ["Draft", "Path", "Step", "Suppressed", "filled", "has_change", "text", "typed"]
