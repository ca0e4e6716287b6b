"""Terraform's processes: what tftest would take for success, and the provider that stays."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from strata.errors import StrataError
from strata.terraform.toolchain import Toolchain
from strata.terraform.warm_provider import WarmProvider
from strata.testing.cases.terraform import TerraformFolder


def program(folder: Path, text: str) -> Path:
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def folder(tmp_path: Path, text: str) -> TerraformFolder:
    work = tmp_path / "work"
    work.mkdir()
    terraform = program(tmp_path, text)
    toolchain = Toolchain(terraform, "1.11.4", tmp_path / "cli.tfrc", "", "Terraform", tmp_path / "state")
    return TerraformFolder(work, toolchain, {"SAID": "by the caller"})


@pytest.mark.parametrize("ending", ["kill -9 $$", "exit 3", "exit 1", "echo nonsense; exit 11"])
def test_a_terraform_that_does_not_end_well_is_no_success(tmp_path: Path, ending: str) -> None:
    with pytest.raises(StrataError, match="terraform init"):
        folder(tmp_path, ending).init()


RULE = "x must be long. This was checked by the validation rule at copies/a--b/a/variables.tf:7,3-13."


@pytest.mark.parametrize(
    ("range_", "detail", "place"),
    [
        ({"filename": "a.tf.json", "start": {"line": 3}}, RULE, ("a.tf.json", 3)),
        # A default: no argument of the call has a place.
        (None, RULE, ("copies/a--b/a/variables.tf", 7)),
        (None, "x must be long.", ("", 0)),
    ],
)
def test_an_error_has_a_place(
    tmp_path: Path, range_: dict[str, object] | None, detail: str, place: tuple[str, int]
) -> None:
    diagnostic = {"severity": "error", "summary": "Invalid value for variable", "detail": detail}
    line = json.dumps(
        {"@level": "error", "diagnostic": {**diagnostic, **({"range": range_} if range_ else {})}}
    )
    (tmp_path / "said").write_text(f"{line}\n", encoding="utf-8")
    (found,) = folder(tmp_path, f"{shutil.which('cat')} {tmp_path}/said\nexit 1").init()
    assert (found.file, found.line) == place


def test_terraform_gets_an_environment_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "the caller's")
    terraform = folder(tmp_path, f"env > {tmp_path}/seen")
    terraform.attach({"MORE": "later"})
    assert (terraform.init(), terraform.starts) == ([], 1)
    seen = (tmp_path / "seen").read_text(encoding="utf-8")
    assert "SAID=by the caller" in seen
    assert "MORE=later" in seen
    assert "AWS_PROFILE" not in seen


def test_a_provider_is_kept_and_stopped(tmp_path: Path) -> None:
    said = """TF_REATTACH_PROVIDERS='{"registry.terraform.io/hashicorp/aws":{"Pid":1}}'"""
    (tmp_path / "said").write_text(f"{said}\n", encoding="utf-8")
    text = f"echo $$ > {tmp_path}/pid\n{shutil.which('cat')} {tmp_path}/said\nexec {shutil.which('sleep')} 60"
    provider = WarmProvider(program(tmp_path, text), {})
    provider.start()
    assert provider.attachment == {"registry.terraform.io/hashicorp/aws": {"Pid": 1}}
    assert provider.running
    provider.stop()
    assert not provider.running
    pid = int((tmp_path / "pid").read_text(encoding="utf-8"))
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_provider_that_ends_at_once_is_done_without(tmp_path: Path) -> None:
    provider = WarmProvider(program(tmp_path, "exit 1"), {})
    begun = time.monotonic()
    provider.start()
    assert time.monotonic() - begun < 20
    assert provider.attachment == {}
