"""What the tests of the live tree share: a tree written from a dictionary, read in a clean environment."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from strata.live import LiveTree

Write = Callable[[Mapping[str, str]], Path]
Load = Callable[..., LiveTree]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a repository of files and gives its folder."""

    def write_files(files: Mapping[str, str]) -> Path:
        root = tmp_path / "repository"
        (root / ".git").mkdir(parents=True)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return root

    return write_files


@pytest.fixture
def load(write: Write, tmp_path: Path) -> Load:
    """Loads a tree from files, with only the given variables set."""

    def load_files(files: Mapping[str, str], **variables: str) -> LiveTree:
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **variables}
        return LiveTree.load(write(files), environ=environ)

    return load_files
