"""An `init` with launchers leaves what Terraform's own leaves, and reads no package again. Terraform is the referee."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from strata.live.discovery import LOCK_FILE
from strata.terraform import launchers as module
from strata.terraform.launchers import Launchers, package_hash
from strata.terraform.providers import AWS, cli_configuration
from strata.terraform.toolchain import Toolchain

HOST, VERSION, PROGRAM = "registry.terraform.io", "5.100.0", "terraform-provider-aws_v5.100.0_x5"
MAIN = 'terraform {{\n  required_providers {{\n    aws = {{ source = "hashicorp/aws", version = "{}" }}\n  }}\n}}\n'
OTHER = "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def lock(hashes: str | None, *, version: str = VERSION, constraints: str = "~> 5.100", head: str = "") -> str:
    """A lock file's text; `OURS` stands for the package's own hash."""
    listed = f"  hashes = [{hashes}\n  ]\n" if hashes is not None else ""
    entry = f'  version     = "{version}"\n  constraints = "{constraints}"\n{listed}'
    return f'{head}provider "{HOST}/{AWS}" {{\n{entry}}}\n'


@dataclass
class Place:
    """A mirror with a package of a few bytes, and what was given to `init`."""

    folder: Path
    toolchain: Toolchain
    launchers: Launchers
    configs: list[Path] = field(default_factory=list)

    @property
    def package(self) -> Path:
        return self.launchers.mirror / HOST / AWS / VERSION / self.launchers.platform

    def lay_out(self, name: str, text: str, constraint: str = "~> 5.100") -> Path:
        place = self.folder / name
        place.mkdir()
        (place / "main.tf").write_text(MAIN.format(constraint))
        if text:
            (place / LOCK_FILE).write_text(text.replace("OURS", package_hash(self.package)))
        return place

    def init(self, place: Path, config: Path) -> str:
        """Run Terraform's own; what it says."""
        self.configs.append(config)
        done = subprocess.run(
            [str(self.toolchain.terraform), "init", "-input=false", "-no-color"],
            cwd=place,
            env=replace(self.toolchain, cli_config=config).environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stderr

    def quick(self, place: Path) -> bool:
        return self.launchers.init(place, place / ".terraform", lambda config: self.init(place, config))

    def left(self, place: Path) -> tuple[str, str, Path | None]:
        """What is left: the lock file, the program, and where the package is."""
        link = place / ".terraform/providers" / HOST / AWS / VERSION / self.launchers.platform
        text = (place / LOCK_FILE).read_text() if (place / LOCK_FILE).is_file() else ""
        if not link.exists():
            return text, "", None
        return text, (link / PROGRAM).read_text(), link.resolve()


@pytest.fixture
def made(tmp_path: Path, real_toolchain: Toolchain) -> Place:
    mirror = tmp_path / "mirror"
    launchers = Launchers(mirror, {}, HOST, real_toolchain.platform, tmp_path / "kept")
    place = Place(tmp_path, real_toolchain, launchers)
    place.package.mkdir(parents=True)
    (place.package / PROGRAM).write_text("#!/bin/sh\necho the provider\n")
    (place.package / PROGRAM).chmod(0o755)
    (place.package / "LICENSE.txt").write_text("MPL\n")
    (tmp_path / "cli.tfrc").write_text(cli_configuration({AWS: mirror}, HOST))
    return place


@pytest.mark.parametrize(
    ("text", "constraint"),
    [
        pytest.param("", "~> 5.100", id="no lock file"),
        pytest.param(lock('\n    "OURS",'), "~> 5.100", id="its hash"),
        pytest.param(lock(f'\n    "OURS",\n    "{OTHER}",\n    "zh:00",'), "~> 5.100", id="its hash among others"),
        pytest.param(lock('"OURS"', head="# by a person\n\n"), "~> 5.100", id="not as Terraform lays it out"),
        pytest.param(lock('\n    "OURS",').replace("  ", "\t").rstrip(), "~> 5.100", id="tabs, and no end of the last line"),
        pytest.param(lock('\n    # theirs\n    "OURS",'), "~> 5.100", id="a comment among the hashes"),
        pytest.param(lock(None), "~> 5.100", id="a version without hashes"),
        pytest.param(lock('\n    "OURS",'), ">= 5.100", id="of another constraint"),
        pytest.param(lock('\n    "OURS",'), "~> 6.0", id="a version that the module does not take"),
        pytest.param(lock(None, version="5.101.0"), "~> 5.100", id="a version that is not there"),
        pytest.param(lock('\n    "OURS",').replace(AWS, "hashicorp/null"), "~> 5.100", id="another provider's"),
    ],
)  # fmt: skip
def test_what_is_left_is_what_terraform_leaves(made: Place, text: str, constraint: str) -> None:
    theirs, ours = made.lay_out("theirs", text, constraint), made.lay_out("ours", text, constraint)
    said = made.init(theirs, made.folder / "cli.tfrc")
    assert made.quick(ours) is True
    assert made.configs[1] != made.configs[0]
    if not said:
        # What a failed one leaves is laid out anew before the next.
        assert made.left(ours) == made.left(theirs)
        assert made.left(ours)[1:] == ("#!/bin/sh\necho the provider\n", made.package.resolve())
    else:
        assert made.left(ours)[1:] == made.left(theirs)[1:] == ("", None)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        pytest.param(lock(f'\n    "{OTHER}",'), None, id="another hash"),
        pytest.param(lock('\n    "zh:00",'), None, id="only the hash of an archive"),
        pytest.param(lock('\n    "OURS",', version="5.101.0"), None, id="another version"),
        pytest.param("provider {{{", None, id="a broken lock file"),
        pytest.param("", lambda made: (made.package.parents[1] / "x_5.101.0.zip").write_text(""), id="an archive"),
        pytest.param("", lambda made: made.package.rename(made.package.with_name("plan9")), id="another platform"),
        pytest.param("", lambda made: made.launchers.folder.write_text(""), id="nothing can be kept"),
    ],
)  # fmt: skip
def test_terraform_itself_looks_at_what_may_not_fit(
    made: Place, text: str, change: Callable[[Place], object] | None
) -> None:
    place = made.lay_out("ours", text)
    if change:
        change(made)
    before = made.left(place)
    assert made.quick(place) is False
    assert (made.configs, made.left(place)) == ([], before)


