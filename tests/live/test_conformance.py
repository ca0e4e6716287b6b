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

HERE = Path(__file__).parent
CASES = sorted(path.name for path in (HERE / "conformance").iterdir() if path.is_dir())
SMALL: list[dict[str, Any]] = tomllib.loads((HERE / "semantics.toml").read_text(encoding="utf-8"))["case"]


def significant(document: dict[str, Any], root: Path) -> dict[str, Any]:
    """The document without null, false and empty values, inputs and locals whole, `root` as `${ROOT}`."""
    portable = json.loads(json.dumps(document).replace(str(root), "${ROOT}"))
    whole = ("inputs", "locals")
    found = {name: value if name in whole else _stripped(value) for name, value in portable.items()}
    return {name: value for name, value in found.items() if value}


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        items = {name: _stripped(item) for name, item in value.items()}
        return {name: item for name, item in items.items() if item not in (None, False, "", {}, [])}
    return [_stripped(item) for item in value] if isinstance(value, list) else value


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
    rc = tmp_path / "terraform.rc"
    rc.write_text("", encoding="utf-8")
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TF_CLI_CONFIG_FILE": str(rc)}
    subprocess.run(["git", "init", "-q", str(root)], check=True, env=environ)
    process = subprocess.run(
        [
            "terragrunt",
            "render",
            "--json",
            "--tf-path",
            "terraform",
            "--working-dir",
            str(root / case.get("unit", "u")),
        ],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if case.get("refused"):
        assert process.returncode != 0
        return
    assert process.returncode == 0, process.stderr
    expected = case["inputs"].replace("${ROOT}", str(root)).replace("${HOME}", str(tmp_path))
    assert (json.loads(process.stdout)["inputs"] or None) == (json.loads(expected) or None)
