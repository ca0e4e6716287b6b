"""The reader says what Terragrunt 1.1.3 says: recorded cases, and the program itself where it is on PATH.

`conformance/` and `semantics.toml` hold what Terragrunt answered; see conformance/README.md.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from strata.errors import StrataError
from strata.live import LiveTree
from tests.live.terragrunt import child_environ, render, significant

HERE = Path(__file__).parent
CASES = sorted(path.name for path in (HERE / "conformance").iterdir() if path.is_dir())
SMALL: list[dict[str, Any]] = tomllib.loads((HERE / "semantics.toml").read_text(encoding="utf-8"))["case"]


def _copy(case: str, tmp_path: Path) -> tuple[dict[str, Any], Path]:
    root = tmp_path / "repository"
    shutil.copytree(HERE / "conformance" / case / "tree", root)
    (root / ".git").mkdir()
    return json.loads((HERE / "conformance" / case / "expected.json").read_text(encoding="utf-8")), root


def _write(case: dict[str, Any], tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    for name, text in case["files"].items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize("case", CASES)
def test_recorded_case(case: str, tmp_path: Path) -> None:
    expected, root = _copy(case, tmp_path)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **expected["env"]}
    tree = LiveTree.load(root, environ=environ)
    found = {entry["path"]: sorted(entry.get("dependencies", [])) for entry in expected["find"]}
    assert tree.find() == sorted(found)
    for path, unit in expected["units"].items():
        if not unit["ok"]:
            with pytest.raises(StrataError) as caught:
                tree.config(path)
            assert caught.value.file is not None
            continue
        assert significant(tree.config(path), root) == unit["rendered"]
        assert sorted(tree.unit(path).after) == found[path]


@pytest.mark.parametrize("case", SMALL, ids=[case["name"] for case in SMALL])
def test_recorded_semantics(case: dict[str, Any], tmp_path: Path) -> None:
    root = _write(case, tmp_path)
    (root / ".git").mkdir()
    tree = LiveTree.load(root, environ={"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    unit = case.get("unit", "u")
    if case.get("refused"):
        with pytest.raises(StrataError) as caught:
            tree.config(unit)
        assert caught.value.line == case.get("line")
        return
    expected = case["inputs"].replace("${ROOT}", str(root)).replace("${HOME}", str(tmp_path))
    assert (tree.config(unit)["inputs"] or None) == (json.loads(expected) or None)


@pytest.mark.needs("terragrunt")
@pytest.mark.parametrize("case", SMALL, ids=[case["name"] for case in SMALL])
def test_terragrunt_still_says_so(case: dict[str, Any], tmp_path: Path) -> None:
    root = _write(case, tmp_path)
    environ = child_environ(tmp_path)
    subprocess.run(["git", "init", "-q", str(root)], check=True, env=environ)
    document, said = render(root / case.get("unit", "u"), environ)
    if case.get("refused"):
        assert document is None
        return
    assert document is not None, said
    expected = case["inputs"].replace("${ROOT}", str(root)).replace("${HOME}", str(tmp_path))
    assert (document["inputs"] or None) == (json.loads(expected) or None)
