"""One unit and Terraform: hooks, init, and then plan, apply or destroy."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from strata.checkout.files import write_private
from strata.errors import StrataError
from strata.terraform.diagnostics import MessageStream, relative_locator
from strata.terraform.mock_guard import refuse_mocked_plan
from strata.terraform.process import ProcessGroup
from strata.terraform.toolchain import Toolchain, download_aws_provider
from strata.terraform.workdir import WorkingDirectory, input_variables

if TYPE_CHECKING:
    from strata.live import Hook, RenderedUnit

Command = Literal["plan", "apply", "destroy"]
_COMMANDS: dict[Command, tuple[str, ...]] = {
    "plan": ("-detailed-exitcode",),
    "apply": ("-auto-approve",),
    "destroy": ("-auto-approve",),
}
# As `terragrunt run --all plan --out-dir DIR --json-out-dir DIR` names them.
_PLAN, _PLAN_JSON = "tfplan.tfplan", "tfplan.json"
# Terragrunt runs such hooks before the working directory exists.
_EARLY_COMMANDS = {"init-from-module", "terragrunt-read-config"}
# A user's own plugin cache is not safe for several `init` at once.
_one_init = threading.Lock()


@dataclass(frozen=True)
class SavedPlan:
    """A unit's saved plan: Terraform's file, and the same as JSON. Both hold values, also secret ones."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / _PLAN

    def create(self) -> None:
        """Make the folder, for its owner only, without the files of an earlier plan."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in (_PLAN, _PLAN_JSON):
            (self.folder / name).unlink(missing_ok=True)

    def write(self, document: str) -> None:
        """Write the plan as JSON."""
        write_private(self.folder / _PLAN_JSON, document)


@dataclass(frozen=True)
class UnitRun:
    """One unit in its working directory.

    Args:
        rendered: the unit.
        directory: its working directory, held.
        toolchain: what runs it.
        processes: whose children its processes are.
        endpoints: the environment by which the embedded cloud is found.
        lock_timeout: for how many seconds to wait for a state lock that another run holds.
        on_progress: called with (resources done, address in hand) while resources change.
        on_waiting: called when Terraform begins to wait for a state lock.
        beside: entered while Terraform runs, after the hooks, which may make files that the provider opens.
    """

    rendered: RenderedUnit
    directory: WorkingDirectory
    toolchain: Toolchain
    processes: ProcessGroup
    endpoints: dict[str, str]
    lock_timeout: float = 0.0
    on_progress: Callable[[int, str], None] = lambda done, address: None
    on_waiting: Callable[[], None] = lambda: None
    beside: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext

    def init(self) -> None:
        """Run `terraform init`, with its hooks, unless nothing relevant has changed since it last did.

        Raises:
            StrataError: it failed.
            CancelledError: it was stopped.
        """
        # -reconfigure: a state is never moved from one backend to another here, and a run cannot ask.
        arguments = ("-input=false", "-json", "-reconfigure", self._lock_timeout())

        def init(toolchain: Toolchain) -> None:
            replace(self, toolchain=toolchain)._with_hooks("init", arguments)

        run_init(self.toolchain, self.processes, self.directory, init)

    def before(self, command: str) -> None:
        """Run the hooks that come before a command, and not the command.

        Raises:
            StrataError: one failed.
            CancelledError: it was stopped.
        """
        self._refuse_early_hooks()
        failures: list[StrataError] = []
        for hook in _of(self.rendered.before_hooks, command):
            self._hook(hook, command, failures)
            if failures:
                raise failures[0]

    def run(
        self, command: Command, plan: SavedPlan | None = None, *, plan_destroy: bool = False
    ) -> MessageStream:
        """Run a Terraform command with its hooks, and return what it said.

        Args:
            command: what to run.
            plan: for `plan`, where to save it; for `apply`, the plan to apply.
            plan_destroy: for `plan`, plan that the unit goes.

        Raises:
            StrataError: it failed: Terraform's own words, and the module's file and line; the saved plan is
                missing, or was made with a mock output.
            CancelledError: it was stopped.
        """
        # A plan only reads: it neither takes a lock nor waits for another's.
        lock = "-lock=false" if command == "plan" else self._lock_timeout()
        arguments = (*_COMMANDS[command], "-input=false", "-json", lock)
        if plan_destroy:
            arguments = (*arguments, "-destroy")
        if plan is None:
            return self._with_hooks(command, arguments)
        if command == "apply":
            if not plan.file.is_file():
                raise StrataError(f"{self.rendered.path}: no saved plan", file=plan.file)
            refuse_mocked_plan(self.rendered.path, json.loads(self._show(plan.file)))
            return self._with_hooks(command, (*arguments, str(plan.file)))
        plan.create()
        stream = self._with_hooks(command, (*arguments, f"-out={plan.file}"))
        plan.file.chmod(0o600)
        plan.write(self._show(plan.file))
        return stream

    def _show(self, plan: Path) -> str:
        """A saved plan as JSON."""
        lines: list[str] = []
        code = self.processes.run(
            [str(self.toolchain.terraform), "show", "-json", str(plan)],
            cwd=self.directory.path,
            env=self._environment("show"),
            on_line=lines.append,
        )
        # The longest, not the first: a notice may be JSON too.
        document = max((line for line in lines if line.startswith("{")), key=len, default=None)
        if code or document is None:
            raise StrataError(
                f"{self.rendered.path}: the saved plan cannot be read: {' '.join(lines)[-600:]}"
            )
        return document

    def _lock_timeout(self) -> str:
        return f"-lock-timeout={self.lock_timeout:.0f}s"

    def _with_hooks(self, command: str, arguments: tuple[str, ...]) -> MessageStream:
        rendered = self.rendered
        stream = MessageStream(
            rendered.path, locate=self._locator(), on_progress=self.on_progress, on_waiting=self.on_waiting
        )
        failures: list[StrataError] = []
        self._refuse_early_hooks()
        for hook in _of(rendered.before_hooks, command):
            if not failures or hook.run_on_error:
                self._hook(hook, command, failures)
        if not failures:
            with self.beside():
                self._terraform(command, arguments, stream, failures)
        for hook in _of(rendered.after_hooks, command):
            if not failures or hook.run_on_error:
                self._hook(hook, command, failures)
        if failures:
            messages = "\n".join([*map(str, failures), *stream.words()])
            for hook in _of(rendered.error_hooks, command):
                if any(re.search(pattern, messages) for pattern in hook.on_errors):
                    self._hook(hook, command, failures)
            raise UnitError(failures[0], stream)
        return stream

    def _terraform(
        self, command: str, arguments: tuple[str, ...], stream: MessageStream, failures: list[StrataError]
    ) -> None:
        deadline = time.monotonic() + self.lock_timeout
        while True:
            code = self.processes.run(
                # A flag given twice counts as given last: the runner's own come after `extra_arguments`.
                [str(self.toolchain.terraform), command, *self._extra_arguments(command), *arguments],
                cwd=self.directory.path,
                env=self._environment(command),
                on_line=stream.feed,
            )
            if code == 0 or not stream.lost_race or time.monotonic() >= deadline:
                break
            stream.forget()
        # 2 of `plan -detailed-exitcode`: there are changes.
        if code != 0 and not (code == 2 and "-detailed-exitcode" in arguments):
            failures.append(stream.error(f"{self.rendered.path}: terraform {command} failed"))

    def _extra_arguments(self, command: str) -> Iterator[str]:
        for extra in self.rendered.extra_arguments:
            if command in extra.commands:
                yield from extra.arguments
                yield from (f"-var-file={name}" for name in extra.required_var_files)
                yield from (f"-var-file={name}" for name in extra.optional_var_files if Path(name).is_file())

    def _refuse_early_hooks(self) -> None:
        rendered = self.rendered
        for hook in (*rendered.before_hooks, *rendered.after_hooks, *rendered.error_hooks):
            if early := _EARLY_COMMANDS.intersection(hook.commands):
                raise StrataError(
                    f"{rendered.path}: hook {hook.name}: the built-in runner runs no hooks on {early.pop()}",
                    file=self.directory.unit_file,
                    remedy="let it run on init",
                )

    def _hook(self, hook: Hook, command: str, failures: list[StrataError]) -> None:
        output: deque[str] = deque(maxlen=30)
        context = {
            "TG_CTX_TF_PATH": str(self.toolchain.terraform),
            "TG_CTX_COMMAND": command,
            "TG_CTX_HOOK_NAME": hook.name,
        }
        place = self.directory.path / (hook.working_dir or "")
        code = self.processes.run(
            hook.execute,
            cwd=place,
            env=self._environment(command) | context,
            on_line=output.append,
        )
        if code != 0:
            failures.append(
                StrataError(
                    f"{self.rendered.path}: hook {hook.name} ({' '.join(hook.execute)}) ended with exit code "
                    f"{code}: {' '.join(output).strip()[-600:] or 'it printed nothing'}",
                    file=self.directory.unit_file,
                    remedy=f"fix what it reports; it ran in {place}",
                )
            )

    def _environment(self, command: str) -> dict[str, str]:
        environment = self.toolchain.environment(
            {**self.endpoints, "TF_DATA_DIR": str(self.directory.data_dir)}
        )
        # The order is Terragrunt's: a variable of `extra_arguments` comes before an input of the same name.
        environment |= input_variables(self.rendered.inputs) | self.rendered.env_vars
        for extra in self.rendered.extra_arguments:
            if command in extra.commands:
                environment |= extra.env_vars
        return environment

    def _locator(self) -> Callable[[str, int | None], tuple[str, int | None]]:
        return relative_locator(
            self.directory.path, self.directory.folder / "source", self.directory.original
        )


def run_init(
    toolchain: Toolchain,
    processes: ProcessGroup,
    directory: WorkingDirectory,
    init: Callable[[Toolchain], object],
) -> None:
    """Call `init`, which runs `terraform init` in `directory`, unless it did for the same code and tools.

    Args:
        toolchain: what runs the directory's commands.
        processes: whose children they are.
        directory: the working directory.
        init: gets the toolchain for this command alone.
    """
    fingerprint = "\n".join(
        (str(toolchain.terraform), toolchain.terraform_version, toolchain.cli_config.read_text())
    )
    if directory.init_needed(fingerprint):
        download_aws_provider(toolchain, processes)
        has_hashes = directory.has_hashes(toolchain.platform)
        directory.init_begins(has_hashes=has_hashes)
        with contextlib.nullcontext() if toolchain.parallel_init else _one_init:
            toolchain.init(directory.path, directory.data_dir, init)
        # A provider from the caller's own mirror may be built by the caller; hashes of this platform alone
        # would take the place of those of CI's.
        hand_back = toolchain.snowflake_mirror is None and has_hashes
        directory.init_done(fingerprint, hand_back=hand_back)
    directory.drop_hashes()


class UnitError(StrataError):
    """A unit's failure, with everything Terraform said."""

    def __init__(self, error: StrataError, stream: MessageStream) -> None:
        super().__init__(
            error.message, file=error.file, line=error.line, remedy=error.remedy, page=error.page
        )
        self.stream = stream


def _of(hooks: Iterable[Hook], command: str) -> list[Hook]:
    return [hook for hook in hooks if command in hook.commands]
