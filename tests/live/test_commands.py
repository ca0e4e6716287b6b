"""`strata live` and `strata env` as commands: what they print, and their exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from strata.cli.app import run
from strata.live import LiveTree
from tests.live.test_conformance import significant

TREE = Path(__file__).parent / "contracts" / "tree"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the environment dev, as the current folder."""
    shutil.copytree(TREE, tmp_path / "tree")
    for name in ("staging", "prod"):
        shutil.rmtree(tmp_path / "tree" / "live" / name)
    subprocess.run(["git", "init", "-q", str(tmp_path / "tree")], check=True)
    subprocess.run(["git", "-C", str(tmp_path / "tree"), "add", "."], check=True)
    monkeypatch.chdir(tmp_path / "tree")
    return tmp_path / "tree"


def ask_terragrunt(folder: Path, *arguments: str) -> object:
    (folder / "rc").write_text("", encoding="utf-8")
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "TF_CLI_CONFIG_FILE": str(folder / "rc")}
    done = subprocess.run(
        ["terragrunt", *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_render_prints_the_configuration(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["live", "render", "live/dev/reader", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["inputs"]["bucket"] == "mock-raw-000000000000"
    assert document == LiveTree.load(folder).config("live/dev/reader")

    assert run(["live", "render", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"live/dev/reader", "live/dev/store"}

    assert run(["live", "render", "live/dev/reader"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "state s3://shop-tfstate-dev-111111111111/live/dev/reader/terraform.tfstate" in shown
    assert "input workers 2" in shown


def test_render_refuses_mocks_that_a_command_may_not_take(folder: Path) -> None:
    assert run(["live", "render", "live/dev/reader", "--command", "plan"]) == 0
    assert run(["live", "render", "live/dev/reader", "--command", "apply"]) == 1


@pytest.mark.needs("terragrunt")
def test_render_and_graph_are_terragrunts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["live", "render", "live/dev/reader", "--json"]) == 0
    ours = json.loads(capsys.readouterr().out)
    theirs = ask_terragrunt(
        folder, "render", "--json", "--tf-path", "terraform", "--working-dir", "live/dev/reader"
    )
    assert isinstance(theirs, dict)
    assert significant(ours, folder) == significant(theirs, folder)
    assert run(["live", "graph", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == ask_terragrunt(
        folder, "find", "--json", "--dag", "--dependencies"
    )


def test_graph_puts_dependencies_first(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["live", "graph", "dev", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"type": "unit", "path": "live/dev/store"},
        {"type": "unit", "path": "live/dev/reader", "dependencies": ["live/dev/store"]},
    ]
    assert run(["live", "graph", "prod"]) == 1
    assert "environment `prod` does not exist" in capsys.readouterr().err


def test_the_graph_of_an_environment_reads_no_other(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = folder / "live/qa/store/terragrunt.hcl"
    broken.parent.mkdir(parents=True)
    broken.write_text("inputs = = {}\n")
    assert run(["live", "graph", "dev"]) == 0
    assert "live/dev/reader" in capsys.readouterr().out
    assert run(["live", "graph"]) == 1
    assert "live/qa/store/terragrunt.hcl" in capsys.readouterr().err


def test_render_needs_no_module(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    component = folder / "live/_components/reader.hcl"
    text = component.read_text()
    for source in ("modules//raeder", "modules//reader?ref=reader/v9.9.9"):
        component.write_text(text.replace("modules//reader", source))
        assert run(["live", "render", "live/dev/reader"]) == 0
        assert source in capsys.readouterr().out


def test_render_reports_what_only_a_plan_would(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unit = folder / "live/dev/reader/terragrunt.hcl"
    unit.write_text(
        unit.read_text()
        + 'generate "x" {\n  path      = "x.tf"\n  if_exists = "maybe"\n  contents  = ""\n}\n'
    )
    assert run(["live", "render", "live/dev/reader"]) == 1
    assert "`if_exists` must be one of" in capsys.readouterr().err


def test_check_exits_by_what_it_finds(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["live", "check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    env = folder / "live/dev/env.hcl"
    env.write_text(env.read_text().replace('"XSMALL"', '"TINY"'))
    assert run(["live", "check", "--json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)
    assert (finding["file"], finding["rule"]) == ("live/dev/env.hcl", "environment-settings")
    assert "TINY" in env.read_text().splitlines()[finding["line"] - 1]
    assert run(["live", "check"]) == 1
    assert capsys.readouterr().out.startswith(f"live/dev/env.hcl:{finding['line']}: ")


def test_environments_by_commands(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["env", "new", "qa", "--yes"]) == 1
    assert "give this one its own: --set account_id=VALUE" in " ".join(capsys.readouterr().err.split())
    new = [
        "env",
        "new",
        "qa",
        "--yes",
        "--set",
        "account_id=444444444444",
        "--set",
        "glue.number_of_workers=9",
    ]
    assert run([*new, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"environment": "qa", "folder": "live/qa"}
    assert run(new) == 1
    capsys.readouterr()

    assert run(["env", "list", "--json"]) == 0
    assert [row["account"] for row in json.loads(capsys.readouterr().out)] == ["111111111111", "444444444444"]

    assert run(["env", "diff", "dev", "qa", "--json"]) == 2
    (difference,) = json.loads(capsys.readouterr().out)
    assert difference == {
        "unit": "reader",
        "path": "workers",
        "left": 2,
        "right": 9,
        "reason": "",
        "allowed": False,
    }
    (folder / "live/differences.toml").write_text(
        '[[allow]]\nunit = "reader"\ninput = "workers"\nreason = "size"\n'
    )
    assert run(["env", "diff", "dev", "qa"]) == 0


def test_env_new_asks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def prompt(text: str, default: str | None = None, **_: object) -> str:
        asked.append(text)
        return "444444444444" if default is None else "G.2X" if default == "G.1X" else default

    monkeypatch.setattr("typer.prompt", prompt)
    assert run(["env", "new", "qa", "--set", "region=eu-central-1"]) == 0
    assert len(asked) == 9
    text = (folder / "live/qa/env.hcl").read_text()
    assert '"444444444444"' in text
    assert 'worker_type         = "G.2X"' in text
    assert 'region     = "eu-central-1"' in text
