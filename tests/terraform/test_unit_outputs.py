"""`strata live render --outputs`: outputs of dependencies from their states, in S3 or in a file."""

from __future__ import annotations

import json
import os
import subprocess
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from strata.cli.app import run
from strata.errors import StrataError
from strata.live import LiveTree, Unit
from strata.terraform.state import StateBackend
from strata.terraform.unit_outputs import dependency_outputs
from tests.live.terragrunt import child_environ, render

if TYPE_CHECKING:
    from tests.terraform.conftest import Cloud

READER = """
dependency "net" {
  config_path = "../net"
  mock_outputs = { id = "mock", more = "mock" }
  mock_outputs_allowed_terraform_commands = ["plan"]
}
inputs = { id = dependency.net.outputs.id }
"""


def state(**outputs: Any) -> str:
    """A state that Terraform could have written, all outputs strings."""
    shown = {name: {"value": value, "type": "string"} for name, value in outputs.items()}
    return json.dumps({"version": 4, "serial": 3, "lineage": "x", "outputs": shown, "resources": []})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


def write(root: Path, files: Mapping[str, str]) -> LiveTree:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(textwrap.dedent(text), encoding="utf-8")
    return LiveTree.load(root, environ={"PATH": os.environ["PATH"], "HOME": str(root)})


def no_backend(unit: Unit) -> StateBackend:
    raise AssertionError(f"{unit.path} has no state in S3")


# Where the state of `net` lies, for the text of its configuration.
LOCAL = {
    "beside the unit": ("", "net/terraform.tfstate"),
    "where the backend says": (
        'remote_state {\n  backend = "local"\n  generate = { path = "b.tf", if_exists = "overwrite" }\n'
        '  config = { path = "${get_repo_root()}/states/net" }\n}\n',
        "states/net",
    ),
    "beside the unit, by a name": (
        'remote_state {\n  backend = "local"\n  config = { path = "my.tfstate" }\n}\n',
        "net/my.tfstate",
    ),
    "in Terragrunt's cache": (
        'terraform {\n  source = "../modules//net"\n}\n',
        "net/.terragrunt-cache/aX/bY/net/terraform.tfstate",
    ),
}


@pytest.mark.parametrize("place", LOCAL)
def test_a_state_in_a_file(place: str, root: Path) -> None:
    text, file = LOCAL[place]
    files = {"net/terragrunt.hcl": text, "web/terragrunt.hcl": READER}
    assert dependency_outputs(write(root, files), ["web"], no_backend) == {}
    tree = write(root, {file: state(id="vpc-7")})
    outputs = dependency_outputs(tree, ["web"], no_backend)
    assert outputs == {"net": {"id": "vpc-7"}}
    assert tree.config("web", outputs)["inputs"] == {"id": "vpc-7"}


def test_only_what_is_read_is_looked_for(root: Path) -> None:
    tree = write(
        root,
        {
            "net/terragrunt.hcl": 'remote_state {\n  backend = "gcs"\n  config = {}\n}\n',
            "skips/terragrunt.hcl": READER.replace("config_path", "skip_outputs = true\n  config_path"),
            "off/terragrunt.hcl": READER.replace("config_path", "enabled = false\n  config_path"),
            "after/terragrunt.hcl": 'dependencies {\n  paths = ["../net"]\n}\n',
        },
    )
    assert dependency_outputs(tree, ["skips", "off", "after", "net"], no_backend) == {}


def test_a_backend_that_is_not_read(root: Path) -> None:
    backend = 'remote_state {\n  backend = "gcs"\n  config = {}\n}\n'
    tree = write(root, {"net/terragrunt.hcl": backend, "web/terragrunt.hcl": READER})
    with pytest.raises(StrataError) as caught:
        dependency_outputs(tree, ["web"], no_backend)
    assert caught.value.message == ("the outputs of net cannot be read: its states are in a backend `gcs`")
    assert caught.value.file == str(root / "net/terragrunt.hcl")


def test_two_states_in_a_cache(root: Path) -> None:
    tree = write(
        root,
        {
            "net/terragrunt.hcl": 'terraform {\n  source = "../modules//net"\n}\n',
            "net/.terragrunt-cache/a/b/net/terraform.tfstate": state(id="old"),
            "net/.terragrunt-cache/a/c/net/terraform.tfstate": state(id="new"),
            "web/terragrunt.hcl": READER,
        },
    )
    with pytest.raises(StrataError, match="its cache holds 2 states"):
        dependency_outputs(tree, ["web"], no_backend)


def test_a_state_that_is_corrupt(root: Path) -> None:
    tree = write(root, {"net/terragrunt.hcl": "", "net/terraform.tfstate": "{", "web/terragrunt.hcl": READER})
    with pytest.raises(StrataError, match="is corrupt"):
        dependency_outputs(tree, ["web"], no_backend)


