"""Turns a unit's evaluated configuration into the values its runner needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from strata.errors import StrataError
from strata.live.evaluation.functions import FunctionError, satisfies
from strata.live.language.schema import Leaf, leaves
from strata.live.language.scope import Scope
from strata.live.model import ExtraArguments, GeneratedFile, Hook, RenderedUnit, Unit
from strata.live.source import ModuleSource

_ALL = "all"
_ALL_EXCEPT_OUTPUT = "all_except_output"
# What the built-in runner does not heed. A value that changes nothing is let pass.
_TERRAGRUNT_ONLY: Mapping[tuple[str, ...], tuple[Any, ...]] = {
    ("download_dir",): (),
    ("errors", "ignore"): (),
    ("errors", "retry"): (),
    ("iam_assume_role_duration",): (),
    ("iam_assume_role_session_name",): (),
    ("iam_role",): (),
    ("iam_web_identity_token",): (),
    ("remote_state", "disable_init"): (False,),
    ("remote_state", "encryption"): (),
    ("terraform", "copy_terraform_lock_file"): (True,),
    ("terraform", "exclude_from_copy"): (),
    ("terraform", "include_in_copy"): (),
    ("terraform_binary",): (),
}
# What the built-in runner stands for.
_TERRAGRUNT_VERSION = "1.1.3"


def rendered_unit(
    unit: Unit,
    scope: Scope,
    document: Mapping[str, Any],
    module: ModuleSource,
    files: tuple[GeneratedFile, ...],
    command: str,
    terraform_version: Callable[[], str],
) -> RenderedUnit:
    """The unit as its runner needs it."""
    terraform = document.get("terraform", {})
    extra = tuple(_extra_arguments(block) for block in terraform.get("extra_arguments", {}).values())
    env_vars: dict[str, str] = {}
    for arguments in extra:
        if command in arguments.commands:
            env_vars.update(arguments.env_vars)
    return RenderedUnit(
        path=unit.path,
        source=terraform.get("source") or ".",
        module_dir=module.directory,
        inputs=document["inputs"] or {},
        remote_state=document.get("remote_state", {}),
        generated=files,
        before_hooks=_hooks(terraform.get("before_hook", {})),
        after_hooks=_hooks(terraform.get("after_hook", {})),
        env_vars=env_vars,
        prevent_destroy=document.get("prevent_destroy", False),
        source_root=module.root,
        error_hooks=_hooks(terraform.get("error_hook", {})),
        extra_arguments=extra,
        refusals=(
            *_refusals(unit, scope, document),
            *_version_refusals(unit, scope, document, terraform_version),
        ),
        command=command,
    )


def _hooks(blocks: Mapping[str, Mapping[str, Any]]) -> tuple[Hook, ...]:
    hooks: list[Hook] = []
    for block in blocks.values():
        if block.get("if") is not False:
            hooks.append(
                Hook(
                    name=block["name"],
                    commands=tuple(block["commands"]),
                    execute=tuple(block["execute"]),
                    working_dir=block.get("working_dir"),
                    run_on_error=block.get("run_on_error") or False,
                    on_errors=tuple(block.get("on_errors") or ()),
                    suppress_stdout=block.get("suppress_stdout") or False,
                )
            )
    return tuple(hooks)


def _extra_arguments(block: Mapping[str, Any]) -> ExtraArguments:
    return ExtraArguments(
        name=block["name"],
        commands=tuple(block["commands"]),
        arguments=tuple(block.get("arguments") or ()),
        required_var_files=tuple(block.get("required_var_files") or ()),
        optional_var_files=tuple(block.get("optional_var_files") or ()),
        env_vars=block.get("env_vars") or {},
    )


def excluded(units: Sequence[Unit], documents: Mapping[str, Mapping[str, Any]], command: str) -> set[str]:
    """Those that `exclude` blocks leave out of a run of `command` over these units."""
    found: set[str] = set()
    for unit in units:
        block = documents[unit.path].get("exclude")
        if block and block["if"] and _listed(block["actions"], command):
            found.add(unit.path)
            if block["exclude_dependencies"]:
                found.update(unit.after)
    return found & {unit.path for unit in units}


def _listed(actions: Sequence[str], command: str) -> bool:
    return _ALL in actions or command in actions or (_ALL_EXCEPT_OUTPUT in actions and command != "output")


def _refusals(unit: Unit, scope: Scope, document: Mapping[str, Any]) -> Iterator[StrataError]:
    for names, harmless in _TERRAGRUNT_ONLY.items():
        value: Any = document
        for name in names:
            value = (value or {}).get(name)
        if value not in (None, "", [], {}, *harmless):
            file, line = _place(scope, names)
            yield StrataError(
                f"{unit.path}: the built-in runner does not heed `{'.'.join(names)}`",
                file=file,
                line=line,
                remedy="take it out, or run the unit by Terragrunt",
            )


def _version_refusals(
    unit: Unit, scope: Scope, document: Mapping[str, Any], terraform_version: Callable[[], str]
) -> Iterator[StrataError]:
    """The version constraints that are not met, as the commands that plan and apply check them."""
    programs: tuple[tuple[str, str, Callable[[], str]], ...] = (
        ("terraform_version_constraint", "Terraform", terraform_version),
        ("terragrunt_version_constraint", "Terragrunt", lambda: _TERRAGRUNT_VERSION),
    )
    for name, program, version in programs:
        constraint = document.get(name)
        if not constraint:
            continue
        file, line = _place(scope, (name,))
        try:
            fault = "" if satisfies(version(), constraint) else f"{program} is {version()}"
        except FunctionError as error:
            fault = str(error)
        if fault:
            yield StrataError(
                f"{unit.path}: `{name}` asks for `{constraint}`: {fault}",
                file=file,
                line=line,
                remedy=f"install a {program} that meets it, or change the constraint",
            )


def _place(unit: Scope, names: Sequence[str]) -> tuple[Path, int | None]:
    """Where the strongest of the unit's files says it."""
    for scope in (unit, *reversed(unit.merged())):
        item: Any = scope.tree
        for name in names:
            item = item.get(name) if isinstance(item, dict) else None
        found = [item] if isinstance(item, Leaf) else [*leaves(item or {})]
        if found:
            return found[0].value.path, found[0].line
    return unit.file.path, None
