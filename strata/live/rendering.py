"""Turns a unit's evaluated configuration into the values its runner needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strata.live.model import ExtraArguments, GeneratedFile, Hook, RenderedUnit, Unit
from strata.live.source import Module

_ALL = "all"
_ALL_EXCEPT_OUTPUT = "all_except_output"


def rendered_unit(
    unit: Unit, document: Mapping[str, Any], module: Module, files: tuple[GeneratedFile, ...], command: str
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
        excluded=_excluded(document.get("exclude"), command),
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


def _excluded(block: Mapping[str, Any] | None, command: str) -> bool:
    if not block or not block["if"]:
        return False
    actions = block["actions"]
    return _ALL in actions or command in actions or (_ALL_EXCEPT_OUTPUT in actions and command != "output")
