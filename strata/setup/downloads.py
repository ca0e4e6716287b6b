"""The part of set-up that runs in the virtual environment: Spark's jars and classes, and libraries."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from strata.cloud.aws.glue.spark.class_archive import is_current, make_archive
from strata.cloud.aws.glue.spark.jars import default_folder, ensure_jars
from strata.cloud.aws.glue.spark.java import find_java
from strata.cloud.aws.glue.spark.settings import RUNNER_ACCOUNT, SparkSettings
from strata.cloud.embedded import EmbeddedCloud
from strata.errors import StrataError
from strata.setup.progress import Progress, SetupStep


def main() -> int:
    root = Path(__file__).resolve().parents[2]
    progress = Progress("set-up")
    try:
        with progress.step("Spark's S3A jars") as step:
            ensure_jars(default_folder(), step.note)
        with progress.step("Spark's classes") as step:
            _archive_classes(step)
        with progress.step("libraries of jobs and functions"):
            for component in ("glue", "lambda"):
                _build(root, component)
    except StrataError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("\nset-up: interrupted; run the same command again to resume", file=sys.stderr)
        return 130
    return 0


def _archive_classes(step: SetupStep) -> None:
    jars = default_folder().resolve()
    java = find_java(os.environ)
    settings = SparkSettings(java=java, jars=jars, endpoint="", region="us-east-1")
    if is_current(settings):
        return
    with (
        tempfile.TemporaryDirectory(dir=jars.parent) as folder,
        EmbeddedCloud(
            Path(folder), account_id=RUNNER_ACCOUNT, region=settings.region, warm_processes=0
        ) as endpoints,
    ):
        if not make_archive(replace(settings, endpoint=endpoints.aws_url), step.note):
            step.done(f"none: Java {java.version} at {java.path} does not archive them")


def _build(root: Path, component: str) -> None:
    # Terragrunt's before_hook runs the same command; here it only fills the cache of downloaded wheels.
    with tempfile.TemporaryDirectory(dir=root / ".strata") as out:
        command = [
            sys.executable,
            "-I",
            str(root / "strata" / "artifacts" / "__main__.py"),
            "build",
            component,
            "--root",
            str(root),
            "--out",
            out,
        ]
        # As the embedded cloud's apply will ask for it: for this machine's kind.
        environ = {**os.environ, "STRATA_LOCAL": "set-up"}
        result = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        lines = (result.stderr or result.stdout).strip().splitlines()
        raise StrataError(lines[-1] if lines else f"the {component} artifacts could not be built")


if __name__ == "__main__":
    sys.exit(main())
