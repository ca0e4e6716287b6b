"""All that the contracts look at, read once: environments, their settings, units, configurations, modules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from strata.errors import StrataError
from strata.hcl.types import Type
from strata.live import discovery
from strata.live.check.findings import CheckFinding
from strata.live.check.outputs import output_types
from strata.live.check.places import is_parsed
from strata.live.evaluation.console import EvaluationError
from strata.live.language.scope import Scope
from strata.live.model import Unit
from strata.live.settings import FIELDS_FILE, SettingsFault, faults, read_fields, version_faults
from strata.live.source import split
from strata.live.tree import LiveTree
from strata.modules.interface import Module, Variable, read_folder
from strata.modules.repository import Repository
from strata.modules.versions import Version

ENV_FILE = "env.hcl"
TAG = re.compile(r"(?P<module>[a-z0-9-]+)/v(?P<version>\d+\.\d+\.\d+)")


def has_settings(root: Path) -> bool:
    """Return whether environments have a file of settings here, so that this project's conventions hold."""
    return any((root / discovery.LIVE).glob(f"*/{ENV_FILE}"))


def environment_faults(
    root: Path, settings: Mapping[str, Any], fields: Mapping[str, Variable]
) -> list[SettingsFault]:
    """Return what is wrong with an environment's settings."""
    return [*faults(settings, fields), *version_faults(root, settings)]


@dataclass(frozen=True)
class CheckedUnit:
    """A unit with its configuration (mocks for outputs) and its module, None where these cannot be read."""

    unit: Unit
    scopes: tuple[Scope, ...]
    document: Mapping[str, Any] | None
    module: Module | None

    @property
    def files(self) -> list[Path]:
        """The files it is made of, its own first, then the strongest."""
        return [scope.file.path for scope in self.scopes]

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Its inputs."""
        return (self.document or {}).get("inputs") or {}

    @property
    def state(self) -> Mapping[str, Any]:
        """Where its state is: the backend's configuration."""
        return ((self.document or {}).get("remote_state") or {}).get("config") or {}

    @property
    def source(self) -> str:
        """Where its module comes from."""
        return ((self.document or {}).get("terraform") or {}).get("source") or ""

    @cached_property
    def outputs(self) -> Mapping[str, Type]:
        """The types of its module's outputs."""
        return output_types(self.module) if self.module else {}


@dataclass(frozen=True)
class CheckedEnvironment:
    """An environment: its file, its evaluated locals (empty where that failed), its units that were read."""

    name: str
    file: Path
    settings: Mapping[str, Any]
    units: tuple[CheckedUnit, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True)
class LiveSnapshot:
    """The repository as the contracts see it, and what could not be read.

    `fields` are those that it adds to `env.hcl`. `unsettled` are the environments whose `env.hcl` is missing
    or has a fault: what is computed from it is not judged.
    """

    root: Path
    environments: tuple[CheckedEnvironment, ...]
    findings: tuple[CheckFinding, ...]
    fields: Mapping[str, Variable] = field(default_factory=dict)
    unsettled: frozenset[str] = frozenset()

    @property
    def units(self) -> dict[str, CheckedUnit]:
        """All units by path."""
        return {u.unit.path: u for environment in self.environments for u in environment.units}