def test_a_package_is_read_once_and_again_when_it_is_another(
    made: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def hashed(package: Path) -> str:
        read.append(package_hash(package))
        return read[-1]

    monkeypatch.setattr(module, "package_hash", hashed)
    text = lock('\n    "OURS",')
    first, second, third = (made.lay_out(str(number), text) for number in range(3))
    assert (made.quick(first), made.quick(second)) == (True, True)
    assert len(read) == 1
    (made.package / PROGRAM).write_text("#!/bin/sh\necho no provider\n")
    # The lock file has the other's hash.
    assert made.quick(third) is False
    assert len(set(read)) == 2
    (third / LOCK_FILE).unlink()
    assert made.quick(third) is True
    assert made.left(third)[1] == "#!/bin/sh\necho no provider\n"
    assert len(read) == 2


def test_checkouts_share_launchers_and_a_checkout_may_be_moved(made: Place) -> None:
    link, moved = made.folder / "link", made.folder / "moved"
    made.launchers.folder.mkdir()
    link.symlink_to(made.launchers.folder)
    kept = made.launchers.folder
    made.launchers = replace(made.launchers, folder=link)
    assert made.quick(made.lay_out("first", "")) is True
    link.unlink()
    made.launchers = replace(made.launchers, folder=kept)
    assert made.quick(made.lay_out("second", "")) is True
    assert made.configs[0] == made.configs[1]
    made.launchers = replace(made.launchers, folder=kept.rename(moved))
    last = made.lay_out("third", "")
    assert made.quick(last) is True
    assert made.left(last)[2] == made.package.resolve()


def test_the_launcher_is_the_provider(made: Place) -> None:
    place = made.lay_out("ours", "")
    made.quick(place)
    (launcher,) = made.configs[0].parent.rglob(PROGRAM)
    assert launcher.stat().st_size < 1000
    said = subprocess.run([str(launcher)], capture_output=True, text=True, check=True)
    assert said.stdout == "the provider\n"
