"""An embedded cloud in a process of its own: moto stays as it comes in the tests' own process."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from strata.cloud.endpoints import Endpoints

_ROOT = Path(__file__).resolve().parents[1]
_CLOUD = """
import sys
from pathlib import Path
from strata.cloud.embedded import EmbeddedCloud

with EmbeddedCloud(Path(sys.argv[1]), account_id="111122223333", region="eu-west-1", warm_processes=0) as endpoints:
    print(endpoints.model_dump_json(), flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def embedded_cloud(folder: Path) -> Iterator[Endpoints]:
    """An embedded cloud without the Spark that `strata up` warms: no job runs there."""
    home = folder / "home"
    home.mkdir(parents=True)
    kept = {name: os.environ[name] for name in ("PATH", "JAVA_HOME", "LANG") if name in os.environ}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _CLOUD, str(folder / "run")],
            env={**kept, "HOME": str(home), "SNOWFLAKE_HOME": str(home), "PYTHONPATH": str(_ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("{"), (folder / "log").read_text()
        yield Endpoints.model_validate_json(line)
    finally:
        process.communicate()