@dataclass
class _SnapshotReader:
    tree: LiveTree
    findings: list[CheckFinding] = field(default_factory=list)
    _modules: dict[tuple[str, str], Module | None] = field(default_factory=dict)
    _unsettled: frozenset[str] = frozenset()

    def read(self) -> LiveSnapshot:
        root = self.tree.root
        paths: dict[str, list[str]] = {}
        for name in self.tree.environments():
            try:
                paths[name] = discovery.units_of(root, name)
            except StrataError as error:
                paths[name] = []
                self.note(error, discovery.folder_of(root, name) / ENV_FILE)
        self.note_homeless(paths)
        settings = self.settings(list(paths)) if has_settings(root) else {}
        fields = self.fields()
        if has_settings(root):
            self._unsettled = frozenset(
                name
                for name in paths
                if name not in settings or environment_faults(root, settings[name], fields)
            )
        documents = self.documents([path for found in paths.values() for path in found])
        environments = tuple(
            CheckedEnvironment(
                name,
                discovery.folder_of(root, name) / ENV_FILE,
                settings.get(name, {}),
                tuple(unit for path in found if (unit := self.unit(path, documents.get(path)))),
                tuple(found),
            )
            for name, found in paths.items()
        )
        findings = tuple(dict.fromkeys(self.findings))
        return LiveSnapshot(root, environments, findings, fields, self._unsettled)

    def note_homeless(self, paths: Mapping[str, Sequence[str]]) -> None:
        """Keep as findings the units below `live` that Terragrunt runs and that belong to no environment."""
        known = {path for found in paths.values() for path in found}
        unread = {name for name, found in paths.items() if not found}
        for path in discovery.find_units(self.tree.root):
            top, _, rest = path.partition("/")
            if top != discovery.LIVE or path in known or rest.partition("/")[0] in unread:
                continue
            file = self.tree.root / path / discovery.CONFIGURATION
            error = StrataError(
                f"`{path}` is a unit of no environment: Terragrunt runs it, and `strata plan` does not",
                file=file,
                line=1,
                remedy=f"move it below {discovery.LIVE}/ENVIRONMENT, or leave it out in {discovery.FILTERS}",
            )
            self.note(error, file)

    def documents(self, paths: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The configurations of all units that have one; what fails is looked for in ever smaller groups."""
        if not paths:
            return {}
        try:
            return self.tree.configs(paths)
        except StrataError as error:
            if len(paths) == 1:
                file = self.tree.root / paths[0] / discovery.CONFIGURATION
                if not self._follows(error, paths[0]):
                    self.note(error, file)
                return {}
        half = len(paths) // 2
        return self.documents(paths[:half]) | self.documents(paths[half:])

    def fields(self) -> Mapping[str, Variable]:
        """The fields that the repository adds to the files of its environments."""
        try:
            return read_fields(self.tree.root)
        except StrataError as error:
            self.note(error, Path(discovery.LIVE, FIELDS_FILE))
            return {}

    def settings(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The locals of each environment's file."""
        files = {name: self.tree.root / discovery.LIVE / name / ENV_FILE for name in names}
        if missing := [name for name in names if not files[name].is_file()]:
            for name in missing:
                shown = files[name].relative_to(self.tree.root).as_posix()
                error = StrataError(f"{shown} is missing", remedy="copy another environment's")
                self.note(error, files[name])
            return self.settings([name for name in names if name not in missing])
        try:
            return dict(zip(names, self.tree.locals(list(files.values())), strict=True))
        except StrataError as error:
            if len(names) <= 1:
                for name in names:
                    self.note(error, files[name])
                return {}
        return {key: value for name in names for key, value in self.settings([name]).items()}

    def unit(self, path: str, document: Mapping[str, Any] | None) -> CheckedUnit | None:
        try:
            scopes = self.tree.files(path)
        except StrataError:
            # Said already, when its configuration was asked for.
            return None
        if document is None:
            return CheckedUnit(self.tree.unit(path), scopes, None, None)
        source = (document.get("terraform") or {}).get("source") or ""
        return CheckedUnit(self.tree.unit(path), scopes, document, self.module(source, scopes))

    def _follows(self, error: StrataError, path: str) -> bool:
        """Whether an error of a unit may come from its environment's `env.hcl`, which is reported itself."""
        name = path.removeprefix(f"{discovery.LIVE}/").partition("/")[0]
        if name not in self._unsettled:
            return False
        file = self.tree.root / discovery.LIVE / name / ENV_FILE
        if not file.is_file():
            # Whatever looks for it fails. A syntax error has a cause of its own.
            return error.file is None or is_parsed(self.tree.root, self.tree.root / error.file)
        return isinstance(error, EvaluationError) or error.file == str(file)

    def module(self, source: str, scopes: Sequence[Scope]) -> Module | None:
        """The module of a source: of the working tree, or of this repository's tag.

        A tag of a module names a commit of this very repository, so that nothing is fetched.
        """
        place, folder, query = split(source)
        if not place.startswith("git::"):
            # The same text means another folder elsewhere.
            place = str(scopes[0].directory / place)
        key = (place, f"{folder}?{query}")
        if key in self._modules:
            return self._modules[key]
        self._modules[key] = None
        try:
            self._modules[key] = self._read(source, place, folder, query.get("ref", [""])[0], scopes)
        except StrataError as error:
            # Elsewhere, modules come from anywhere.
            if has_settings(self.tree.root):
                self.note(error, *self._source_place(scopes))
        return self._modules[key]

    def _read(self, source: str, place: str, folder: str, ref: str, scopes: Sequence[Scope]) -> Module | None:
        if not source:
            raise StrataError("the unit names no module", remedy="give `source` in its `terraform` block")
        if not place.startswith("git::"):
            base = Path(place, folder).resolve()
            if not base.is_relative_to(self.tree.root) or not any(base.glob("*.tf")):
                raise StrataError(f"the source `{source}` is not a module of this repository")
            return read_folder(base, base.relative_to(self.tree.root).as_posix())
        tag = TAG.fullmatch(ref)
        if tag is None:
            # A branch: what it holds now is not what it holds when the unit is applied.
            return None
        return Repository(self.tree.root).module_at(tag["module"], Version.read(tag["version"]))

    def _source_place(self, scopes: Sequence[Scope]) -> tuple[Path, int]:
        for scope in scopes:
            leaf = scope.tree.get("terraform", {}).get("source")
            if leaf is not None:
                return scope.file.path, leaf.line
        return scopes[0].file.path, 1

    def note(self, error: StrataError, file: Path, line: int = 1) -> None:
        """Keep an error as a finding, at its own place if it has one."""
        place = Path(error.file) if error.file else file
        if place.is_absolute() and place.is_relative_to(self.tree.root):
            place = place.relative_to(self.tree.root)
        self.findings.append(
            CheckFinding(
                place.as_posix(),
                error.line or (line if error.file is None else 1),
                "read",
                error.message.replace(f"{self.tree.root}/", ""),
                (error.remedy or "correct it, then run the command again").replace(f"{self.tree.root}/", ""),
            )
        )


def read_snapshot(tree: LiveTree) -> LiveSnapshot:
    """Read what the contracts look at; what cannot be read is a finding."""
    return _SnapshotReader(tree).read()
