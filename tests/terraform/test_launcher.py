"""The launcher behaves as Terraform's own program does: each case runs with both."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from strata.terraform.toolchain import Toolchain

pytestmark = pytest.mark.parametrize("real_toolchain", ["machine", "launcher"], indirect=True)

SLOW = """
resource "terraform_data" "it" {
  provisioner "local-exec" { command = "echo begun; exec sleep 98765" }
}
"""
# Arguments, standard input, exit code, and what the output holds.
CASES: dict[str, tuple[list[str], str, int, str]] = {
    "a version": (["version"], "", 0, "Terraform v1."),
    "JSON": (["version", "-json"], "", 0, '"terraform_version"'),
    "an alias": (["-version"], "", 0, "Terraform v1."),
    "help": (["-help"], "", 0, "Usage: terraform [global options] <subcommand> [args]"),
    "a command that does not exist": (["aply"], "", 1, 'no command named "aply". Did you mean "apply"?'),
    "wrong usage": (["plan", "-nothing"], "", 1, "flag provided but not defined: -nothing"),
    "a plan with changes": (["plan", "-detailed-exitcode", "-no-color"], "", 2, "Plan: 1 to add"),
    "a plan without changes": (["-chdir=empty", "plan", "-detailed-exitcode"], "", 0, "No changes"),
    "standard input": (
        ["-chdir=empty", "console"],
        'upper("a")\nüber\n"ü${1 + 1}"\n',
        1,
        "Invalid reference",
    ),
    "a console": (["-chdir=empty", "console"], '"ü${1 + 1}"\n', 0, '"ü2"'),
    "another folder": (["-chdir=nowhere", "validate"], "", 1, "Error handling -chdir option"),
    "a part of a command": (["metadata", "functions", "-json"], "", 0, '"format_version"'),
    "text to format": (["fmt", "-"], "a=1\n", 0, "a = 1\n"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "main.tf").write_text("locals {}\n")
    (tmp_path / "main.tf").write_text(SLOW)
    return tmp_path


def run(toolchain: Toolchain, folder: Path, *arguments: str, said: str = "") -> tuple[int, str]:
    result = subprocess.run(
        [str(toolchain.terraform), *arguments],
        cwd=folder,
        env=toolchain.environment(),
        input=said,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return result.returncode, result.stdout


@pytest.mark.parametrize("case", CASES)
def test_exit_code_and_streams(case: str, real_toolchain: Toolchain, folder: Path) -> None:
    arguments, said, code, expected = CASES[case]
    found, output = run(real_toolchain, folder, *arguments, said=said)
    assert found == code, output
    assert expected in output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_output_comes_as_it_is_written_and_an_interrupt_ends_the_apply(
    number: signal.Signals, real_toolchain: Toolchain, folder: Path
) -> None:
    process = subprocess.Popen(
        [str(real_toolchain.terraform), "apply", "-auto-approve", "-no-color"],
        cwd=folder,
        env=real_toolchain.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.endswith("(local-exec): begun\n"):
            # To this process alone: it is Terraform itself, and not a shell that waits for it.
            process.send_signal(number)
    assert process.wait(30) == 1
    text = "".join(lines)
    assert "Interrupt received.\n" in text
    assert "Error: execution halted" in text
    resources = json.loads((folder / "terraform.tfstate").read_text())["resources"]
    assert resources[0]["instances"][0]["status"] == "tainted"
    assert not (folder / ".terraform.tfstate.lock.info").exists()


def test_a_reader_that_ends_is_noticed(real_toolchain: Toolchain, folder: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen(
        [str(real_toolchain.terraform), "-help"], cwd=folder, env=real_toolchain.environment(), stdout=writer
    )
    os.close(writer)
    assert process.wait(30) == -signal.SIGPIPE


def test_a_library_that_cannot_be_loaded(real_toolchain: Toolchain, folder: Path, root: Path) -> None:
    script = root / "strata" / "terraform" / "launcher.py"
    (folder / "library.so").write_text("not a library")
    result = subprocess.run(
        [sys.executable, "-I", "-S", str(script), str(folder / "library.so"), "version"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 127
    assert result.stderr.startswith(f"terraform: {folder}/library.so cannot be loaded: ")
    assert result.stderr.count("\n") == 1
