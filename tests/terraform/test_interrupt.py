"""Nothing is left when the command that runs Terraform is interrupted, or killed outright."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from strata.terraform.process import CancelledError, ProcessGroup
from strata.terraform.toolchain import Toolchain

ProcessesIn = Callable[[Path], list[str]]
if TYPE_CHECKING:
    from tests.terraform.conftest import Cloud, FakeTree, Repository

WAITS = """
resource "terraform_data" "it" {
  input = "x"
  provisioner "local-exec" { command = "echo begun > %s; exec sleep 98765" }
}
"""
# A command of its own, because it is to be killed: a runner over the same tree, from this folder's conftest.
COMMAND = f"""
import importlib.util, json, os, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("tree", {str(Path(__file__).with_name("conftest.py"))!r})
sys.modules["tree"] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from strata.cloud.endpoints import Endpoints
from strata.terraform.runner import Runner
from strata.terraform.toolchain import find_toolchain
facts = json.load(sys.stdin)
root = Path(facts["root"])
tree = module.FakeTree(root, facts["bucket"], facts["table"])
tree.add("a", facts["code"])
endpoints = Endpoints.model_validate(facts["endpoints"])
Runner(tree, find_toolchain(root / "state"), endpoints, root / "work").apply("dev")
"""


@pytest.mark.parametrize("real_toolchain", ["machine", "launcher"], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_ended_command_leaves_no_process_and_no_lock(
    tree: FakeTree, cloud: Cloud, real_toolchain: Toolchain, number: signal.Signals, processes_in: ProcessesIn
) -> None:
    mark = tree.root / "mark"
    facts = {
        "root": str(tree.root),
        "bucket": tree.bucket,
        "table": tree.table,
        "code": WAITS % mark,
        "endpoints": cloud.endpoints.model_dump(),
    }
    command = subprocess.Popen(
        [sys.executable, "-c", COMMAND],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PATH": real_toolchain.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert command.stdin is not None
    command.stdin.write(json.dumps(facts))
    command.stdin.close()
    command.stdin = None
    _wait(mark.exists, 60)
    os.kill(command.pid, number)
    said, _ = command.communicate(timeout=60)
    assert command.returncode == -number
    if number == signal.SIGINT:
        assert said.strip().endswith("KeyboardInterrupt")
        # Not even for a moment after the command's own end.
        assert processes_in(tree.root) == []
    _wait(lambda: processes_in(tree.root) == [], 40)
    assert cloud.locks(tree) == []


def test_what_ignores_the_interrupt_is_killed(tmp_path: Path, processes_in: ProcessesIn) -> None:
    group = ProcessGroup(grace=0.5)
    stubborn = (
        "import signal, time; signal.signal(2, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    with pytest.raises(CancelledError):
        group.run(
            [sys.executable, "-c", stubborn], cwd=tmp_path, env=os.environ, on_line=lambda line: group.stop()
        )
    assert processes_in(tmp_path) == []
    with pytest.raises(CancelledError):
        group.run(["true"], cwd=tmp_path, env=os.environ, on_line=print)


def test_a_grandchild_does_not_outlive_its_command(tmp_path: Path, processes_in: ProcessesIn) -> None:
    lines: list[str] = []
    code = ProcessGroup().run(
        ["sh", "-c", "sleep 98765 & echo started; exit 7"], cwd=tmp_path, env=os.environ, on_line=lines.append
    )
    assert (code, lines) == (7, ["started"])
    assert processes_in(tmp_path) == []


def test_a_missing_program_is_said(tmp_path: Path) -> None:
    lines: list[str] = []
    code = ProcessGroup().run(["/missing/terraform"], cwd=tmp_path, env={}, on_line=lines.append)
    assert (code, lines) == (127, ["/missing/terraform: No such file or directory"])


def _wait(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("real_toolchain", ["machine", "launcher"], indirect=True)
def test_an_interrupted_plan_does_not_wait_for_hooks(
    repository: Repository, processes_in: ProcessesIn
) -> None:
    begun = repository.root / "begun"
    os.mkfifo(begun)
    repository.unit("a", "")
    file = repository.root / "live/dev/a/terragrunt.hcl"
    hook = (
        '  before_hook "build" {\n    commands = ["plan"]\n'
        f'    execute  = ["sh", "-c", "echo > {begun}; exec sleep 98765"]\n  }}\n'
    )
    file.write_text(file.read_text().replace("terraform {\n", f"terraform {{\n{hook}"))

    def interrupt() -> None:
        # Ends when the hook writes.
        begun.read_bytes()
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        repository.plan()
    assert processes_in(repository.root) == []
