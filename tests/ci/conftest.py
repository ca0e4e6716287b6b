"""One embedded cloud and one repository for the tests that run workflows, and GitHub's API on this machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from strata.terraform.toolchain import ready_toolchain
from strata.testing.cloud import embedded_cloud
from tests import warm
from tests.ci.github_server import Server, serve
from tests.ci.platform import Platform, share_cache
from tests.ci.repository import Repository

# Its tests share a platform.
pytestmark = pytest.mark.one_worker("ci")

# What the small repository has of this one: enough for every step of every workflow.
_KEPT = (
    ".github",
    ".terragrunt-filters",
    ".tool-versions",
    "glue_jobs/__init__.py",
    "glue_jobs/errors.py",
    "live/_components/github-oidc.hcl",
    "live/dev/env.hcl",
    "live/dev/github-oidc",
    "modules/default-context.tf",
    "modules/default-versions.tf",
    "Makefile",
    "modules/github-oidc",
    "terragrunt.hcl",
    "tests/style/wording.py",
    "tests/style/wording.toml",
)


@pytest.fixture
def github() -> Iterator[Server]:
    """GitHub's API for one test."""
    with serve() as server:
        yield server


@pytest.fixture(scope="session")
def platform(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A repository with one unit, `github-oidc`, and an empty embedded cloud."""
    folder = tmp_path_factory.mktemp("ci")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *_KEPT],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    files = {name: root / name for name in listed if name and (root / name).is_file()}
    env = (root / "live/dev/env.hcl").read_text()
    small = {
        # Versions are of modules that are there.
        "live/dev/env.hcl": re.sub(
            r"(?s)versions = \{.*?\}", 'versions = {\n    github-oidc = "local"\n  }', env
        ),
        ".gitignore": root / ".gitignore",
        # Without the package: what is checked is what is there, and `strata` is the installed one.
        "pyproject.toml": (root / "pyproject.toml")
        .read_text()
        .replace('"strata", "glue_jobs"', '"glue_jobs"'),
        "lint.toml": '[[skip]]\ncheck = "module-size"\nwhere = "modules/github-oidc"\nreason = "Half of the module is data, actions by name."\n',
        "tests/test_one.py": "def test_one() -> None:\n    assert True\n",
    }
    repository = Repository.create(folder, {**files, **small})
    if not (shutil.which("terraform") or shutil.which("tofu")):
        pytest.skip("missing tool: terraform")
    toolchain = ready_toolchain(root / ".strata")
    real = shutil.which("terragrunt") is not None
    share_cache(repository.clone)
    warm.write_program(folder / "bin" / "strata", "strata")
    config, mirror = toolchain.cli_config, None
    if not real:
        warm.write_program(folder / "bin" / "terragrunt", "tests.ci.terragrunt_stand_in")
        if toolchain.launchers:
            # Only Terragrunt would have to be told where providers are; Strata is quicker by its own way.
            config, mirror = folder / "cli.tfrc", toolchain.launchers.mirror
            config.write_text("disable_checkpoint = true\n")
    with serve() as server, embedded_cloud(folder / "cloud") as endpoints:
        yield Platform(folder, repository, server, endpoints, config, real, mirror=mirror)


@pytest.fixture(scope="session")
def bootstrapped(platform: Platform) -> Platform:
    """The platform after `strata bootstrap dev --apply aws`."""
    platform.made = platform.bootstrap("aws")
    return platform
