"""One plan for all units of an environment (decision D3). It reads, and writes nothing but scratch files."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strata.checkout.child_output import json_document
from strata.checkout.file_lock import held
from strata.checkout.files import write_private
from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError
from strata.live.discovery import LOCK_FILE
from strata.live.evaluation.console import planted_failure
from strata.terraform.diagnostics import MessageStream, relative_locator
from strata.terraform.environment_root import Member, Root, module_name, outputs_expression, write_root
from strata.terraform.merged_state import merge_states
from strata.terraform.plan_document import EnvironmentPlan, read_plan
from strata.terraform.process import ProcessGroup
from strata.terraform.root_module import UnitModule, lift
from strata.terraform.selection import choose, with_dependents, with_unapplied
from strata.terraform.state import StateBackend, UnitState
from strata.terraform.toolchain import Toolchain
from strata.terraform.unit_run import UnitRun, run_init
from strata.terraform.warm_provider import WarmProvider, installed_aws_provider
from strata.terraform.workdir import WorkingDirectory, copied_files, prepare

if TYPE_CHECKING:
    from strata.live import LiveTree, RenderedUnit, Unit
    from strata.live.composition import EnvironmentComposition
    from strata.terraform.schema_proxy import SchemaProxy

_STATE, _PLAN, _FILE = "terraform.tfstate", "plan.tfplan", "main.tf"
# Of `plan -detailed-exitcode`.
_CHANGES = 2
_LOGIN = ("AWS_", "SNOWFLAKE_", "STRATA_LOCAL")
# What `extra_arguments` may say for `plan` without changing what is planned.
_HARMLESS = ("-lock", "-no-color", "-compact-warnings", "-parallelism", "-input")


@dataclass
class EnvironmentPlanner:
    """Plans environments against the embedded cloud.

    Args:
        tree: the live tree.
        toolchain: from `find_toolchain`.
        endpoints: of a running embedded cloud; None plans against the account that this process is logged in
            to, by its own AWS_* and SNOWFLAKE_* variables: a plan only reads.
        folder: where the scratch files are kept from plan to plan; no state and no value stays there.
        on_step: called with a word on what is being done.
        on_waiting: called with the process that plans the same environment, when the wait for it begins.
        login: without endpoints, variables of a login that this process's own environment does not hold.

    Raises:
        StrataError: the endpoints are not on this machine.
    """

    tree: LiveTree
    toolchain: Toolchain
    endpoints: Endpoints | None
    folder: Path
    on_step: Callable[[str], None] = lambda text: None
    on_waiting: Callable[[str], None] = lambda holder: None
    processes: ProcessGroup = field(default_factory=ProcessGroup)
    login: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._backend = StateBackend(self.endpoints)

    def plan(self, environment: str, units: Sequence[str] | None = None) -> EnvironmentPlan:
        """Plan all units of an environment as one.

        Args:
            environment: its name.
            units: plan only these (by path or component), the units that depend on them, and what they need
                that is not applied.

        Raises:
            StrataError: an unknown environment or unit; a unit that cannot be part of one plan; Terraform's
                own error, at the place in the live tree or the module.
        """
        known, chosen, document = self._planned(environment, units, show_unchanged=False)
        modules = {module_name(known[path]): path for path in chosen}
        return read_plan(document, environment, modules, {path: unit.after for path, unit in known.items()})

    def plan_json(self, environment: str, units: Sequence[str] | None = None) -> Mapping[str, Any]:
        """Plan as `plan` does; return Terraform's own plan JSON, with every value that is planned.

        Addresses begin with `module.<component, dashes kept>.`; it is for checks that do not print values.
        """
        return self._planned(environment, units, show_unchanged=True)[2]

    def _planned(
        self, environment: str, units: Sequence[str] | None, *, show_unchanged: bool
    ) -> tuple[dict[str, Unit], list[str], Mapping[str, Any]]:
        self.on_step("reading units and states")
        folder = self.folder.absolute() / environment
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        with contextlib.ExitStack() as stack:
            provider = self._provider(folder / "data", stack)
            known = {unit.path: unit for unit in self.tree.units(environment)}
            states = self._backend.read_all(self.tree.remote_states(list(known)))
            outputs = {path: state.outputs for path, state in states.items() if state is not None}
            chosen = list(known)
            if units is not None:
                wanted = with_dependents(self.tree.graph(environment), choose(known, units, environment))
                wanted = with_unapplied(known, wanted, outputs)
                chosen = [path for path in known if path in wanted]
            excluded = self.tree.excluded(chosen, command="plan")
            chosen = [path for path in chosen if path not in excluded]
            skeletons = self.tree.skeletons(chosen, outputs, command="plan")
            for skeleton in skeletons.values():
                for refusal in skeleton.refusals:
                    raise refusal
            what = f"the plan of {environment}"
            stack.enter_context(held(folder / "lock", what, math.inf, self.on_waiting))
            stack.enter_context(_emptied(folder))
            parts = {
                path: _UnitPart.prepare(known[path], skeletons[path], folder / "source" / "units", stack)
                for path in chosen
            }
            self.on_step("building artifacts")
            expressions = {path: outputs_expression(part.name, part.module) for path, part in parts.items()}
            with ThreadPoolExecutor(1) as pool:
                composing = pool.submit(self.tree.compose, expressions, outputs)
                self._run_hooks(list(parts.values()))
                composition = composing.result()
            self.on_step("planning")
            document = self._terraform(
                environment, folder, parts, states, composition, provider, show_unchanged
            )
        return known, chosen, document

    def _cloud(self) -> dict[str, str]:
        """The variables by which Terraform finds AWS and Snowflake."""
        if self.endpoints is not None:
            return self.endpoints.environment()
        own = {name: value for name, value in os.environ.items() if name.startswith(_LOGIN)}
        return {**own, **self.login}

    def _run_hooks(self, parts: Sequence[_UnitPart]) -> None:
        with ThreadPoolExecutor(4) as pool:
            try:
                for _ in pool.map(self._before, parts):
                    pass
            except BaseException:
                # The pool's end waits for the other hooks.
                self.processes.stop()
                raise

    def _before(self, part: _UnitPart) -> None:
        _refuse_arguments(part.rendered, part.unit.file)
        run = UnitRun(
            part.rendered,
            part.directory,
            self.toolchain,
            self.processes,
            self._cloud(),
        )
        run.before("plan")

    def _provider(self, data_dir: Path, stack: contextlib.ExitStack) -> SchemaProxy | None:
        """The AWS provider, on its way while units are read; None before the first `init`."""
        program = installed_aws_provider(data_dir)
        if program is None:
            return None
        # Imported here: half the commands know this module, and gRPC takes a tenth of a second.
        from strata.terraform.schema_proxy import SchemaProxy

        provider = WarmProvider(program, self.toolchain.environment(self._cloud()))
        proxy = SchemaProxy(provider, self.toolchain.schemas)
        stack.callback(proxy.stop)
        stack.callback(provider.stop)
        provider.start()
        proxy.start()
        return proxy

    def _terraform(
        self,
        environment: str,
        folder: Path,
        parts: Mapping[str, _UnitPart],
        states: Mapping[str, UnitState | None],
        composition: EnvironmentComposition,
        provider: SchemaProxy | None,
        show_unchanged: bool,
    ) -> Mapping[str, Any]:
        place = folder / "source" / "root"
        place.mkdir(parents=True, exist_ok=True)
        _link_products(place, list(parts.values()))
        # What the bootstrap has still to make cannot be imported.
        absent = self._backend.missing(part.rendered.remote_state for part in parts.values())
        root = write_root([part.member(place) for part in parts.values()], composition, absent)
        write_private(place / _FILE, root.text)
        applied = {part.name: state.document for path, part in parts.items() if (state := states[path])}
        if applied:
            own_files = {part.name: part.unit.file for part in parts.values()}
            write_private(place / _STATE, json.dumps(merge_states(applied, root.aliases, own_files)))
        locate = _Locator(place, root, list(parts.values()))
        directory = WorkingDirectory(place, folder, place, folder)
        variables = {**self._cloud(), "TF_DATA_DIR": str(directory.data_dir)}
        what = f"the plan of {environment} failed"

        def run(
            *arguments: str, on_line: Callable[[str], None], toolchain: Toolchain = self.toolchain
        ) -> int:
            command = [str(toolchain.terraform), *arguments]
            environ = toolchain.environment(variables)
            return self.processes.run(command, cwd=place, env=environ, on_line=on_line)

        def checked(
            *arguments: str, ends: tuple[int, ...] = (0,), toolchain: Toolchain = self.toolchain
        ) -> int:
            stream = MessageStream(locate=locate)
            code = run(*arguments, on_line=stream.feed, toolchain=toolchain)
            if code not in ends:
                codes = "\n".join(found.code for found in stream.diagnostics)
                raise planted_failure(codes, composition.failures) or stream.error(what)
            return code

        def init(toolchain: Toolchain) -> None:
            checked("init", "-input=false", "-json", toolchain=toolchain)

        run_init(self.toolchain, self.processes, directory, init)
        # One process has one configuration; and `init` may have chosen another provider.
        shared = not root.aliased("hashicorp/aws")
        if provider and shared and provider.program == installed_aws_provider(directory.data_dir):
            from strata.terraform.schema_proxy import Types

            variables = provider.attached(variables, Types.of(directory.configuration(), applied.values()))
        options = ("-input=false", "-json", "-lock=false", "-detailed-exitcode")
        ended = checked("plan", *options, f"-out={folder / _PLAN}", ends=(0, _CHANGES))
        if ended != _CHANGES and not show_unchanged:
            return {}
        self.on_step("reading the plan")
        lines: list[str] = []
        if run("show", "-json", str(folder / _PLAN), on_line=lines.append):
            raise StrataError(f"{what}: {' '.join(lines)[-600:]}")
        try:
            document: Mapping[str, Any] = json_document("\n".join(lines))
        except ValueError:
            raise StrataError(f"{what}: {' '.join(lines)[-600:]}") from None
        return document


@dataclass(frozen=True)
class _UnitPart:
    """A unit in the scratch folder."""

    name: str
    unit: Unit
    rendered: RenderedUnit
    module: UnitModule
    directory: WorkingDirectory

    @classmethod
    def prepare(
        cls, unit: Unit, skeleton: RenderedUnit, work_dir: Path, stack: contextlib.ExitStack
    ) -> _UnitPart:
        unit_dir = unit.file.parent
        module = lift(skeleton, unit_dir)
        rendered = replace(skeleton, generated=(*skeleton.generated, *module.files))
        directory = stack.enter_context(prepare(rendered, unit_dir, work_dir))
        return cls(module_name(unit), unit, rendered, module, directory)

    def products(self) -> Iterator[tuple[str, Path]]:
        """What hooks have built in the working directory, by its path there."""
        known = {generated.path for generated in self.rendered.generated}
        for path, name in copied_files(self.directory.path):
            given = (self.rendered.module_dir / name, self.unit.file.parent / name)
            if name not in known and not any(file.exists() for file in given) and not name.startswith("."):
                yield name, path

    def member(self, root: Path) -> Member:
        return Member(self.name, self.unit, self.module, os.path.relpath(self.directory.path, root))


@dataclass(frozen=True)
class _Locator:
    """Finds the place a person should look at: in the live tree for the root, else in the module."""

    folder: Path
    root: Root
    parts: Sequence[_UnitPart]

    def __call__(self, name: str, line: int | None) -> tuple[str, int | None]:
        path = (self.folder / name).resolve()
        if path == (self.folder / _FILE).resolve():
            file, number = self.root.origins.get(line or 0, (path, line or 0))
            return str(file), number or None
        for part in self.parts:
            copied = part.directory.folder / "source"
            if path.is_relative_to(copied.resolve()):
                return relative_locator(self.folder, copied, part.directory.original)(name, line)
        return str(path), line


def _link_products(root: Path, parts: Sequence[_UnitPart]) -> None:
    """Let the root find what hooks have built for a unit where the unit's own working directory has it.

    A relative path means the folder that Terraform runs in, and in a plan it stands as a value.

    Raises:
        StrataError: two units have built different files of one name.
    """
    for stale in root.iterdir():
        if stale.name not in (_FILE, LOCK_FILE):
            shutil.rmtree(stale) if stale.is_dir() and not stale.is_symlink() else stale.unlink()
    owners: dict[str, _UnitPart] = {}
    for part in parts:
        for name, product in part.products():
            other = owners.setdefault(name, part)
            if other is not part:
                if (other.directory.path / name).read_bytes() == product.read_bytes():
                    continue
                raise StrataError(
                    f"{other.unit.path} and {part.unit.path} build {name}, not the same: they cannot be "
                    "planned as one",
                    file=part.unit.file,
                    remedy="let their hooks write into folders of their own names",
                )
            link = root / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(product)


@contextlib.contextmanager
def _emptied(folder: Path) -> Iterator[None]:
    """Leave neither state nor plan behind: both hold values."""
    files = (folder / _PLAN, *(folder / "source" / "root" / f"{_STATE}{end}" for end in ("", ".backup")))
    for file in files:
        file.unlink(missing_ok=True)
    try:
        yield
    finally:
        for file in files:
            file.unlink(missing_ok=True)


def _refuse_arguments(rendered: RenderedUnit, file: Path) -> None:
    """Refuse what `extra_arguments` would change in this unit's plan, and cannot in a plan of many."""
    for extra in rendered.extra_arguments:
        if "plan" not in extra.commands:
            continue
        telling = [word for word in extra.arguments if not word.startswith(_HARMLESS)]
        telling += [*extra.required_var_files, *extra.optional_var_files, *extra.env_vars]
        if telling:
            raise StrataError(
                f"{rendered.path}: extra_arguments {extra.name} ({telling[0]}) cannot be part of a plan of "
                "the whole environment",
                file=file,
                remedy="say it as inputs",
            )
