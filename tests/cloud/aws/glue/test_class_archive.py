"""When the archive of Spark's classes is made, and what stands for it; the process is a test's own."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from strata.cloud.aws.glue.spark import class_archive
from strata.cloud.aws.glue.spark.class_archive import is_current, make_archive
from strata.cloud.aws.glue.spark.java import Java
from strata.cloud.aws.glue.spark.settings import SparkSettings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SparkSettings:
    """A Java, and a class path of two jars."""
    for name in ("java", "spark/jars/spark.jar", "s3a/hadoop.jar"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(class_archive, "spark_home", lambda: tmp_path / "spark")
    return SparkSettings(Java(tmp_path / "java", 17), tmp_path / "s3a", "http://aws", "us-east-1")


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What became of each process; the one that is made next writes its archive if the list allows it."""
    seen: list[str] = []

    class Process:
        def __init__(self, settings: SparkSettings, folder: Path, *, warm_up: int) -> None:
            assert warm_up == 1
            assert settings.archive_at_exit is not None
            self._archive = settings.archive_at_exit
            assert self._archive.parent.is_dir()

        def wait_ready(self) -> bool:
            return "dies" not in seen

        def run(self, job: Any) -> None:
            assert b"System.exit(0)" in job.script
            seen.append("ran")
            if "without an archive" not in seen:
                self._archive.write_text("classes")

        def stop(self) -> None:
            seen.append("stopped")

    monkeypatch.setattr(class_archive, "SparkProcess", Process)
    return seen


def test_an_archive_is_made_once(settings: SparkSettings, runs: list[str]) -> None:
    notes: list[str] = []
    assert not is_current(settings)
    assert make_archive(settings, notes.append)
    assert runs == ["ran", "stopped"]
    assert len(notes) == 1
    assert settings.class_archive.read_text() == "classes"
    assert sorted(path.name for path in settings.jars.iterdir()) == [
        "classes.jsa",
        "classes.key",
        "hadoop.jar",
    ]
    assert is_current(settings)


@pytest.mark.parametrize("how", ["without an archive", "dies"])
def test_a_java_that_makes_none_is_asked_once(settings: SparkSettings, runs: list[str], how: str) -> None:
    settings.class_archive.write_text("of another Java")
    runs.append(how)
    assert not make_archive(settings, lambda line: None)
    assert runs[-1] == "stopped"
    assert not settings.class_archive.exists()
    assert is_current(settings)


@pytest.mark.parametrize(
    "what", ["another Java", "a jar that is newer", "one jar more", "one of Spark's less"]
)
def test_another_class_path_needs_another_archive(
    settings: SparkSettings, runs: list[str], tmp_path: Path, what: str
) -> None:
    make_archive(settings, lambda line: None)
    if what == "another Java":
        (tmp_path / "java21").write_text("java")
        settings = replace(settings, java=Java(tmp_path / "java21", 21))
    elif what == "a jar that is newer":
        os.utime(settings.jars / "hadoop.jar", (1, 1))
    elif what == "one jar more":
        (settings.jars / "more.jar").write_text("")
    else:
        (tmp_path / "spark/jars/spark.jar").unlink()
    assert not is_current(settings)
