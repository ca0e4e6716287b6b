"""Versions of Terraform's program: kept of the program itself, never of one that chooses another."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from strata.errors import StrataError
from strata.terraform.kept_versions import KeptVersions
from strata.terraform.program import find_program

ANSWER = ("1.11.4", "linux_amd64")
# What Go writes into a program: its main package, then its modules.
PROGRAMS = {
    "Terraform": (b"\x7fELF\0path\tgithub.com/hashicorp/terraform\nmod\tgithub.com/hashicorp/terraform\t(devel)\t\n", True),
    "OpenTofu": (b"\x7fELF\0path\tgithub.com/opentofu/opentofu/cmd/tofu\nmod\tgithub.com/opentofu/opentofu\t(devel)\t\n", True),
    "a version manager's program": (b"\x7fELF\0path\tgithub.com/tofuutils/tenv/v4/cmd/terraform\ndep\tgithub.com/hashicorp/hcl\n", False),
    "a program that uses Terraform as a library": (b"\x7fELF\0path\texample.com/shim\ndep\tgithub.com/hashicorp/terraform\tv1.5.7\n", False),
    "a script": (b"#!/bin/sh\n# path\tgithub.com/hashicorp/terraform\nexec terraform-1.11.4\n", False),
    "an empty file": (b"", False),
}  # fmt: skip


@pytest.fixture
def program(tmp_path: Path) -> Path:
    made = tmp_path / "bin" / "terraform"
    made.parent.mkdir()
    made.write_bytes(PROGRAMS["Terraform"][0])
    made.chmod(0o755)
    return made


@pytest.fixture
def kept(tmp_path: Path) -> KeptVersions:
    return KeptVersions(tmp_path / "cache")


@pytest.mark.parametrize("name", PROGRAMS)
def test_only_what_the_program_itself_says_is_kept(name: str, program: Path, kept: KeptVersions) -> None:
    content, expected = PROGRAMS[name]
    program.write_bytes(content)
    kept.write(program, *ANSWER)
    assert kept.read(program) == (ANSWER if expected else None)


def test_another_program_at_the_same_place_is_asked(program: Path, kept: KeptVersions) -> None:
    kept.write(program, *ANSWER)
    before = program.stat()
    longer = program.with_name("longer")
    longer.write_bytes(program.read_bytes() + b"more")
    os.utime(longer, ns=(before.st_atime_ns, before.st_mtime_ns))
    longer.replace(program)
    assert kept.read(program) is None
    kept.write(program, *ANSWER)
    os.utime(program, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert kept.read(program) is None


def test_a_link_to_another_program_is_another(program: Path, kept: KeptVersions) -> None:
    link = program.with_name("tofu")
    link.symlink_to(program)
    kept.write(link, *ANSWER)
    assert (kept.read(link), kept.read(program)) == (ANSWER, ANSWER)
    other = shutil.copy2(program, program.with_name("terraform-1.12"))
    link.unlink()
    link.symlink_to(other)
    assert kept.read(link) is None


@pytest.mark.parametrize("damaged", [b"", b"{", b"[]", b'{"version": "1.11.4"}', b"\xff"])
def test_a_damaged_file_is_as_none(damaged: bytes, tmp_path: Path, program: Path, kept: KeptVersions) -> None:
    kept.write(program, *ANSWER)
    (file,) = (tmp_path / "cache").iterdir()
    file.write_bytes(damaged)
    assert kept.read(program) is None


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path, program: Path) -> None:
    (tmp_path / "file").touch()
    kept = KeptVersions(tmp_path / "file" / "cache")
    kept.write(program, *ANSWER)
    assert kept.read(program) is None


def test_a_program_is_asked_once(tmp_path: Path, program: Path, kept: KeptVersions) -> None:
    environ = {"PATH": str(program.parent)}
    with pytest.raises(StrataError, match="does not answer"):
        # It cannot run.
        find_program(environ, {}, kept)
    kept.write(program, *ANSWER)
    found = find_program(environ, {}, kept)
    assert (found.path, found.product, found.version, found.platform) == (program, "Terraform", *ANSWER)


def test_a_shim_is_asked_each_time(tmp_path: Path, program: Path, kept: KeptVersions) -> None:
    program.write_text(
        '#!/bin/sh\necho "{\\"terraform_version\\": \\"$CHOSEN\\", \\"platform\\": \\"x\\"}"\n'
    )
    environ = {"PATH": str(program.parent)}
    for version in ("1.11.4", "1.12.0"):
        assert find_program(environ, {"CHOSEN": version}, kept).version == version


@pytest.mark.needs("terraform")
def test_the_machines_own_is_kept_as_it_answers(kept: KeptVersions) -> None:
    environ = dict(os.environ)
    found = find_program(environ, environ, kept)
    assert kept.read(found.path) in ((found.version, found.platform), None)
    assert find_program(environ, environ, kept) == found
