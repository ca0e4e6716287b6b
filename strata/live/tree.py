"""The live tree: its environments, their units in order, and each unit rendered."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strata.errors import StrataError
from strata.live import discovery
from strata.live.composition import EnvironmentComposition, compose
from strata.live.dependencies import Loaded, loaded_unit
from strata.live.documents import documents, graph_leaves
from strata.live.evaluation.commands import Commands
from strata.live.evaluation.console import Console
from strata.live.evaluation.reader import Reader
from strata.live.generate import generated_files
from strata.live.language.schema import Leaf
from strata.live.language.scope import Scope
from strata.live.model import RenderedUnit, Unit
from strata.live.neighbours import refuse_never_run, require_readable
from strata.live.rendering import excluded, rendered_unit
from strata.live.source import Sources
from strata.live.terragrunt_variables import refuse_variables

if TYPE_CHECKING:
    # Imported where it is used: half the time of a command that only renders.
    import networkx


def production_environ() -> dict[str, str]:
    """What production's units see of this process's environment: not that there is an embedded cloud."""
    return {name: value for name, value in os.environ.items() if name != "STRATA_LOCAL"}


class LiveTree:
    """A folder of Terragrunt units, read without Terragrunt. It shows the files as they were when they
    are read.

    Use `LiveTree.load(root)`; then `units(environment)` gives the units in dependency order, and
    `render(unit, ...)` one of them with every expression evaluated.
    """

    def __init__(self, root: Path, reader: Reader, sources: Sources) -> None:
        self.root = root
        self._reader = reader
        self._sources = sources
        self._loaded: dict[str, Loaded] = {}
        self._formatted: dict[str, str] = {}

    @classmethod
    def load(
        cls,
        root: Path,
        *,
        environ: Mapping[str, str] | None = None,
        terraform: Path | str = "terraform",
        cache: Path | None = None,
        allow_run_cmd: bool = False,
    ) -> LiveTree:
        """The live tree in `root`.

        Args:
            root: the repository's folder: it holds `live/` and `modules/`, or units anywhere below it.
            environ: what `get_env` sees, and where PATH comes from; the process's environment by default.
            terraform: the Terraform program, a path or a name on PATH.
            cache: where modules from git are kept; `<root>/.strata/cache` by default.
            allow_run_cmd: let `run_cmd` run commands; else it is refused.

        Raises:
            StrataError: `root` is not a folder, Terraform is not found, or a variable is set by which
                Terragrunt would load something else.
        """
        root = Path(root).resolve()
        if not root.is_dir():
            raise StrataError("the folder does not exist", file=root)
        variables = dict(os.environ if environ is None else environ)
        refuse_variables(variables)
        program = shutil.which(str(terraform), path=variables.get("PATH"))
        if program is None:
            raise StrataError(
                f"the program `{terraform}` is not found", remedy="put Terraform 1.11 or newer on PATH"
            )
        console = Console(program, variables)
        # A repository without `live` is read, not applied: nothing has to be fetched for that.
        fetch = (root / discovery.LIVE).is_dir()
        sources = Sources(cache or root / ".strata" / "cache", variables, fetch=fetch)
        commands = Commands(variables) if allow_run_cmd else None
        return cls(root, Reader(root, variables, console, commands), sources)

    @property
    def terraform(self) -> str:
        """The Terraform program that evaluates expressions."""
        return self._reader.console.terraform

    @cached_property
    def _terraform_version(self) -> str:
        return self._reader.console.version()

    def environments(self) -> list[str]:
        """The names of the environments, sorted: the folders of `live/` that do not begin with `_` or `.`."""
        return discovery.environments(self.root)

    def find(self) -> list[str]:
        """The paths of all units that pass `.terragrunt-filters`, as `terragrunt find` lists them.

        Raises:
            StrataError: a file is there that Terragrunt would read, and Strata does not.
        """
        return discovery.all_units(self.root)

    def unit(self, path: str) -> Unit:
        """The unit in the folder `path` (relative to the root).

        Raises:
            StrataError: the unit does not exist, or it cannot be read.
        """
        return self._load([path])[0].unit

    def units(self, environment: str) -> list[Unit]:
        """The environment's units, each after all it depends on.

        Raises:
            StrataError: an unknown environment, a syntax error, a dependency on a unit that does not exist,
                or a cycle, with the path of the cycle.
        """
        from strata.live.order import in_order

        return in_order(item.unit for item in self._load(discovery.units_of(self.root, environment)))

    def with_dependencies(self, paths: Sequence[str]) -> list[Unit]:
        """Units and all that they wait for, each after all it depends on.

        What a unit that cannot be read waits for is not looked for.

        Raises:
            StrataError: one of `paths` cannot be read, or a cycle, with its place.
        """
        from strata.live.order import in_order

        found = {item.unit.path: item.unit for item in self._load(paths, check=False)}
        todo = list(found.values())
        while todo:
            following = dict.fromkeys(path for unit in todo for path in unit.after if path not in found)
            todo = self._readable(list(following))
            found |= {unit.path: unit for unit in todo}
        return in_order(found.values())

    def _readable(self, paths: Sequence[str]) -> list[Unit]:
        """Those that can be read, together if all can."""
        try:
            return [item.unit for item in self._load(paths, check=False)]
        except StrataError:
            return [unit for path in paths for unit in self._readable([path])] if len(paths) > 1 else []

    def graph(self, environment: str) -> networkx.DiGraph:
        """The environment's graph: nodes are unit paths, an edge a -> b says that b depends on a.

        Raises:
            StrataError: as `units`.
        """
        from strata.live.order import graph_of

        return graph_of(self.units(environment))

    def config(
        self, unit: str, outputs: Mapping[str, Mapping[str, Any]] | None = None, *, command: str = "render"
    ) -> dict[str, Any]:
        """The unit's whole configuration, includes merged, in the shape of `terragrunt render --json`.

        Args:
            unit: the unit's path.
            outputs: outputs by the path of the unit they come from.
            command: the Terraform command; under `render`, mocks always stand in, as in Terragrunt.

        Raises:
            StrataError: an expression fails, or outputs are missing and mocks are not allowed.
        """
        return self.configs([unit], outputs, command=command)[unit]

    def configs(
        self,
        units: Sequence[str],
        outputs: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        command: str = "render",
    ) -> dict[str, dict[str, Any]]:
        """The configurations of many units by path, evaluated together: as `config`, but much faster."""
        # What is not checked yet is evaluated at once below.
        items = self._load(units, check=False)
        for item in items:
            refuse_never_run(self._reader, item.unit, lambda path: self._load([path])[0])
        return documents(self._reader, items, outputs or {}, command)

    def render(
        self, unit: str, outputs: Mapping[str, Mapping[str, Any]] | None = None, *, command: str = "apply"
    ) -> RenderedUnit:
        """The unit with every expression evaluated.

        Args:
            unit: the unit's path.
            outputs: outputs by the path of the unit they come from; where they are absent, mocks stand in
                if the dependency allows them for `command`.
            command: the Terraform command that is to run.

        Raises:
            StrataError: as `config`, or the module's source does not exist.
        """
        return self.renders([unit], outputs, command=command)[unit]

    def renders(
        self,
        units: Sequence[str],
        outputs: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        command: str = "apply",
    ) -> dict[str, RenderedUnit]:
        """Many units by path, evaluated together: as `render`, but much faster."""
        return self.rendered(self.configs(units, outputs, command=command), command)

    def skeletons(
        self, units: Sequence[str], outputs: Mapping[str, Mapping[str, Any]], *, command: str
    ) -> dict[str, RenderedUnit]:
        """Many units by path, rendered but for their inputs, which stay empty.

        An output that is not known is an error only where something else than the inputs uses it.
        """
        items = self._load(units)
        return self.rendered(
            documents(
                self._reader, items, outputs, command, part=lambda name: name != "inputs", lenient=True
            ),
            command,
        )

    def remote_states(self, units: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Where the states of many units are kept, by path; the rest of the units is not evaluated."""
        items = self._load(units)
        found = documents(
            self._reader, items, {}, "render", part=lambda name: name == "remote_state", lenient=True
        )
        return {path: document.get("remote_state", {}) for path, document in found.items()}

    def source(self, unit: str) -> str:
        """The source of a unit's module, as it is written; "" if it has none. The rest is not evaluated."""
        found = documents(
            self._reader,
            self._load([unit]),
            {},
            "render",
            part=lambda name: name == "terraform",
            lenient=True,
        )
        return found[unit].get("terraform", {}).get("source") or ""

    def excluded(self, units: Sequence[str], *, command: str) -> set[str]:
        """Those that `exclude` blocks leave out of a run of `command` over these units."""
        items = self._load(units)
        found = documents(self._reader, items, {}, command, part=lambda name: name == "exclude", lenient=True)
        return excluded([item.unit for item in items], found, command)

    def compose(
        self,
        modules: Mapping[str, str],
        outputs: Mapping[str, Mapping[str, Any]],
        *,
        command: str = "plan",
    ) -> EnvironmentComposition:
        """Units as parts of one Terraform configuration: their inputs as expressions.

        Args:
            modules: by the path of each unit, the expression that gives its outputs there.
            outputs: of units that are not among `modules`, as for `render`.
            command: the Terraform command that is to run.

        Raises:
            StrataError: as `render`; or a unit's inputs cannot be written as expressions.
        """
        return compose(self._reader, self._load(list(modules)), modules, outputs, command)

    def rendered(self, configurations: Mapping[str, dict[str, Any]], command: str) -> dict[str, RenderedUnit]:
        # First only to learn all the texts to lay out: one process does them together.
        texts: list[str] = []

        def remember(found: Sequence[str]) -> list[str]:
            texts.extend(found)
            return list(found)

        for path, document in configurations.items():
            with self._placed(path):
                generated_files(document, remember)
        self._format(texts)
        rendered: dict[str, RenderedUnit] = {}
        for path, document in configurations.items():
            item = self._loaded[path]
            with self._placed(path):
                files = generated_files(document, self._format)
                source = document.get("terraform", {}).get("source")
                module = self._sources.module(source, item.scope.directory)
            rendered[path] = rendered_unit(
                item.unit, item.scope, document, module, files, command, lambda: self._terraform_version
            )
        return rendered

    def dag(self, environment: str | None = None) -> list[Unit]:
        """The environment's units or all, as `terragrunt find --dag` orders them: by how many in a row must
        come before, then by path; only those that pass `.terragrunt-filters`.

        Raises:
            StrataError: a unit cannot be read, or a cycle.
        """
        from strata.live.order import in_layers

        paths = discovery.units_of(self.root, environment) if environment else self.find()
        return in_layers(item.unit for item in self._load(paths))

    def files(self, unit: str) -> tuple[Scope, ...]:
        """The files that a unit is made of: its own, then those merged into it, the strongest first.

        Raises:
            StrataError: as `unit`.
        """
        scope = self._load([unit], check=False)[0].scope
        return scope, *reversed(scope.merged())

    def locals(self, files: Sequence[Path]) -> list[dict[str, Any]]:
        """The locals of files such as `env.hcl`, each as it is read by itself.

        Raises:
            StrataError: a file is missing or wrong.
        """
        scopes = [self._reader.unit(file) for file in files]
        values = self._reader.evaluate(scopes, lambda _: (), command="plan")
        return [values.locals.get(scope.key, {}) for scope in scopes]

    # -- reading ---------------------------------------------------------------------------------------------

    def _load(self, paths: Sequence[str], *, check: bool = True) -> list[Loaded]:
        """The units at `paths`; those not loaded yet are evaluated together.

        `check` says whether faults must come out that do not touch the graph.
        """
        missing = [path for path in dict.fromkeys(paths) if path not in self._loaded]
        scopes: dict[str, Scope] = {}
        for path in missing:
            file = self.root / path / discovery.CONFIGURATION
            if not file.is_file():
                raise StrataError(
                    f"unit `{path}` does not exist", remedy="see which exist: strata live graph"
                )
            scopes[path] = self._reader.unit(file)
        if scopes:
            units = list(scopes.values())
            values = self._reader.evaluate(units, graph_leaves, command="apply", check=check)
            for path, scope in scopes.items():
                loaded = loaded_unit(self.root, path, scope, values)
                require_readable(self._reader, loaded.unit)
                self._loaded[path] = loaded
        return [self._loaded[path] for path in paths]

    @contextlib.contextmanager
    def _placed(self, path: str) -> Iterator[None]:
        """Give an error without a file the unit's, and the line of its source."""
        try:
            yield
        except StrataError as error:
            if error.file:
                raise
            item = self._loaded[path]
            raise StrataError(
                error.message,
                file=item.unit.file,
                line=self._source_line(item.scope),
                remedy=error.remedy,
            ) from None

    def _format(self, texts: Sequence[str]) -> list[str]:
        unknown = [text for text in dict.fromkeys(texts) if text not in self._formatted]
        self._formatted.update(zip(unknown, self._reader.console.format(unknown), strict=True))
        return [self._formatted[text] for text in texts]

    def _source_line(self, scope: Scope) -> int | None:
        source = scope.tree.get("terraform", {}).get("source")
        return source.line if isinstance(source, Leaf) else None
