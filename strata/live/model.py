"""What the live tree says, as values: a unit before and after its dependencies' outputs are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strata.errors import StrataError


@dataclass(frozen=True)
class Hook:
    """A command to run before or after Terraform, or after a Terraform error that `on_errors` matches."""

    name: str
    commands: tuple[str, ...]
    execute: tuple[str, ...]
    working_dir: str | None
    run_on_error: bool
    on_errors: tuple[str, ...] = ()
    suppress_stdout: bool = False


@dataclass(frozen=True)
class ExtraArguments:
    """Arguments, variable files and environment variables for the Terraform commands named."""

    name: str
    commands: tuple[str, ...]
    arguments: tuple[str, ...]
    required_var_files: tuple[str, ...]
    optional_var_files: tuple[str, ...]
    env_vars: Mapping[str, str]


@dataclass(frozen=True)
class GeneratedFile:
    """A file to write into the working directory: its final text, Terragrunt's signature included.

    `if_exists` is `overwrite`, `overwrite_terragrunt`, `skip` or `error`: what to do when the module brings
    the file.
    """

    path: str
    contents: str
    if_exists: str = "overwrite_terragrunt"


class UnitOutputs(dict[str, Any]):
    """A unit's outputs by name, with what Terraform's state says of their types.

    Args:
        values: the outputs.
        types: by output name, the type as a state spells it, such as `["map", "string"]`. An output without
            one is classified by its value, as a mock is.
    """

    def __init__(self, values: Mapping[str, Any], types: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.types = types


@dataclass(frozen=True)
class Dependency:
    """One `dependency` block; `path` is the path of the unit whose outputs it reads."""

    name: str
    path: str
    mock_outputs: dict[str, Any] | None
    mock_outputs_allowed_terraform_commands: tuple[str, ...]
    skip_outputs: bool
    enabled: bool = True
    mock_outputs_merge_strategy_with_state: str = "no_merge"

    def mocks_allowed(self, command: str) -> bool:
        """Whether the mocks may stand in for outputs under `command` (an empty list allows every command)."""
        allowed = self.mock_outputs_allowed_terraform_commands
        return self.mock_outputs is not None and (not allowed or command in allowed)


@dataclass(frozen=True)
class Unit:
    """A folder with a `terragrunt.hcl`: `live/dev/s3` is component `s3` of environment `dev`.

    `after` holds the paths of the units it must wait for, from `dependency` and `dependencies` blocks;
    `places` says by path in which file and line.
    """

    path: str
    environment: str
    component: str
    file: Path
    dependencies: tuple[Dependency, ...]
    after: tuple[str, ...]
    places: Mapping[str, tuple[Path, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class RenderedUnit:
    """A unit with every expression evaluated.

    `module_dir` is the folder Terraform runs in; `source_root` the folder to copy (they differ when the
    source holds `//`, as in `modules//s3`: copy `modules`, run in `s3`). `env_vars` are those of
    `extra_arguments` for `command`. `refusals` are the errors that a run by anything but Terragrunt
    is. Which units `exclude` blocks leave out of a run, `LiveTree.excluded` says.
    """

    path: str
    source: str
    module_dir: Path
    inputs: dict[str, Any]
    remote_state: dict[str, Any]
    generated: tuple[GeneratedFile, ...]
    before_hooks: tuple[Hook, ...]
    after_hooks: tuple[Hook, ...]
    env_vars: dict[str, str]
    prevent_destroy: bool
    source_root: Path = field(default_factory=Path)
    error_hooks: tuple[Hook, ...] = ()
    extra_arguments: tuple[ExtraArguments, ...] = ()
    refusals: tuple[StrataError, ...] = ()
    command: str = "apply"
