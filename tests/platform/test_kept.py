"""Kept platforms: one for each state of the files that make a platform."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from strata.cloud.endpoints import Endpoints
from strata.platform.kept import KeptPlatforms
from strata.terraform.toolchain import Toolchain

TOOLCHAIN = Toolchain(
    terraform=Path("/usr/bin/terraform"),
    terraform_version="1.11.4",
    cli_config=Path("cli.tfrc"),
    aws_provider="AWS provider 5.100.0",
    product="Terraform",
    state_dir=Path(".strata"),
)
FILES = {
    "glue_jobs/clean.py": "clean",
    "lambda_functions/f/main.py": "f",
    "live/dev/env.hcl": "locals {}",
    "modules/s3/main.tf": "# s3",
    "strata/cloud/aws/s3.py": "s3",
    "terragrunt.hcl": "locals {}",
    "requirements.txt": "moto==5",
    "README.md": "read me",
    "strata/cli/app.py": "app",
    "tests/test_x.py": "x",
    "live/dev/s3/.terraform/x": "x",
    "modules/s3/__pycache__/x.pyc": "x",
}
# What does not change what is applied.
UNHEEDED = {
    *("README.md", "strata/cli/app.py", "tests/test_x.py"),
    *("live/dev/s3/.terraform/x", "modules/s3/__pycache__/x.pyc"),
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "checkout" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "checkout"


def kept(root: Path, environment: str = "dev", **changed: Any) -> Path:
    return KeptPlatforms(root, environment, replace(TOOLCHAIN, **changed)).file


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_makes_another_platform(checkout: Path, name: str) -> None:
    before = kept(checkout)
    (checkout / name).write_text("changed")
    assert (kept(checkout) == before) == (name in UNHEEDED)


def test_what_else_makes_another_platform(checkout: Path, tmp_path: Path) -> None:
    before = kept(checkout)
    assert kept(checkout) == before
    others = [
        kept(checkout, "prod"),
        kept(checkout, terraform_version="1.12.0"),
        kept(checkout, product="OpenTofu"),
        kept(checkout, aws_provider="AWS provider 6.0.0"),
        kept(checkout, snowflake_mirror=Path("mirror")),
    ]
    (checkout / "live/dev/env.hcl").rename(checkout / "live/dev/other.hcl")
    others.append(kept(checkout))
    assert len({before, *others}) == 7
    # Another folder with the same files is the same platform.
    (checkout / "live/dev/other.hcl").rename(checkout / "live/dev/env.hcl")
    shutil.copytree(checkout, tmp_path / "copy")
    assert kept(tmp_path / "copy").name == before.name


def test_a_platform_is_kept_and_loaded(checkout: Path, cloud: Endpoints) -> None:
    platforms = KeptPlatforms(checkout, "dev", TOOLCHAIN)
    with platforms.one_at_a_time():
        assert platforms.load(cloud) is None
        platforms.keep(cloud)
    found = platforms.load(cloud)
    assert found is not None
    assert found.made_of == platforms.made_of
    assert platforms.file.name.startswith("dev-")


def test_a_damaged_platform_is_made_again(checkout: Path, cloud: Endpoints) -> None:
    platforms = KeptPlatforms(checkout, "dev", TOOLCHAIN)
    platforms.file.parent.mkdir(parents=True)
    platforms.file.write_text("damaged")
    assert platforms.load(cloud) is None
    assert not platforms.file.exists()


def test_the_oldest_platforms_go(checkout: Path, cloud: Endpoints) -> None:
    made = []
    for number in range(6):
        (checkout / "live/dev/env.hcl").write_text(str(number))
        platforms = KeptPlatforms(checkout, "dev", TOOLCHAIN)
        with platforms.one_at_a_time():
            platforms.keep(cloud)
        made.append(platforms.file.name)
    assert sorted(path.name for path in platforms.file.parent.glob("*.snapshot")) == sorted(made[2:])
