"""Set-up's steps with stubs of all that they start: Java, Terraform, Python and pip are shell scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from strata.setup import packages, steps
from strata.terraform import providers

JAVA = "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2"
TERRAFORM = """if [ "$1" = version ]; then echo '{"terraform_version":"1.11.4","platform":"linux_amd64"}'; exit; fi
mkdir -p "$TF_PLUGIN_CACHE_DIR/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64"
touch "$TF_PLUGIN_CACHE_DIR/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64/terraform-provider-aws_v5"
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout on a machine with no provider mirror and a registry that answers."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("requirements.txt", "pyproject.toml"):
        (checkout / name).write_text("")
    for name, script in (("java", JAVA), ("terraform", TERRAFORM)):
        stub(tmp_path / "bin" / name, script)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("STRATA_PLUGIN_MIRROR", raising=False)
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
    monkeypatch.setattr(steps, "_make_environment", lambda root: stub(root / ".venv/bin/python", "exit 0"))
    monkeypatch.setattr(packages, "install", lambda *arguments: None)
    steps.run(checkout)
    mirror = checkout / ".strata/terraform/providers"
    assert (mirror / "registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64").is_dir()
    assert "set-up: AWS provider " in capsys.readouterr().out
    steps.run(checkout)
    printed = capsys.readouterr().out
    assert f"AWS provider 5.100.0 in {mirror} (downloaded)" in printed
    assert "set-up: AWS provider " not in printed
