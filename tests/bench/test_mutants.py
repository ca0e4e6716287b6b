"""The faults that `make mutants` puts in, and its lists."""

from __future__ import annotations

import ast
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def mutants(root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(root / "bench" / "mutants")
    import python_sites

    return python_sites


@pytest.fixture
def terraform(root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(root / "bench" / "mutants")
    import terraform_sites

    return terraform_sites


def texts(sites: list, kind: str) -> list[str]:
    return [str(way()).strip() for site in sites if site.kind == kind for way in site.ways]


# source, kind, what it becomes
PYTHON: list[tuple[str, str, list[str]]] = [
    ('x = {"a", "b"}', "member", ['x = {"b"}', 'x = {"a", }']),
    ('x = ("a", "b")', "member", ['x = ("b",)', 'x = ("a",)']),
    ("x = (a, b)", "member", []),
    ("f(a and (b or c))", "operand", ["f(a)", "f((b or c))", "f(a and (b))", "f(a and (c))"]),
    ("if a or b:\n    f()", "branch", ["if not (a or b):\n    f()"]),
    ("x = [a for a in b if a if b]", "filtered", ["x = [a for a in b if b]", "x = [a for a in b if a]"]),
    ("a.pop(b)", "statement", ["pass"]),
    ("del a[b]", "statement", ["pass"]),
    ("with lock:\n    a = 1", "context", ["if True:\n    a = 1"]),
    ("with a as b:\n    c = 1", "context", []),
    ("x = r.fullmatch(a)", "mistaken", ["x = r.match(a)"]),
    ("x = a > 1", "swap_op", ["x = a >= 1"]),
    ('"""Words."""', "string", []),
    ('f("two words")', "string", []),
    ("def f(a: str | None) -> int: ...", "swap_op", []),
    ('__all__ = ["a", "b"]', "member", []),
    ("T = str | Path", "assignment", []),
]


@pytest.mark.parametrize(("source", "kind", "expected"), PYTHON)
def test_faults_of_python(mutants: ModuleType, source: str, kind: str, expected: list[str]) -> None:
    found = texts(mutants.python_sites("x.py", f"{source}\n"), kind)
    assert found == expected
    for text in found:
        ast.parse(text)


TERRAFORM: list[tuple[str, str, list[str]]] = [
    ("a = b ? c : d.e", "condition", ["a = c", "a = d.e"]),
    ("a = b.c && !d", "operand", ["a = !d", "a = b.c"]),
    ("a = b || c || d", "operand", ["a = c || d", "a = b || d", "a = b || c"]),
    ("a = b.c && !d", "operator", ["a = b.c || !d"]),
    ("a = b.c && !d", "not", ["a = b.c && d"]),
    ('a = ["x", "y"]', "member", ['a = [ "y"]', 'a = ["x", ]']),
    ("a = { Sid = 1, Effect = 2 }", "member", ["a = { Sid = 1,  }"]),
    ("a = [for b in c : b if b]", "filter", ["a = [for b in c : b ]"]),
    ('a = can(regex("^x$", b))', "anchor", ['a = can(regex("x$", b))', 'a = can(regex("^x", b))']),
    ("a = 3 >= b", "literal", ["a = 4 >= b"]),
    ("a = alltrue(b)", "function", ["a = anytrue(b)"]),
    ('resource "a" "b" {\n  c = d\n}', "argument", ['resource "a" "b" {\n  \n}']),
    ('variable "a" {\n  description = "b"\n}', "argument", []),
    ('variable "a" {\n  validation {\n    condition = b\n  }\n}', "validation", ['variable "a" {\n  \n}']),
    ("moved {\n  from = a\n}", "argument", []),
]


@pytest.mark.parametrize(("source", "kind", "expected"), TERRAFORM)
def test_faults_of_terraform(terraform: ModuleType, source: str, kind: str, expected: list[str]) -> None:
    assert texts(terraform.terraform_sites("x.tf", f"{source}\n"), kind) == expected


def test_a_child_runs_the_copy(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(root / "bench" / "mutants")
    import scratch

    import strata

    assert Path(strata.__file__).parent == root / "strata"
    package = tmp_path / "strata"
    package.mkdir()
    (package / "__init__.py").write_text("CODE = 0\n", encoding="utf-8")
    copy = scratch.Scratch(tmp_path, tmp_path / "log")

    def code() -> int:
        from strata import CODE  # type: ignore[attr-defined]

        return int(CODE)

    assert copy.child(code, 20) == 0
    with copy.written("strata/__init__.py", "CODE = 7\n"):
        assert copy.child(code, 20) == 7


def test_what_the_lists_name_is_there(root: Path) -> None:
    folder = root / "bench" / "mutants"
    packages = tomllib.loads((folder / "packages.toml").read_text(encoding="utf-8"))["package"]
    places = [place for package in packages for place in (package["name"], *package["tests"])]
    assert [place for place in places if not (root / place.partition("::")[0]).exists()] == []
    names = subprocess.run(
        ["git", "ls-files", "strata", "glue_jobs", "modules"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    everything = {
        line.strip()
        for name in names.stdout.splitlines()
        if name.endswith((".py", ".tf")) and (root / name).is_file()
        for line in (root / name).read_text(encoding="utf-8").splitlines()
    }
    faults = tomllib.loads((folder / "equivalent.toml").read_text(encoding="utf-8"))["fault"]
    assert [fault["was"] for fault in faults if not set(fault["was"].splitlines()) <= everything] == []
    assert all(len(fault["reason"]) > 10 for fault in faults)


@pytest.mark.parametrize(
    ("most", "taken"),
    [
        (None, ["b::1", "a::1", "b::2", "a::2", "a::3"]),
        # One of each file, then another of each, until the seconds are over.
        (2.9, ["b::1", "a::1"]),
        (3.0, ["b::1", "a::1", "b::2"]),
        (7.0, ["b::1", "a::1", "b::2", "a::2"]),
        (0.1, ["b::1"]),
    ],
)
def test_a_fault_is_tried_with_some_tests_of_each_file(
    root: Path, monkeypatch: pytest.MonkeyPatch, most: float | None, taken: list[str]
) -> None:
    monkeypatch.syspath_prepend(root / "bench" / "mutants")
    from python_trials import Baseline

    seconds = {"a::1": 1.0, "a::2": 2.0, "a::3": 3.0, "b::1": 0.5, "b::2": 1.5}
    baseline = Baseline(seconds, {}, {}, most)
    assert baseline.below(["a", "b"]) == taken
