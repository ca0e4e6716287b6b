"""Clients of Snowflake in an environment of their own, which `requirements-snowflake-clients.txt` pins."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from strata.checkout import own_environment
from strata.cloud.snowflake.server import SnowflakeServer

Client = Callable[..., str]


@pytest.fixture(scope="session")
def programs(root: Path) -> Path:
    """Where the clients' programs are: installed once in a checkout."""
    return own_environment.ensure(root, "snowflake-clients", print)


@pytest.fixture
def client(programs: Path, server: SnowflakeServer, tmp_path: Path) -> Client:
    """Run a program of the clients that must succeed, and return what it prints."""
    organization, _, name = server.account.rpartition("-")
    settings = {
        "SNOWFLAKE_ORGANIZATION_NAME": organization,
        "SNOWFLAKE_ACCOUNT_NAME": name,
        "SNOWFLAKE_HOST": server.host,
        "SNOWFLAKE_PORT": str(server.port),
        "SNOWFLAKE_USER": server.user,
        "SNOWFLAKE_PASSWORD": server.password,
        "STRATA_DATABASE": "STRATA_DEV",
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
    }

    def run(program: str, *arguments: str, folder: Path = tmp_path, **more: str) -> str:
        done = subprocess.run(
            [str(programs / program), *arguments],
            cwd=folder,
            env=settings | more,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
