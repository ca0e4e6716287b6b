"""The AWS providers of one run against the embedded cloud, with which its units take turns.

Terraform starts a provider for each command, builds all of its schemas and reads them: two to three seconds
of CPU for each of a unit's commands, most of what a unit costs. Here a unit gets a provider that runs
already, with the schemas of its own types alone; one that another unit uses at the same time is never shared,
for a provider has one configuration.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from strata.hcl.syntax import parse
from strata.terraform.kept_schemas import KeptSchemas
from strata.terraform.schema_proxy import SchemaProxy, Types
from strata.terraform.toolchain import Toolchain
from strata.terraform.unit_run import UnitRun
from strata.terraform.warm_provider import WarmProvider, installed_aws_provider

# The local names of the provider.
_LOCAL_NAME = re.compile(r'([\w-]+)"?\s*[=:]\s*\{[^{}]*"(?:[\w.-]+/)?hashicorp/aws"')


class ProviderPool:
    """Providers that run until the pool is closed.

    Args:
        toolchain: Terraform's.
        endpoints: the environment by which the embedded cloud is found.
    """

    def __init__(self, toolchain: Toolchain, endpoints: Mapping[str, str]) -> None:
        self._environment = toolchain.environment(endpoints)
        self._schemas = toolchain.schemas
        self._lock = threading.Lock()
        self._idle: list[RunningProvider] = []
        self._all: list[RunningProvider] = []

    def close(self) -> None:
        """Stop the providers."""
        for running in self._all:
            running.stop()

    @contextlib.contextmanager
    def lent(self, run: UnitRun, state: Mapping[str, Any] | None) -> Iterator[UnitRun]:
        """A unit's run with a provider that runs already.

        The run stays as it is if the unit lacks the AWS provider, configures it more than once, or has
        environment variables of its own, with which a provider would have to start.

        Args:
            run: after `init`.
            state: the unit's state, if it has one.
        """
        program = installed_aws_provider(run.directory.data_dir)
        files = run.directory.configuration()
        if program is None or _sets_variables(run) or any(map(_configures_more, files)):
            yield run
            return
        running = self._take(program)
        try:
            types = Types.of(files, [state] if state else [])
            yield replace(
                run,
                endpoints=running.attached(run.endpoints, types),
                beside=lambda: running.beside(run.directory.path),
            )
        finally:
            self._idle.append(running)

    def _take(self, program: Path) -> RunningProvider:
        with self._lock:
            for running in self._idle:
                if running.program == program and running.running:
                    self._idle.remove(running)
                    return running
            running = RunningProvider(program, self._environment, self._schemas)
            self._all.append(running)
        return running


def _sets_variables(run: UnitRun) -> bool:
    rendered = run.rendered
    return bool(rendered.env_vars) or any(extra.env_vars for extra in rendered.extra_arguments)


def _configures_more(file: Path) -> bool:
    """Whether a file gives the provider more than one configuration: by an alias, or another local name."""
    text = file.read_text(encoding="utf-8", errors="replace")
    if any(name != "aws" for name in _LOCAL_NAME.findall(text)) or "configuration_aliases" in text:
        return True
    if "alias" not in text or "provider" not in text:
        return False
    if file.suffix == ".json":
        return True
    return any(
        "alias" in block.attributes for block in parse(str(file), text.encode()).body.children("provider")
    )


class RunningProvider:
    """A provider with its proxy, in a folder of its own."""

    def __init__(self, program: Path, environment: Mapping[str, str], schemas: KeptSchemas) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="strata-provider-")
        self._around = Path(self._folder.name)
        self._within = Path(tempfile.mkdtemp(dir=self._around))
        self._provider = WarmProvider(program, environment, self._within)
        self._proxy = SchemaProxy(self._provider, schemas)
        self._provider.start()
        self._proxy.start()

    @property
    def program(self) -> Path:
        """The provider's program."""
        return self._provider.program

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._provider.running

    def attached(self, variables: Mapping[str, str], types: Types) -> dict[str, str]:
        """Terraform's variables, with which it uses the provider for these types."""
        return self._proxy.attached(variables, types)

    @contextlib.contextmanager
    def beside(self, place: Path) -> Iterator[None]:
        """Let relative paths lead where they would if the provider ran in a folder, to its neighbours too."""
        links = {self._within / path.name: path for path in place.iterdir()}
        links |= {self._around / path.name: path for path in place.parent.iterdir()}
        for link, path in links.items():
            link.symlink_to(path)
        try:
            yield
        finally:
            for link in links:
                link.unlink()

    def stop(self) -> None:
        self._provider.stop()
        self._proxy.stop()
        self._folder.cleanup()
