"""A root configuration of several modules, applied to the embedded cloud from first to last."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strata.checkout.child_environment import terraform_environment
from strata.cloud.endpoints import Endpoints
from strata.live.discovery import LOCK_FILE
from strata.modules.interface import Move, read_folder
from strata.terraform.schema_proxy import SchemaProxy, Types
from strata.terraform.toolchain import Toolchain, ready_toolchain
from strata.terraform.warm_provider import WarmProvider, installed_aws_provider
from strata.terraform.workdir import without_hashes

_ADDRESS = re.compile(r"(?P<module>(?:module\.[\w-]+\.)*)(?P<type>\w+)\.(?P<name>[\w-]+)(?:\[(?P<key>.+)\])?")


@dataclass(frozen=True)
class Change:
    """One planned change, in the words of `terraform plan -json`: create, update, delete, replace, move."""

    action: str
    previous_address: str | None = None


@dataclass
class Root:
    """A working directory: `main.tf`, and copies of modules below `modules/`."""

    folder: Path
    toolchain: Toolchain
    environment: Mapping[str, str]
    running: contextlib.ExitStack
    provider: SchemaProxy | None = None

    @classmethod
    @contextlib.contextmanager
    def make(
        cls, checkout: Path, folder: Path, text: str, modules: Sequence[str], account: Endpoints
    ) -> Iterator[Root]:
        """Write the root, and initialise it; its commands share one AWS provider."""
        folder.mkdir(parents=True)
        for module in modules:
            shutil.copytree(checkout / "modules" / module, folder / "modules" / module)
        (folder / "main.tf").write_text(text, encoding="utf-8")
        toolchain = ready_toolchain(checkout / ".strata")
        extra = account.environment() | {"TF_CLI_CONFIG_FILE": str(toolchain.cli_config)}
        environment = terraform_environment(folder / ".strata", os.environ, extra)
        with contextlib.ExitStack() as running:
            root = cls(folder, toolchain, environment, running)

            def init(quick: Toolchain) -> None:
                root.environment = {**environment, "TF_CLI_CONFIG_FILE": str(quick.cli_config)}
                root.run("init", "-input=false")

            toolchain.init(folder, folder / ".terraform", init)
            root.environment = environment
            lock = folder / LOCK_FILE
            if lock.is_file():
                lock.write_bytes(without_hashes(lock.read_bytes()))
            yield root

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run Terraform and return what it prints; it must end with `code`."""
        environment = self.environment
        if arguments[0] != "init":
            state = [self.state()] if (self.folder / "terraform.tfstate").is_file() else []
            environment = self._proxy().attached(environment, Types.of(self.folder.rglob("*.tf"), state))
        done = subprocess.run(
            [str(self.toolchain.terraform), *arguments],
            cwd=self.folder,
            env=dict(environment) | {"TF_CLI_ARGS": "-no-color"},
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == code, output[max(output.find("Error:") - 200, 0) :]
        return output

    def _proxy(self) -> SchemaProxy:
        """The AWS provider that `init` has installed, from the first command that needs it to the last."""
        if self.provider is None:
            program = installed_aws_provider(self.folder / ".terraform")
            assert program is not None
            provider = WarmProvider(program, self.environment, self.folder)
            self.provider = SchemaProxy(provider, self.toolchain.schemas)
            self.running.callback(self.provider.stop)
            self.running.callback(provider.stop)
            provider.start()
            self.provider.start()
        return self.provider

    def apply(self, *arguments: str) -> None:
        self.run("apply", "-auto-approve", "-input=false", *arguments)

    def changes(self, *arguments: str) -> dict[str, Change]:
        """address -> what a plan has in mind for it, written to `plan.bin` too; nothing of what stays."""
        printed = self.run("plan", "-json", "-input=false", "-lock=false", "-out=plan.bin", *arguments)
        found = {}
        for line in printed.splitlines():
            message = json.loads(line)
            if message["type"] == "planned_change":
                change = message["change"]
                before = change.get("previous_resource", {}).get("addr")
                found[change["resource"]["addr"]] = Change(change["action"], before)
        return found

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.folder / "terraform.tfstate").read_text("utf-8"))
        return state

    def changes_since(self, moves: Mapping[str, Sequence[Move]]) -> dict[str, Change]:
        """What a plan would do to the objects that there are, had they the addresses of before the moves.

        Args:
            moves: name of a module's call -> its `moved` blocks.
        """
        state = self.state()
        now = list(state["resources"])
        before: list[dict[str, Any]] = []
        for call, blocks in moves.items():
            for move in blocks:
                now_entry, old_entry = _before(state["resources"], f"module.{call}", move)
                # Instances beside the moved ones were not there before.
                now = [entry for entry in now if entry is not now_entry]
                before.append(old_entry)
        state["resources"] = now + _joined(before)
        (self.folder / "before.tfstate").write_text(json.dumps(state), encoding="utf-8")
        return self.changes("-state=before.tfstate", "-refresh=false")


def moves_of(checkout: Path, module: str) -> tuple[Move, ...]:
    """A module's `moved` blocks."""
    return read_folder(checkout / "modules" / module, f"modules/{module}").moves


def _before(
    resources: Sequence[dict[str, Any]], module: str, move: Move
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The entry of a state that holds a moved instance, and one with that instance as it was."""
    new, old = _parse(move.target), _parse(move.source)
    place = f"{module}.{new['module']}".rstrip(".")
    entry = next(
        found
        for found in resources
        if (found.get("module"), found["type"], found["name"]) == (place, new["type"], new["name"])
    )
    (instance,) = [found for found in entry["instances"] if found.get("index_key") == new["key"]]
    before = {key: value for key, value in instance.items() if key != "index_key"}
    was = {key: value for key, value in entry.items() if key != "each"}
    if old["key"] is not None:
        before["index_key"] = old["key"]
        was["each"] = "list" if isinstance(old["key"], int) else "map"
    place = f"{module}.{old['module']}".rstrip(".")
    return entry, was | {"module": place, "type": old["type"], "name": old["name"], "instances": [before]}


def _joined(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry for each resource, with all its instances."""
    joined: dict[tuple[str, str, str], dict[str, Any]] = {}
    for entry in entries:
        known = joined.setdefault((entry["module"], entry["type"], entry["name"]), entry | {"instances": []})
        known["instances"] += entry["instances"]
    return list(joined.values())


def _parse(address: str) -> dict[str, Any]:
    found = _ADDRESS.fullmatch(address)
    assert found is not None, f"{address} is not the address of a resource, in modules without keys"
    parts: dict[str, Any] = found.groupdict()
    if parts["key"] is not None:
        parts["key"] = json.loads(parts["key"])
    return parts


def of(module: str, changes: dict[str, Change]) -> dict[str, str]:
    """What is changed of one module, by the address in it."""
    prefix = f"module.{module}."
    return {
        address.removeprefix(prefix): change.action
        for address, change in changes.items()
        if address.startswith(prefix)
    }
