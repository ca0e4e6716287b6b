"""The outputs of applied units, read from their states and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from strata.errors import StrataError
from strata.live import LiveTree, Unit, UnitOutputs
from strata.live.source import split
from strata.terraform.state import StateBackend, UnitState, read_state

_LOCAL_STATE = "terraform.tfstate"


def dependency_outputs(
    tree: LiveTree, paths: Sequence[str], backend_of: Callable[[Unit], StateBackend]
) -> dict[str, UnitOutputs]:
    """Read the outputs that units take from their dependencies, as Terragrunt does.

    Args:
        tree: the live tree.
        paths: the units.
        backend_of: gives what reads the S3 states of a unit.

    Returns:
        By the path of the unit they come from; a unit that has never been applied is not in it.

    Raises:
        StrataError: a state is corrupt, is kept where Strata does not look, or its backend does not answer.
    """
    wanted = {
        dependency.path
        for path in paths
        for dependency in tree.unit(path).dependencies
        if dependency.enabled and not dependency.skip_outputs
    }
    found: dict[str, UnitOutputs] = {}
    for path, remote_state in tree.remote_states(sorted(wanted)).items():
        state = _state(tree, tree.unit(path), remote_state, backend_of)
        if state is not None:
            found[path] = state.outputs
    return found


def _state(
    tree: LiveTree, unit: Unit, remote_state: Mapping[str, Any], backend_of: Callable[[Unit], StateBackend]
) -> UnitState | None:
    backend = remote_state.get("backend") or "local"
    if backend == "s3":
        try:
            return backend_of(unit).read(remote_state)
        except StrataError as error:
            raise StrataError(
                f"the outputs of {unit.path} cannot be read: {error.message}",
                file=unit.file,
                remedy=error.remedy or "render it without --outputs, then mocks stand in",
            ) from None
    if backend == "local":
        return _local(tree, unit, (remote_state.get("config") or {}).get("path"))
    raise StrataError(
        f"the outputs of {unit.path} cannot be read: its states are in a backend `{backend}`",
        file=unit.file,
        remedy="render it without --outputs, then mocks stand in",
    )


def _local(tree: LiveTree, unit: Unit, path: str | None) -> UnitState | None:
    """The state in a file of this machine: where `path` says, or beside the configuration that is applied."""
    folder = unit.file.parent
    if path is None or not Path(path).is_absolute():
        source = tree.source(unit.path)
        # Terragrunt applies a copy of the module, in a folder of its cache that is named by hashes.
        _, inner, _ = split(source)
        pattern = f".terragrunt-cache/*/*/{inner}/{path or _LOCAL_STATE}" if source else path or _LOCAL_STATE
        found = sorted(folder.glob(pattern))
        if len(found) > 1:
            raise StrataError(
                f"the outputs of {unit.path} cannot be read: its cache holds {len(found)} states",
                file=unit.file,
                remedy="delete the copies of old sources in its .terragrunt-cache",
            )
        file = found[0] if found else None
    else:
        file = Path(path)
    if file is None or not file.is_file():
        return None
    return read_state(file.read_bytes(), str(file))
