"""Schemas of a provider's program, kept until the program is another."""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path

import pytest

from strata.terraform.kept_schemas import KeptSchemas

SCHEMAS = b"resource " * 1000


@pytest.fixture
def program(tmp_path: Path) -> Path:
    made = tmp_path / "terraform-provider-aws_v5"
    made.write_bytes(b"program")
    os.utime(made, ns=(0, 1_000_000_001))
    return made


@pytest.fixture
def kept(tmp_path: Path, program: Path) -> KeptSchemas:
    made = KeptSchemas(tmp_path / "cache/schemas")
    made.write(program, SCHEMAS)
    return made


def file_of(tmp_path: Path) -> Path:
    (found,) = (tmp_path / "cache/schemas").iterdir()
    return found


def test_what_is_kept_is_read_by_the_next_process(tmp_path: Path, program: Path, kept: KeptSchemas) -> None:
    again = KeptSchemas(tmp_path / "cache/schemas")
    assert again.read(program) == SCHEMAS
    # One that is kept twice is one file.
    again.write(program, SCHEMAS + b"more")
    assert kept.read(program) == SCHEMAS + b"more"
    name = file_of(tmp_path).name
    assert re.fullmatch(r"terraform-provider-aws_v5-[0-9a-f]+\.gz", name), name


def test_nothing_is_known_of_another_program(tmp_path: Path, program: Path, kept: KeptSchemas) -> None:
    other = tmp_path / "other" / program.name
    other.parent.mkdir()
    other.write_bytes(b"program")
    os.utime(other, ns=(0, 1_000_000_001))
    assert kept.read(other) == b""
    # Built again, within the same second.
    os.utime(program, ns=(0, 1_000_000_002))
    assert kept.read(program) == b""
    program.write_bytes(b"programs")
    os.utime(program, ns=(0, 1_000_000_001))
    assert kept.read(program) == b""
    program.write_bytes(b"program")
    os.utime(program, ns=(0, 1_000_000_001))
    assert kept.read(program) == SCHEMAS


PACKED = gzip.compress(SCHEMAS, mtime=0)
DAMAGED = {
    "empty": b"",
    "no gzip": b"no gzip",
    "cut off": PACKED[:-20],
    "another sum": PACKED[:-1] + b"?",
    "holes": PACKED[:20] + b"\0" * 20 + PACKED[40:],
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_what_is_damaged_is_not_known(tmp_path: Path, program: Path, kept: KeptSchemas, damage: str) -> None:
    file_of(tmp_path).write_bytes(DAMAGED[damage])
    assert kept.read(program) == b""


def test_what_cannot_be_kept_is_an_error(tmp_path: Path, program: Path) -> None:
    (tmp_path / "schemas").write_text("a file where the folder would be")
    kept = KeptSchemas(tmp_path / "schemas")
    assert kept.read(program) == b""
    with pytest.raises(OSError, match="schemas"):
        kept.write(program, SCHEMAS)
