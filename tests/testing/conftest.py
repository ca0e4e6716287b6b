"""A repository of two small modules and their cases, good and bad, run by a pytest of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from strata.testing.cases.layout import RepositoryLayout

SAMPLE = Path(__file__).parent / "sample"
# Sets the loopback device up, and becomes the command.
OFFLINE = """
import fcntl, os, socket, struct, sys
with socket.socket() as device:
    fcntl.ioctl(device, 0x8914, struct.pack("16sh", b"lo", 0x41))
os.execvp(sys.argv[1], sys.argv[1:])
"""


def repository_of(folder: Path, modules: Mapping[str, str]) -> RepositoryLayout:
    """Write modules, each the text of its `main.tf` by its name; return the layout of their repository."""
    for name, text in modules.items():
        (folder / "modules" / name).mkdir(parents=True)
        (folder / "modules" / name / "main.tf").write_text(text)
    return RepositoryLayout(folder, (folder / "modules",), folder / "cases", folder / ".strata")


@dataclass
class Ran:
    """What a run of pytest gave: each test's failure text, "" for a passed one, and all that was printed."""

    root: Path
    tests: dict[str, str]
    out: str

    def batches(self) -> list[tuple[int, int]]:
        """Cases and Terraform starts of each batch."""
        found = re.findall(r"planned (\d+) cases in \S+ s with (\d+) starts", self.out)
        return [(int(cases), int(starts)) for cases, starts in found]


def run_pytest(root: Path, *arguments: str, below: Sequence[str] = ()) -> Ran:
    """Run pytest on all cases and READMEs of a repository, with the providers' schemas of earlier ones.

    Args:
        root: the repository.
        arguments: of pytest.
        below: a command that runs the command which follows it.
    """
    kept = root.parent / "kept"
    kept.mkdir(exist_ok=True)
    (root / ".strata").mkdir(exist_ok=True)
    if not (root / ".strata" / "testing").exists():
        (root / ".strata" / "testing").symlink_to(kept)
    report = root / "report.xml"
    command = [*below, sys.executable, "-m", "pytest", "-p", "strata.testing.plugin", f"--junitxml={report}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [*command, *arguments], cwd=root, env=environment, capture_output=True, text=True, timeout=300
    )
    return Ran(root, read_report(report), done.stdout + done.stderr)


def read_report(report: Path) -> dict[str, str]:
    """Each test's failure text of a report in JUnit's format, "" for a passed one."""
    tests = {}
    for case in ElementTree.parse(report).iter("testcase"):
        # Of a fixture, pytest writes an error.
        failure = next(
            (found for kind in ("failure", "error") if (found := case.find(kind)) is not None), None
        )
        steps = case.get("classname", "").split(".")
        # A case's file name has an ending, which a test's module has not.
        folder = steps[-3:][0] if steps[-1] in ("yaml", "md") else steps[-1]
        name = f"{folder}/{case.get('name')}"
        tests[name] = "" if failure is None else (failure.text or "")
    return tests


def offline() -> list[str]:
    """A command that runs another where no network is but the machine's own; nothing where that cannot be."""
    command = ["unshare", "--map-root-user", "--net", sys.executable, "-c", OFFLINE]
    # Of another user, the one below is not the owner of root's mirror of providers.
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return []
    return command if subprocess.run([*command, "true"], check=False).returncode == 0 else []


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Ran]:
    """Runs pytest in a copy of the sample repository."""

    def run(*arguments: str, files: dict[str, str] | None = None) -> Ran:
        root = tmp_path_factory.mktemp("repository")
        shutil.copytree(SAMPLE, root, dirs_exist_ok=True)
        (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n", encoding="utf-8")
        for name, text in (files or {}).items():
            (root / name).write_text(text, encoding="utf-8")
        return run_pytest(root, *arguments)

    return run


@pytest.fixture(scope="session")
def ran(sample: Callable[..., Ran]) -> Ran:
    """The whole sample in one process."""
    return sample("tests", "modules")
