"""The same input gives the same bytes, built by whatever Python, anywhere, at any time."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from strata.artifacts.layer import build_glue_libraries, build_layer

ROOT = Path(__file__).resolve().parents[2]


def starts(python: str) -> bool:
    return subprocess.run([python, "--version"], capture_output=True, check=False).returncode == 0


# Every CPython from 3.9 on that is here; the builder is a hook, which takes what it finds.
FOUND = [
    path
    for name in ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3")
    if (path := shutil.which(f"python{name}"))
]
PYTHONS = [path for path in FOUND if starts(path)]


def build(
    component: str,
    root: Path,
    cwd: Path,
    *options: str,
    python: str = sys.executable,
    code: Path = ROOT,
    umask: int = 0o022,
    **environ: str,
) -> subprocess.CompletedProcess[str]:
    cwd.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("STRATA_", "PYTHON"))}
    return subprocess.run(
        [python, "-IB", code / "strata/artifacts/__main__.py", "build", component, "--root", root, *options],
        cwd=cwd,
        env=kept | environ,
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what is built, with one small package for a layer; the libraries of the jobs are cached."""
    root = tmp_path / "checkout"
    shutil.copytree(ROOT / "glue_jobs", root / "glue_jobs")
    build_glue_libraries(ROOT, tmp_path / "libraries.zip")
    shutil.copytree(ROOT / ".strata/cache/libraries", root / ".strata/cache/libraries")
    functions = root / "lambda_functions" / "snowflake_external_table"
    shutil.copytree(ROOT / "lambda_functions" / "snowflake_external_table", functions)
    pins = (functions / "requirements.txt").read_text()
    found = re.search(r"^sortedcontainers==.*\\\n(?:.*--hash=.*\n)+", pins, re.MULTILINE)
    assert found is not None
    (functions / "requirements.txt").write_text(found.group().rstrip(" \\\n") + "\n")
    return root


def touch_all(root: Path) -> None:
    for number, path in enumerate(sorted(root.rglob("*"))):
        os.utime(path, (1_600_000_000 + number, 1_600_000_000 + number))
        path.chmod(0o700 if number % 2 else 0o777)
    (root / "glue_jobs" / "__pycache__").mkdir(exist_ok=True)
    (root / "glue_jobs" / "__pycache__" / "main.cpython-311.pyc").write_bytes(b"noise")
    (root / "glue_jobs" / ".main.py.swp").write_bytes(b"noise")


def test_glue_artifacts_are_the_same_everywhere(checkout: Path, tmp_path: Path) -> None:
    first = build("glue", checkout, tmp_path / "one", umask=0o077)
    assert (first.returncode, first.stdout, first.stderr) == (0, "", "")
    touch_all(checkout)
    moved = tmp_path / "elsewhere"
    checkout.rename(moved)
    second = build(
        "glue", moved, tmp_path / "two", "--out", "deep/er", umask=0o000, LANG="C", TZ="Asia/Tokyo"
    )
    assert second.returncode == 0, second.stderr
    found = digests(tmp_path / "one" / "artifacts")
    assert found == digests(tmp_path / "two" / "deep" / "er")
    assert list(found) == [
        "glue/clean.py",
        "glue/curate.py",
        "glue/daily_summary.py",
        "glue/glue_jobs.zip",
        "glue/libraries.zip",
        "glue/remove.py",
    ]
    with zipfile.ZipFile(tmp_path / "one" / "artifacts" / "glue" / "glue_jobs.zip") as archive:
        names = archive.namelist()
    assert {"glue_jobs/main.py", "glue_jobs/contracts/flights.odcs.yaml"} <= set(names)
    assert names == sorted(names)


def test_the_layers_downloads_stay_in_the_checkout(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    pip = tmp_path / "python"
    # As pip does: it keeps what it downloads where it is told to, else in its user's home.
    pip.write_text(
        '#!/bin/sh\nfolder="${PIP_CACHE_DIR:-$HOME/.cache/pip}"; mkdir -p "$folder"; touch "$folder/wheel"\n'
    )
    pip.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(pip))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("PIP_CACHE_DIR", raising=False)
    build_layer(checkout, "x86_64", tmp_path / "layer.zip")
    assert (checkout / ".strata/cache/pip/wheel").is_file()
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("python", PYTHONS)
def test_any_python_builds_the_same(python: str, checkout: Path, tmp_path: Path) -> None:
    assert build("glue", checkout, tmp_path / "own").returncode == 0
    result = build("glue", checkout, tmp_path / "other", python=python)
    assert result.returncode == 0, result.stderr
    assert digests(tmp_path / "own") == digests(tmp_path / "other")


def test_no_file_of_a_change_stands_in_for_a_module(checkout: Path, tmp_path: Path) -> None:
    """The hook runs in the module's folder, out of the checkout: `argparse.py` in either must not be run."""
    shutil.copytree(ROOT / "strata" / "artifacts", checkout / "strata" / "artifacts")
    for name in ("__init__.py", "errors.py"):
        shutil.copy2(ROOT / "strata" / name, checkout / "strata")
    module = tmp_path / "modules" / "glue"
    module.mkdir(parents=True)
    for folder in (checkout, module, checkout / "strata" / "artifacts"):
        (folder / "argparse.py").write_text("raise SystemExit('executed')\n")
    result = build("glue", checkout, module, code=checkout)
    assert (result.returncode, result.stderr) == (0, "")


