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


def test_the_entries_of_a_lock_file(tmp_path: Path) -> None:
    assert locks.read(tmp_path, "x.hcl") == {}
    entry = 'provider "h/a/b" {\n  version     = "1.2.3"\n  constraints = "~> 1.2"\n  hashes = [\n    "h1:x",\n  ]\n}\n'
    (tmp_path / "x.hcl").write_text("# made\n\n" + entry + '\nprovider "h/c/d" {\n}\n', encoding="utf-8")
    found = locks.read(tmp_path, "x.hcl")
    one = found["h/a/b"]
    assert (one.version, one.constraints, one.line, one.text) == ("1.2.3", "~> 1.2", 3, entry)
    assert "h1:x" in one.hashes
    bare = found["h/c/d"]
    assert (bare.version, bare.hashes, bare.constraints, bare.line) == ("", "", "", 11)
    (tmp_path / "x.hcl").write_text("a = 1\nb = = 2\n", encoding="utf-8")
    with pytest.raises(StrataError, match="syntax error") as caught:
        locks.read(tmp_path, "x.hcl")
    assert (caught.value.file, caught.value.line) == ("x.hcl", 2)


def test_lock_files_are_written_where_they_differ(tmp_path: Path) -> None:
    text = 'terraform {\n  required_providers {\n    b = {\n      source = "Example/B"\n    }\n    a = {\n      source = "example/a"\n    }\n  }\n}\n'
    module = read_module("m", {"main.tf": text.encode()}, "modules/m")
    entries = {
        f"registry.terraform.io/example/{name}": locks.Locked("1", "h", "c", f"provider {name}\n", 1)
        for name in "abc"
    }
    for unit in ("live/dev/x", "live/dev/y"):
        (tmp_path / unit).mkdir(parents=True)
    units = {"live/dev/x": module, "live/dev/y": module}
    files = [f"{unit}/.terraform.lock.hcl" for unit in units]
    assert locks.write(tmp_path, units, entries) == files
    expected = (
        '# This file is maintained automatically by "terraform init".\n'
        "# Manual edits may be lost in future updates.\n"
        "\nprovider a\n\nprovider b\n"
    )
    assert [(tmp_path / file).read_text(encoding="utf-8") for file in files] == [expected] * 2
    assert locks.write(tmp_path, units, entries) == []
    (tmp_path / files[1]).write_text("old\n", encoding="utf-8")
    assert locks.write(tmp_path, units, entries) == files[1:]


def test_a_provider_without_an_entry_is_refused(tmp_path: Path) -> None:
    text = 'terraform {\n  required_providers {\n    aws = {\n      source = "hashicorp/aws"\n    }\n  }\n}\n'
    module = read_module("m", {"main.tf": text.encode()}, "modules/m")
    assert locks.required_providers(module) == {"registry.terraform.io/hashicorp/aws": ""}
    with pytest.raises(StrataError, match="hashicorp/aws is not locked yet, and live/dev/m needs it"):
        locks.write(tmp_path, {"live/dev/m": module}, {})
    assert list(tmp_path.iterdir()) == []
