"""A file seen from where it is used: the same root configuration means something else to each unit."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from strata.live.language.hcl import Attribute, Configuration
from strata.live.language.schema import Tree, locals_of, tree_of


@dataclass(frozen=True, eq=False)
class Include:
    """One `include` block of a unit, with the scope of the file it names."""

    name: str
    scope: Scope
    merge_strategy: str
    expose: bool


@dataclass(eq=False)
class Scope:
    """A file and what Terragrunt's functions need to know to answer from it.

    Attributes:
        key: a short name, unique in the tree; the names in the scratch folder begin with it.
        file: the file whose text is evaluated.
        config_path: the configuration in whose name it is evaluated: the unit's for an included file, its
        own for a
            unit and for a file read by `read_terragrunt_config`.
        original: the unit's file, also for a file read by `read_terragrunt_config`.
        root: the folder of the live tree.
        include_path: where the included file lies, if this is an included file.
        unit: the scope of the unit that this file is part of; None for a file read by
        `read_terragrunt_config`. includes: the unit's includes, in order; filled when their paths are known.
    """

    key: str
    file: Configuration
    config_path: Path
    original: Path
    root: Path
    include_path: Path | None = None
    owner: Scope | None = None
    is_unit: bool = False
    includes: list[Include] = field(default_factory=list)
    opened: bool = False

    @cached_property
    def locals(self) -> dict[str, Attribute]:
        return locals_of(self.file)

    @cached_property
    def tree(self) -> Tree:
        return tree_of(self.file)

    @property
    def unit(self) -> Scope | None:
        return self if self.is_unit else self.owner

    @property
    def directory(self) -> Path:
        """What `get_terragrunt_dir` answers."""
        return self.config_path.parent

    def parts(self) -> list[Scope]:
        """The unit's own file and the files it includes."""
        return [self, *(include.scope for include in self.includes)]

    def merged(self) -> list[Scope]:
        """The files that are merged into the unit's own, the strongest last."""
        return [include.scope for include in self.includes if include.merge_strategy != "no_merge"]
