"""Where a repository keeps its modules and their cases."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from strata.errors import StrataError
from strata.hcl.syntax import HclFile
from strata.modules.interface import Module, read_tree

# What cases call the module at the root of the repository: its folder has another name in each clone.
ROOT_MODULE = "root"


@dataclass(frozen=True)
class RepositoryLayout:
    """Folders of a repository.

    Attributes:
        root: the repository; what is shown of a file is its path from there.
        modules: folders that are a module, or else hold some; or patterns of folders that are modules.
        cases: one folder of case files per module.
        state: Strata's own folder.
    """

    root: Path
    modules: tuple[Path, ...]
    cases: Path
    state: Path

    def shown(self, path: Path) -> str:
        """A file's name for people."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    @cached_property
    def folders(self) -> dict[str, tuple[Path, ...]]:
        """The folders of the modules by name; of more than one, none can be tested."""
        found: dict[str, tuple[Path, ...]] = {}
        for place in dict.fromkeys(self.modules):
            for folder in self._modules_at(place):
                name = ROOT_MODULE if folder == self.root else folder.name
                found[name] = (*found.get(name, ()), folder)
        return found

    def _modules_at(self, place: Path) -> list[Path]:
        # The repository's own path may look like a pattern.
        pattern = os.path.relpath(place, self.root)
        if not glob.has_magic(pattern):
            if holds_module(place):
                return [place]
            pattern = f"{pattern}/*"
        found = (Path(os.path.normpath(self.root / name)) for name in glob.glob(pattern, root_dir=self.root))
        return sorted(filter(holds_module, found))

    @cached_property
    def names(self) -> list[str]:
        """The names of all modules."""
        return sorted(self.folders)

    @cached_property
    def base(self) -> Path:
        """The folder that the repository and all modules lie in."""
        folders = (folder for same in self.folders.values() for folder in same)
        return Path(os.path.commonpath([self.root, *folders]))

    def module_at(self, folder: Path) -> str | None:
        """The name of the module in a folder, if it holds one."""
        return next((name for name, folders in self.folders.items() if folder in folders), None)

    @cached_property
    def shared(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What the cases of a module share, by module and key, as far as it has been read."""
        return {}

    @cached_property
    def _read(self) -> dict[str, Module]:
        return {}

    def module(self, name: str) -> Module:
        """A module's interface, read once.

        Raises:
            StrataError: there is none, or more than one; a file of it cannot be read.
        """
        found = self.folders.get(name, ())
        if not found:
            raise StrataError(f"no module {name} in {' or '.join(map(self.shown, self.modules))}")
        if len(found) > 1:
            places = " and ".join(map(self.shown, found))
            raise StrataError(
                f"two modules are named {name}: {places}",
                remedy="rename one, or leave it out of strata_modules",
            )
        if name not in self._read:
            self._read[name] = read_tree(self.shown(found[0]), self._contents)
        return self._read[name]

    def _contents(self, place: str) -> dict[str, bytes]:
        # The module at the root has the whole repository below it.
        files = (path for pattern in ("*.tf", "*.tf.json") for path in (self.root / place).glob(pattern))
        return {path.name: path.read_bytes() for path in files if not path.name.startswith(".")}

    def folder(self, module: Module) -> Path:
        """The folder that a module was read from."""
        return self.root / module.folder

    def parsed(self, path: str, modules: Iterable[str]) -> HclFile | None:
        """A file of modules, or of those that they call.

        Args:
            path: from the base.
            modules: their names.
        """
        shown = self.shown(self.base / path)
        for name in modules:
            for one in with_nested(self.module(name)):
                for file in one.files:
                    if file.name == shown:
                        return file
        return None

    def files(self, module: str) -> Path:
        """The folder whose files lie in Terraform's working directory when the module's cases are planned."""
        return self.cases / module / "files"


def with_nested(module: Module) -> Iterator[Module]:
    """A module and all that it calls by relative paths."""
    yield module
    for nested in module.nested.values():
        yield from with_nested(nested)


def holds_module(folder: Path) -> bool:
    """Whether a folder has Terraform files."""
    return folder.is_dir() and any(folder.glob("*.tf"))
