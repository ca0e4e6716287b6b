"""Modules as they are published: at the root with an alias, with a nested one, with data sources and policies.

One run of `shapes/`, with the settings and the example of docs/own-repository.md in it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Ran, offline, run_pytest

pytestmark = [pytest.mark.terraform, pytest.mark.needs("terraform")]

SHAPES = Path(__file__).parent / "shapes"
REFUSED = {
    "root/unknown-alias": "tests/modules/root/unknown-alias.yaml:4: module root takes no provider aws.replcia (did you mean aws.replica?)",
    "guarded/unknown-address": "tests/modules/guarded/unknown-address.yaml:2: module guarded reads no data.aws_ami.that (did you mean data.aws_ami.this?)",
    "guarded/missing-attribute": "tests/modules/guarded/missing-attribute.yaml:3: data.aws_caller_identity.current lacks the attribute account_id, which modules/guarded/main.tf:20 reads (say what it is: `account_id: …`)",
    "guarded/misspelt-attribute": "tests/modules/guarded/misspelt-attribute.yaml:2: data.aws_ami.this has no attribute nmae (did you mean name?)",
}


@pytest.fixture(scope="module")
def shapes(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    checkout, root = root, tmp_path_factory.mktemp("shapes")
    shutil.copytree(SHAPES, root, dirs_exist_ok=True)
    page = (checkout / "docs" / "own-repository.md").read_text(encoding="utf-8")
    for kind, text in re.findall(r"^```(hcl|yaml|toml)\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        name = "pyproject.toml" if kind == "toml" else text.partition("\n")[0].removeprefix("# ")
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return run_pytest(root, "-p", "no:randomly", below=offline())


def test_every_case_does_as_it_should(shapes: Ran) -> None:
    names = {f"{file.parent.name}/{file.stem}" for file in SHAPES.glob("tests/modules/*/*.yaml")}
    names -= {f"{name}/override_data" for name in ("queue", "guarded")}
    others = ("README/", "web/")
    found = {name: text for name, text in shapes.tests.items() if not name.startswith(others)}
    assert found.keys() == names
    assert len(names) == 18
    assert {name: text for name, text in found.items() if text} == REFUSED


def test_the_documented_example_passes(shapes: Ran) -> None:
    assert shapes.tests["web/small"] == ""


@pytest.mark.skipif(not offline(), reason="no network namespace can be made here")
def test_there_is_no_network_in_these_runs() -> None:
    ask = "import socket; socket.create_connection(('127.0.0.1', 1))"
    done = subprocess.run(
        [*offline(), sys.executable, "-c", ask], capture_output=True, text=True, check=False
    )
    assert "ConnectionRefusedError" in done.stderr
    ask = "import socket; socket.create_connection(('192.0.2.1', 443), timeout=5)"
    done = subprocess.run(
        [*offline(), sys.executable, "-c", ask], capture_output=True, text=True, check=False
    )
    assert "Network is unreachable" in done.stderr


def test_examples_of_the_root_modules_readme_hand_on_providers(shapes: Ran) -> None:
    examples = {
        name.partition("/")[2]: text for name, text in shapes.tests.items() if name.startswith("README/")
    }
    assert examples == {"usage": "", "regions": ""}