def test_one_changed_byte_is_another_artifact(checkout: Path, tmp_path: Path) -> None:
    build("glue", checkout, tmp_path / "one")
    contract = checkout / "glue_jobs" / "contracts" / "flights.odcs.yaml"
    contract.write_text(contract.read_text() + "\n")
    build("glue", checkout, tmp_path / "two")
    one, two = digests(tmp_path / "one" / "artifacts"), digests(tmp_path / "two" / "artifacts")
    assert {name for name in one if one[name] != two[name]} == {"glue/glue_jobs.zip"}


def test_the_job_runs_from_the_zips_alone(checkout: Path, tmp_path: Path) -> None:
    """As Glue does it: the script by itself, packages from --extra-py-files, no checkout and no PyYAML in sight."""
    build("glue", checkout, tmp_path)
    folder = tmp_path / "artifacts" / "glue"
    zips = [str(folder / "glue_jobs.zip"), str(folder / "libraries.zip")]
    program = (
        f"import sys, runpy; sys.path = {zips!r} + [p for p in sys.path if 'site-packages' not in p];"
        " from glue_jobs import odcs as c; import yaml;"
        " print(c.load('flights').dataset, c.__file__, yaml.__file__);"
        f" sys.path += {[p for p in sys.path if 'site-packages' in p]!r};"
        f" sys.argv = ['clean.py', '--key', 'k']; runpy.run_path({str(folder / 'clean.py')!r}, run_name='__main__')"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.stdout == f"flights {zips[0]}/glue_jobs/odcs.py {zips[1]}/yaml/__init__.py\n", result.stderr
    assert "JobError: the job needs --raw_bucket, --etag" in result.stderr


def test_the_jobs_libraries_are_fetched_once(checkout: Path, tmp_path: Path) -> None:
    shutil.rmtree(checkout / ".strata")
    fetched = build("glue", checkout, tmp_path / "one")
    assert fetched.returncode == 0, fetched.stderr
    # Again, with no registry to ask.
    again = build("glue", checkout, tmp_path / "two", PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    assert again.returncode == 0, again.stderr
    with zipfile.ZipFile(tmp_path / "two" / "artifacts" / "glue" / "libraries.zip") as archive:
        names = archive.namelist()
    assert "yaml/__init__.py" in names
    assert [name for name in names if not re.fullmatch(r"yaml/[a-z_]+[.]py", name)] == []


def test_the_jobs_libraries_have_the_pins_of_the_tests() -> None:
    pins = (ROOT / "glue_jobs" / "requirements.txt").read_text().partition("\n")[2]
    assert pins in (ROOT / "requirements.txt").read_text()


def test_the_layer_is_built_once_and_is_the_same(checkout: Path, tmp_path: Path) -> None:
    first = build("lambda", checkout, tmp_path / "one")
    assert first.returncode == 0, first.stderr
    started = time.monotonic()
    # Again, with no registry to ask.
    again = build("lambda", checkout, tmp_path / "two", PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    assert again.returncode == 0, again.stderr
    assert time.monotonic() - started < 5
    shutil.rmtree(checkout / ".strata")
    anew = build("lambda", checkout, tmp_path / "three", umask=0o077)
    assert anew.returncode == 0, anew.stderr
    found = digests(tmp_path / "one" / "artifacts")
    assert found == digests(tmp_path / "two" / "artifacts") == digests(tmp_path / "three" / "artifacts")
    assert list(found) == ["lambda/layer.zip", "lambda/snowflake_external_table.zip"]
    with zipfile.ZipFile(tmp_path / "one" / "artifacts" / "lambda" / "layer.zip") as archive:
        names = archive.namelist()
    assert "python/sortedcontainers/sorteddict.py" in names
    assert [name for name in names if re.search(r"\.pyc$|/RECORD$|/INSTALLER$|/tests/|/bin/", name)] == []
    with zipfile.ZipFile(
        tmp_path / "one" / "artifacts" / "lambda" / "snowflake_external_table.zip"
    ) as archive:
        assert archive.namelist() == ["connection.py", "reconcile.py", "refresh.py"]


def test_builds_at_the_same_time_do_not_meet(checkout: Path, tmp_path: Path) -> None:
    assert build("lambda", checkout, tmp_path / "alone").returncode == 0
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: build("lambda", checkout, tmp_path / "shared"), range(4)))
    assert [result.returncode for result in results] == [0] * 4
    assert digests(tmp_path / "alone") == digests(tmp_path / "shared")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("PIP_NO_INDEX", "1"), "artifacts: pip could not fetch the Lambda layer: ERROR: No matching distribution found for sortedcontainers"),
        (("wrong hash", ""), "artifacts: pip could not fetch the Lambda layer: ERROR: THESE PACKAGES DO NOT MATCH THE HASHES"),
    ],
)  # fmt: skip
def test_what_pip_cannot_fetch_is_one_clear_error(
    change: tuple[str, str], message: str, checkout: Path, tmp_path: Path
) -> None:
    name, value = change
    environ = {name: value, "PIP_FIND_LINKS": ""} if name.startswith("PIP_") else {}
    if not environ:
        pins = checkout / "lambda_functions" / "snowflake_external_table" / "requirements.txt"
        pins.write_text(re.sub(r"sha256:.", "sha256:0", re.sub(r"sha256:0", "sha256:1", pins.read_text())))
    result = build("lambda", checkout, tmp_path / "out", **environ)
    assert result.returncode == 1
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith(message)
    assert not (tmp_path / "out" / "artifacts" / "lambda" / "layer.zip").exists()
