"""Set-up's steps with stubs of all that they start: Java, Terraform, Python and pip are shell scripts."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from select import select

import pytest

from strata.checkout import tools
from strata.errors import StrataError
from strata.setup import environment, first_pip, packages, steps
from strata.terraform import providers

JAVA = "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2"
TERRAFORM = """if [ "$1" = version ]; then echo '{"terraform_version":"1.11.4","platform":"linux_amd64"}'; exit; fi
mkdir -p "$TF_PLUGIN_CACHE_DIR/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64"
touch "$TF_PLUGIN_CACHE_DIR/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64/terraform-provider-aws_v5"
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout on a machine with a provider mirror, and a registry that answers."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("requirements.txt", "requirements-tools.txt", "pyproject.toml"):
        (checkout / name).write_text("")
    monkeypatch.setattr(tools, "FOLDER", checkout / ".strata" / "tools")
    for name, script in (("java", JAVA), ("terraform", TERRAFORM)):
        stub(tmp_path / "bin" / name, script)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("STRATA_PLUGIN_MIRROR", str(tmp_path / "mirror"))
    aws = tmp_path / "mirror/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64"
    stub(aws / "terraform-provider-aws_v5", "exit 1")
    monkeypatch.setattr(providers, "IMAGE_ROOT", tmp_path / "opt")
    monkeypatch.setattr(providers, "SYSTEM_MIRRORS", ())
    monkeypatch.setattr(providers, "registry_answers", lambda host, environ: True)
    return checkout