def s3_tree(root: Path, bucket: str) -> LiveTree:
    config = f'{{ bucket = "{bucket}", key = "${{path_relative_to_include()}}/terraform.tfstate" }}'
    include = 'include "root" {\n  path = "${get_repo_root()}/root.hcl"\n}\n'
    return write(
        root,
        {
            "root.hcl": f'remote_state {{\n  backend = "s3"\n  config = {config}\n}}\n',
            "live/dev/net/terragrunt.hcl": include,
            "live/dev/web/terragrunt.hcl": include + READER,
        },
    )


def test_a_state_in_s3(root: Path, cloud: Cloud) -> None:
    backend, tree = StateBackend(cloud.endpoints), s3_tree(root, "state-rendered")
    asked: list[str] = []

    def backend_of(unit: Unit) -> StateBackend:
        asked.append(unit.environment)
        return backend

    assert dependency_outputs(tree, ["live/dev/web"], backend_of) == {}
    backend.bootstrap(tree.remote_states(["live/dev/net"])["live/dev/net"])
    cloud.client("s3").put_object(
        Bucket="state-rendered", Key="live/dev/net/terraform.tfstate", Body=state(id="vpc-9").encode()
    )
    outputs = dependency_outputs(tree, ["live/dev/web"], backend_of)
    assert tree.config("live/dev/web", outputs)["inputs"] == {"id": "vpc-9"}
    assert tree.config("live/dev/web")["inputs"] == {"id": "mock"}
    assert asked == ["dev", "dev"]


def test_the_command(root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    files = {"net/terragrunt.hcl": "", "net/terraform.tfstate": state(id="vpc-7")}
    write(root, {**files, "web/terragrunt.hcl": READER})
    monkeypatch.chdir(root / "net")
    assert run(["live", "render", "web", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["inputs"] == {"id": "mock"}
    assert run(["live", "render", "web", "--json", "--outputs"]) == 0
    assert json.loads(capsys.readouterr().out)["inputs"] == {"id": "vpc-7"}


def test_a_state_that_is_out_of_reach(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    s3_tree(root, "state-nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("HOME", str(root))
    monkeypatch.chdir(root)
    assert run(["live", "render", "live/dev/web", "--outputs"]) == 1
    said = capsys.readouterr().err.replace("\n", " ")
    assert (
        "live/dev/net/terragrunt.hcl: the outputs of live/dev/net cannot be read: AWS does not answer" in said
    )
    assert "(log in again)" in said


# The commands that mocks are allowed for, and what comes of a state without `more`.
MERGED = {
    '["plan"]': {"id": "vpc-7", "more": "none"},
    '["plan", "render"]': {"id": "vpc-7", "more": "mock"},
    "[]": {"id": "vpc-7", "more": "mock"},
}


def merging_tree(root: Path, commands: str) -> LiveTree:
    reader = READER.replace('["plan"]', f'{commands}\n  mock_outputs_merge_strategy_with_state = "shallow"')
    more = 'inputs = {\n  more = try(dependency.net.outputs.more, "none")\n'
    files = {"net/terragrunt.hcl": "", "net/main.tf": "", "net/terraform.tfstate": state(id="vpc-7")}
    return write(root, {**files, "web/terragrunt.hcl": reader.replace("inputs = {", more)})


@pytest.mark.parametrize("commands", MERGED)
def test_mocks_beside_outputs(commands: str, root: Path) -> None:
    tree = merging_tree(root, commands)
    outputs = dependency_outputs(tree, ["web"], no_backend)
    assert tree.config("web", outputs)["inputs"] == MERGED[commands]


@pytest.mark.needs("terragrunt")
@pytest.mark.parametrize("commands", MERGED)
def test_terragrunt_merges_the_same(commands: str, root: Path, tmp_path: Path) -> None:
    merging_tree(root, commands)
    document, said = render(root / "web", child_environ(tmp_path))
    assert document is not None, said
    assert document["inputs"] == MERGED[commands]


@pytest.mark.needs("terragrunt")
@pytest.mark.parametrize("place", ["beside the unit", "where the backend says"])
def test_terragrunt_reads_the_same(place: str, root: Path, tmp_path: Path) -> None:
    text, file = LOCAL[place]
    files = {
        "net/terragrunt.hcl": text,
        "net/main.tf": "",
        "web/terragrunt.hcl": READER,
        file: state(id="vpc-7"),
    }
    tree = write(root, files)
    document, said = render(root / "web", child_environ(tmp_path))
    assert document is not None, said
    assert document["inputs"] == {"id": "vpc-7"}
    assert tree.config("web", dependency_outputs(tree, ["web"], no_backend))["inputs"] == document["inputs"]
