"""Runs SQLAlchemy's own tests of a dialect, with snowflake-sqlalchemy, against the embedded Snowflake.

    .venv/bin/python bench/sqlalchemy_suite                all tests but those of exclusions.toml
    .venv/bin/python bench/sqlalchemy_suite -k TrueDiv     with options of pytest

Exits 1 if a test fails. It takes a minute, and installs what requirements-snowflake-clients.txt pins once.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import snowflake.connector

from strata.checkout import own_environment
from strata.cloud.aws.context import CloudContext
from strata.cloud.snowflake.server import SnowflakeServer

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Run the suite; return pytest's exit status."""
    programs = own_environment.ensure(HERE.parents[1], "snowflake-clients", print)
    with tempfile.TemporaryDirectory(prefix="strata-sqlalchemy-") as folder:
        server = SnowflakeServer(CloudContext("111122223333", "eu-west-1", Path(folder)))
        server.start()
        try:
            return _run(server, programs, Path(folder))
        finally:
            server.stop()


def _run(server: SnowflakeServer, programs: Path, folder: Path) -> int:
    login = {"user": server.user, "password": server.password, "account": server.account}
    with snowflake.connector.connect(
        **login, host=server.host, port=server.port, protocol="http"
    ) as connection:
        for statement in ("create database suite", "create schema suite.test_schema"):
            connection.cursor().execute(statement)
    address = (
        f"snowflake://{server.user}:{server.password}@{server.account}/SUITE/PUBLIC?warehouse=COMPUTE_WH"
    )
    settings = {
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "SNOWFLAKE_HOST": server.host,
        "SNOWFLAKE_PORT": str(server.port),
    }
    pytest = [str(programs / "python"), "-m", "pytest", "-c", "pytest.ini", "--dburi", address]
    options = ["-q", "--maxfail=1000", "--tb=line", "-p", "no:cacheprovider", "-W", "ignore", *sys.argv[1:]]
    return subprocess.run([*pytest, *options], cwd=HERE, env=settings, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
