"""Files that hold secrets: their owner's alone, and whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from strata.checkout.files import replacing, write_private


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize("before", [None, 0o644, 0o400])
def test_the_owner_alone_may_read_it(tmp_path: Path, before: int | None) -> None:
    file = tmp_path / "made" / "record.json"
    if before is not None:
        file.parent.mkdir()
        file.write_text("old")
        file.chmod(before)
    write_private(file, "é")
    assert (mode(file), file.read_bytes()) == (0o600, b"\xc3\xa9")
    assert list(file.parent.iterdir()) == [file]


def test_a_draft_is_nobody_elses_either(tmp_path: Path) -> None:
    with replacing(tmp_path / "public") as draft:
        assert mode(draft) == 0o600
    assert mode(tmp_path / "public") == 0o644


def test_what_fails_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")

    def fail() -> None:
        with replacing(file) as draft:
            draft.write_text("new")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert (file.read_text(), list(tmp_path.iterdir())) == ("old", [file])
