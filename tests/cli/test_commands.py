"""The tree of commands: what there is, its help, and what a list of commands does not import."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import typer
from typer.core import TyperGroup

from strata.cli.app import app, run
from strata.cli.commands import query
from strata.errors import StrataError
from strata.platform.session import Running
from strata.platform.workspace import Workspace
from tests.endpoints import nowhere

# Workflows, documents and people call these.
# fmt: off
KNOWN = [
    "apply", "bootstrap", "console", "demo", "destroy", "doctor", "down", "lint", "plan", "put", "query", "reprocess", "status", "trace", "unlock", "up", "variables",
    "ci/affected", "ci/apply", "ci/comment", "ci/digest", "ci/drift", "ci/drift-issue", "ci/gate", "ci/identity", "ci/plan", "ci/plan-summary",
    "ci/roles", "ci/store", "ci/trust", "ci/unlock", "ci/validate", "ci/verify",
    "env/diff", "env/list", "env/new",
    "live/affected", "live/check", "live/graph", "live/lock", "live/render",
    "modules/check", "modules/diff", "modules/docs", "modules/list", "modules/stamp", "modules/tag",
    "prove/least-privilege",
]
# fmt: on

# Prints the modules that a command line has imported.
IMPORTED = """
import sys
from strata.cli.app import run
assert run(sys.argv[1:]) == 0
print("imported:", *sorted(sys.modules), file=sys.stderr)
"""


def leaves(group: object, path: tuple[str, ...] = ()) -> Iterator[str]:
    if not isinstance(group, TyperGroup):
        yield "/".join(path)
        return
    for name, command in group.commands.items():
        yield from leaves(command, (*path, name))


COMMANDS = sorted(leaves(typer.main.get_command(app)))


def test_no_command_is_lost() -> None:
    assert set(KNOWN) <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = importlib.import_module(f"strata.cli.commands.{command.replace('/', '.').replace('-', '_')}")
    words = command.split("/")
    assert any(f"strata {' '.join(words)}" in example for example in module.EXAMPLES)
    assert run([*words, "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith(f"Usage: strata {' '.join(words)}")
    assert " ".join(module.__doc__.split()) in shown
    assert f"$ {module.EXAMPLES[0]}"[:60] in shown


@pytest.mark.parametrize("group", [(), ("ci",), ("contract",), ("env",), ("jobs",), ("live",), ("modules",)])
def test_a_list_of_commands_imports_none_of_them(group: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *group, "--help"], capture_output=True, text=True, check=True
    )
    imported = set(done.stderr.partition("imported:")[2].split())
    assert "strata.cli.lazy" in imported
    assert not {name for name in imported if name.startswith("strata.cli.commands.")}
    assert not imported & {"boto3", "duckdb", "jinja2", "networkx", "snowflake.connector", "strata.live"}
    assert "Commands" in done.stdout


def test_a_typo_is_answered_with_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["live", "rendr"]) == 2
    assert "Did you mean 'render'?" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["query", "demo"])
def test_the_connector_is_imported_after_its_home_is_there(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By its own default it reads the user's ~/.snowflake/config.toml, and fails if that is broken.
    imported = subprocess.run(
        [sys.executable, "-c", IMPORTED, command, "--help"], capture_output=True, text=True, check=True
    )
    assert "snowflake.connector" not in imported.stderr.split()

    homes: list[str] = []

    class Importing(ModuleType):
        def __getattr__(self, name: str) -> None:
            homes.extend(str(home) for home in [Path(os.environ["SNOWFLAKE_HOME"])] if home.is_dir())
            raise StrataError("imported")

    (tmp_path / "live/dev").mkdir(parents=True)
    (tmp_path / "terragrunt.hcl").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SNOWFLAKE_HOME", "")
    monkeypatch.setattr(Workspace, "platform", lambda self: None)
    monkeypatch.setattr(query, "require_running", lambda root: Running(1, "dev", nowhere("111122223333")))
    for name in ("strata.platform.warehouse", "strata.demo.job"):
        monkeypatch.setitem(sys.modules, name, Importing(name))
    assert run([command, "SELECT 1"] if command == "query" else [command]) == 1
    assert homes == [str(tmp_path / ".strata/home/snowflake")]
