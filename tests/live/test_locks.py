"""Lock files: what Terraform says of a provider is written to every unit that needs it, alike."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from strata.cli.app import run
from strata.errors import StrataError
from strata.live import locks
from strata.modules.interface import read_module

TREE = Path(__file__).parent / "contracts" / "tree"
ADDRESS = "registry.terraform.io/example/tiny"


def provider(mirror: Path, version: str) -> None:
    """A provider as a mirror holds it: `providers lock` only computes its checksum."""
    for platform in ("linux_amd64", "darwin_arm64"):
        package = mirror / ADDRESS / version / platform / f"terraform-provider-tiny_v{version}"
        package.parent.mkdir(parents=True)
        package.write_text(platform, encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose module `reader` also needs the provider, and a mirror with it."""
    folder = tmp_path / "tree"
    shutil.copytree(TREE, folder)
    for name in ("staging", "prod"):
        shutil.rmtree(folder / "live" / name)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    main = folder / "modules/reader/main.tf"
    tiny = '    tiny = {\n      source  = "example/tiny"\n      version = "~> 1.2"\n    }\n'
    main.write_text(main.read_text().replace("  required_providers {\n", f"  required_providers {{\n{tiny}"))
    for version in ("1.1.0", "1.2.0", "1.3.5", "2.0.0"):
        provider(tmp_path / "mirror", version)
    monkeypatch.chdir(folder)
    return folder


def test_the_newest_version_that_the_modules_take(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "live/dev/store/.terraform.lock.hcl").read_bytes()
    command = ["live", "lock", "example/tiny", "--mirror", str(tmp_path / "mirror")]
    command += ["--platform", "linux_amd64", "--platform", "darwin_arm64"]
    assert run(command) == 0
    assert capsys.readouterr().out == "live/dev/reader/.terraform.lock.hcl\n"
    found = locks.read(folder, "live/dev/reader/.terraform.lock.hcl")
    assert sorted(found) == [ADDRESS, "registry.terraform.io/hashicorp/aws"]
    assert (found[ADDRESS].version, found[ADDRESS].constraints) == ("1.3.5", "~> 1.2")
    assert found[ADDRESS].hashes.count("h1:") == 2
    # What is not looked up again stays, and a unit that does not need the provider does not lock it.
    assert found["registry.terraform.io/hashicorp/aws"].version == "5.100.0"
    assert (folder / "live/dev/store/.terraform.lock.hcl").read_bytes() == before
    assert run(command) == 0
    assert capsys.readouterr().out == ""


def test_a_provider_that_cannot_be_had_leaves_all_as_it_was(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "live/dev/reader/.terraform.lock.hcl").read_bytes()
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run(["live", "lock", "example/tiny", "--mirror", str(empty), "--platform", "linux_amd64"]) == 1
    assert "`terraform providers lock` failed" in capsys.readouterr().err
    assert run(["live", "lock", "example/other"]) == 1
    assert "no module requires registry.terraform.io/example/other" in capsys.readouterr().err
    assert (folder / "live/dev/reader/.terraform.lock.hcl").read_bytes() == before


def test_a_provider_without_an_entry_is_refused(tmp_path: Path) -> None:
    text = 'terraform {\n  required_providers {\n    aws = {\n      source = "hashicorp/aws"\n    }\n  }\n}\n'
    module = read_module("m", {"main.tf": text.encode()}, "modules/m")
    assert locks.required_providers(module) == {"registry.terraform.io/hashicorp/aws": ""}
    with pytest.raises(StrataError, match="hashicorp/aws is not locked yet, and live/dev/m needs it"):
        locks.write(tmp_path, {"live/dev/m": module}, {})
    assert list(tmp_path.iterdir()) == []
