"""The states of many units as one, each below the module that the unit is there."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from strata.errors import StrataError

_VERSION = 4
# In a unit's root, and not in a module of its own.
_ROOT_PROVIDER = re.compile(r'provider\["(?P<host>[^"/]+)/(?P<source>[^"]+)"\](?P<alias>\..+)?')


def merge_states(
    states: Mapping[str, Mapping[str, Any]],
    aliases: Mapping[str, Mapping[str, str]],
    files: Mapping[str, Path],
) -> dict[str, Any]:
    """Merge state documents.

    The outputs of a unit become one output, named as its module, so that a plan shows how they would change.

    Args:
        states: by module name, a state as Terraform writes it.
        aliases: by module name and provider source, such as `hashicorp/aws`, the alias of the configuration
            that the module gets; a source that is not there gets the root's own.
        files: by module name, the unit's file, for errors.

    Returns:
        The merged document.

    Raises:
        StrataError: a state is of another version, or its root has a provider with an alias.
    """
    for name, state in states.items():
        if state.get("version") != _VERSION:
            raise StrataError(
                f"the state of {name} has version {state.get('version')}, not {_VERSION}",
                file=files[name],
                remedy="apply the unit alone: Terraform then writes its state anew",
            )
    versions = [str(state.get("terraform_version", "")) for state in states.values()]
    return {
        "version": _VERSION,
        "terraform_version": max(versions, key=_numbers, default="1.0.0"),
        "serial": 1,
        "lineage": str(uuid.uuid4()),
        "outputs": {
            name: _output(state["outputs"]) for name, state in states.items() if state.get("outputs")
        },
        "resources": [
            resource
            for name, state in states.items()
            for resource in _resources(name, state, aliases.get(name, {}), files[name])
        ],
        "check_results": None,
    }


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", version)[:3])


def _output(outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "value": {name: output["value"] for name, output in outputs.items()},
        "type": ["object", {name: output["type"] for name, output in outputs.items()}],
        "sensitive": True,
    }


def _resources(
    module: str, state: Mapping[str, Any], aliases: Mapping[str, str], file: Path
) -> Iterator[dict[str, Any]]:
    prefix = f"module.{module}"
    for resource in state.get("resources", []):
        below = resource.get("module")
        yield {
            **resource,
            "module": f"{prefix}.{below}" if below else prefix,
            "provider": _provider(resource["provider"], prefix, aliases, file),
            "instances": [
                {
                    **instance,
                    **(
                        {"dependencies": [f"{prefix}.{address}" for address in instance["dependencies"]]}
                        if instance.get("dependencies")
                        else {}
                    ),
                }
                for instance in resource.get("instances", [])
            ],
        }


def _provider(provider: str, prefix: str, aliases: Mapping[str, str], file: Path) -> str:
    found = _ROOT_PROVIDER.fullmatch(provider)
    if found is None:
        return f"{prefix}.{provider}"
    if found["alias"]:
        raise StrataError(
            f"the state of {prefix.removeprefix('module.')} uses {provider}, an alias",
            file=file,
            remedy="give the unit one configuration of each provider, and apply it alone",
        )
    alias = aliases.get(found["source"])
    return f"{provider}.{alias}" if alias else provider