def stub(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_the_registrys_provider_is_there_when_set_up_ends(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("STRATA_PLUGIN_MIRROR")
    monkeypatch.setattr(environment, "create", lambda root, folder: stub(folder / "bin/python", "exit 0"))
    monkeypatch.setattr(packages, "install", lambda *arguments: None)
    steps.run(checkout)
    mirror = checkout / ".strata/terraform/providers"
    assert (mirror / "registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64").is_dir()
    assert "set-up: AWS provider " in capsys.readouterr().out
    steps.run(checkout)
    printed = capsys.readouterr().out
    assert f"AWS provider 5.100.0 in {mirror} (downloaded)" in printed
    assert "set-up: AWS provider " not in printed


@pytest.mark.parametrize(
    ("stamp", "there", "anew"),
    [
        ({}, True, False),
        ({"content": "other packages"}, True, False),
        ({"python": "3.9"}, True, True),
        ({"root": "/elsewhere"}, True, True),
        # It was interrupted.
        (None, True, True),
        ({}, False, True),
        (None, False, True),
    ],
)
def test_another_python_gets_a_new_environment(
    stamp: dict[str, str] | None,
    there: bool,
    anew: bool,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    venv, log = checkout / ".venv", checkout.parent / "log"
    (venv / "bin").mkdir(parents=True)
    new = checkout.parent / "new"
    stub(new, "exit 0")
    (venv / "bin" / "python").symlink_to(new if there else checkout / "gone")
    if stamp is not None:
        (venv / "strata-ready.json").write_text(json.dumps(steps._fingerprint(checkout) | stamp))
    # As venv does: with --clear it makes the interpreter anew.
    makes = f'echo "$@" >> {log}; ln -sf {new} {venv}/bin/python'
    stub(checkout.parent / "python", makes)
    monkeypatch.setattr(sys, "executable", str(checkout.parent / "python"))
    monkeypatch.setattr(environment, "has_ensurepip", lambda: True)
    monkeypatch.setattr(packages, "install", lambda *arguments: None)
    steps.run(checkout)
    assert (log.read_text() if log.exists() else "") == (f"-m venv --clear {venv}\n" if anew else "")
    assert json.loads((venv / "strata-ready.json").read_text()) == steps._fingerprint(checkout)


@pytest.mark.parametrize("bundled", [True, False])
def test_pip_is_pythons_own_or_the_pinned_one(
    bundled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, folder, fetched = tmp_path / "log", tmp_path / "environment", list[Path]()
    stub(tmp_path / "python", f'echo "$@" >> {log}; mkdir {folder}')
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(environment, "has_ensurepip", lambda: bundled)
    monkeypatch.setattr(first_pip, "install", lambda root, python, environ: fetched.append(python))
    environment.create(tmp_path, folder)
    assert log.read_text() == f"-m venv --clear {'' if bundled else '--without-pip '}{folder}\n"
    assert fetched == ([] if bundled else [folder / "bin" / "python"])
    assert environment.is_made(folder)


def test_an_environment_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    other, link = tmp_path / "other", tmp_path / ".venv"
    other.mkdir()
    (other / "kept").touch()
    link.symlink_to(other)
    with pytest.raises(StrataError) as failure:
        environment.create(tmp_path, link)
    assert str(failure.value) == f"{link} is a link to {other}, which set-up would empty (remove the link)"
    assert (other / "kept").exists()


def test_an_environment_whose_packages_were_interrupted_is_kept(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    def create(root: Path, folder: Path) -> None:
        made.append(folder)
        stub(folder / "bin" / "python", "exit 0")
        (folder / "strata-made").touch()

    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "create", create)
    monkeypatch.setattr(packages, "install", killed)
    with pytest.raises(KeyboardInterrupt):
        steps.run(checkout)
    monkeypatch.setattr(packages, "install", lambda *arguments: None)
    steps.run(checkout)
    assert made == [checkout / ".venv"]


def gone(pid: int) -> bool:
    """Whether a process ends within ten seconds; one whose parent is gone is there until init has noticed."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_set_up_needs_no_package(root: Path) -> None:
    # -S: no package of the environment is seen, as on a new machine.
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import strata.setup.command, strata.setup.steps"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_in_pip_ends_set_up_and_a_rerun_goes_on(checkout: Path, root: Path) -> None:
    shutil.copytree(root / "strata", checkout / "strata", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.txt", "requirements-tools.txt"):
        shutil.copy(root / name, checkout)
    started, pids = checkout.parent / "started", checkout.parent / "pids"
    os.mkfifo(started)
    stub(
        checkout / ".venv/bin/python",
        f"""case "$*" in *"pip install"*setuptools*)
            [ -e {pids} ] && exit 0; echo $$ > {pids}; echo > {started}; exec sleep 60;;
        esac""",
    )
    # -S: set-up runs before any package is there. The environment is the stub that is there.
    set_up = (
        "from strata.setup import __main__, environment\n"
        "environment.create = lambda root, folder: None\n"
        "raise SystemExit(__main__.main())"
    )

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-S", "-c", set_up],
            cwd=checkout,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    fifo = os.open(started, os.O_RDWR)
    with start() as first:
        assert select([fifo], [], [], 60)[0], "pip was not started"
        os.killpg(first.pid, signal.SIGINT)
        _, errors = first.communicate(timeout=60)
    os.close(fifo)
    assert first.returncode == 130
    assert errors.split("\n") == [
        "",
        "set-up: interrupted; run the same command again to resume",
        "",
    ]
    assert gone(int(pids.read_text()))
    assert not (checkout / ".venv/strata-ready.json").exists()

    with start() as second:
        _, errors = second.communicate(timeout=60)
    assert (second.returncode, errors) == (0, "")
    assert (checkout / ".venv/strata-ready.json").exists()


def test_a_second_set_up_waits_for_the_pip_of_a_killed_one(checkout: Path, root: Path) -> None:
    shutil.copytree(root / "strata", checkout / "strata", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.txt", "requirements-tools.txt"):
        shutil.copy(root / name, checkout)
    started, log = checkout.parent / "started", checkout.parent / "log"
    os.mkfifo(started)
    # The first pip outlives its set-up, and says when it ends.
    stub(
        checkout / ".venv/bin/python",
        f"""case "$*" in *"pip install"*setuptools*)
            echo begins >> {log}; [ -e {log}.second ] && exit 0
            touch {log}.second; echo > {started}; sleep 2; echo ends >> {log};;
        esac""",
    )
    command = [
        *(sys.executable, "-S", "-c"),
        "from strata.setup import __main__, environment\n"
        "environment.create = lambda root, folder: None\n"
        "raise SystemExit(__main__.main())",
    ]
    fifo = os.open(started, os.O_RDWR)
    with subprocess.Popen(command, cwd=checkout, stdout=subprocess.DEVNULL) as first:
        assert select([fifo], [], [], 60)[0], "pip was not started"
        first.kill()
    os.close(fifo)
    second = subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=60, check=False)
    assert (second.returncode, second.stderr) == (
        0,
        "set-up: another set-up of this checkout is running; waiting for it\n",
    )
    assert log.read_text() == "begins\nends\nbegins\n"
