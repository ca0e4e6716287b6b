"""Where a repository keeps its modules and their cases."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from strata.errors import StrataError
from strata.modules.interface import Module, read_folder


@dataclass(frozen=True)
class RepositoryLayout:
    """Folders of a repository.

    Attributes:
        root: the repository; what is shown of a file is its path from there.
        modules: one folder per module.
        cases: one folder of case files per module.
        state: Strata's own folder.
    """

    root: Path
    modules: Path
    cases: Path
    state: Path

    def shown(self, path: Path) -> str:
        """A file's name for people."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    @cached_property
    def names(self) -> list[str]:
        """The names of all modules."""
        return sorted(folder.name for folder in self.modules.iterdir() if any(folder.glob("*.tf")))

    @cached_property
    def shared(self) -> dict[str, dict[str, Any]]:
        """The shared inputs of modules' cases, as far as they have been read."""
        return {}

    @cached_property
    def _read(self) -> dict[str, Module]:
        return {}

    def module(self, name: str) -> Module:
        """A module's interface, read once.

        Raises:
            StrataError: a file of it cannot be read.
        """
        if name not in self.names:
            raise StrataError(f"no module {name} in {self.shown(self.modules)}")
        if name not in self._read:
            folder = self.modules / name
            self._read[name] = read_folder(folder, self.shown(folder))
        return self._read[name]

    def files(self, module: str) -> Path:
        """The folder whose files lie in Terraform's working directory when the module's cases are planned."""
        return self.cases / module / "files"
