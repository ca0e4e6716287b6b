"""Print the evaluated configuration of UNIT, as `terragrunt render` does.

Mocks stand for the outputs of dependencies. With `--outputs` they are read from the states of applied units,
in the embedded cloud where it runs, or else by the AWS login at hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

from strata.cli.live_tree import open_tree
from strata.cli.options import AllowRunCmd, Json
from strata.cli.views.console import out, print_json
from strata.errors import StrataError
from strata.live import LiveTree, discovery
from strata.live.generate import generated_files

EXAMPLES = (
    "strata live render live/dev/s3",
    "strata live render live/dev/s3 --json",
    "strata live render live/dev/iam --outputs",
)


def run(
    unit: Annotated[
        str | None, typer.Argument(metavar="[UNIT]", help="Unit folder, such as live/dev/s3; default: all.")
    ] = None,
    command: Annotated[
        str, typer.Option(help="Terraform command that decides on mocks; `render` allows them all.")
    ] = "render",
    outputs: Annotated[
        bool, typer.Option("--outputs", help="Read the outputs of applied dependencies from their states.")
    ] = False,
    allow_run_cmd: AllowRunCmd = False,
    json_: Json = False,
) -> None:
    """Print the configuration of one unit, or of all by path."""
    tree = open_tree(allow_run_cmd)
    paths = [_path(tree, unit)] if unit else tree.find()
    # A unit that waits for itself can be rendered, and never be applied.
    tree.with_dependencies(paths)
    documents = tree.configs(paths, _outputs(tree, paths) if outputs else None, command=command)
    # What `terragrunt render` overlooks and a plan reports. The module is not needed: it may be a release.
    for document in documents.values():
        generated_files(document, list)
    if json_:
        print_json(documents[paths[0]] if unit else documents)
        return
    for path in paths:
        _print_unit(path, documents[path])


def _outputs(tree: LiveTree, paths: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """Return the outputs of applied dependencies, from the embedded cloud if it runs."""
    # Imported where it is used: it needs clients of AWS, which reading does not.
    from strata.platform.session import find_running
    from strata.platform.workspace import Workspace
    from strata.terraform.state import StateBackend
    from strata.terraform.unit_outputs import dependency_outputs

    running = find_running(tree.root)

    @cache
    def backend(environment: str) -> StateBackend:
        if running is None:
            return StateBackend(None)
        return StateBackend(Workspace(tree.root, environment, running.endpoints).endpoints)

    return dependency_outputs(tree, paths, lambda unit: backend(unit.environment))


def _path(tree: LiveTree, unit: str) -> str:
    """Return a unit's path from the root; the argument may be a path from the current folder."""
    if (tree.root / unit / discovery.CONFIGURATION).is_file():
        return Path(unit).as_posix()
    path = (Path.cwd() / unit).resolve()
    if not path.is_relative_to(tree.root):
        raise StrataError(f"{path} is not in this repository")
    return path.relative_to(tree.root).as_posix()


def _print_unit(path: str, document: dict[str, Any]) -> None:
    out.print(path, style="bold")
    source = (document.get("terraform") or {}).get("source")
    state = document.get("remote_state") or {}
    generated = [block["path"] for block in document["generate"].values() if not block["disable"]]
    facts = [
        ["source", source],
        ["state", _state(state) if state else None],
        ["after", ", ".join(document.get("dependency") or {}) or None],
        ["generates", ", ".join(generated) or None],
    ]
    facts += [[f"input {name}", _short(value)] for name, value in sorted((document["inputs"] or {}).items())]
    for name, value in facts:
        if value is not None:
            out.print(f"  {name:<24} {value}", markup=False, soft_wrap=True)


def _state(remote_state: dict[str, Any]) -> str:
    config = remote_state.get("config") or {}
    if remote_state.get("backend") == "s3":
        return f"s3://{config.get('bucket')}/{config.get('key')}"
    return f"{remote_state.get('backend')} {_short(config)}"


def _short(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= 100 else f"{text[:97]}..."
