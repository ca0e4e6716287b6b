"""A mirror of launchers in the place of the AWS provider's packages, for `terraform init` to hash.

`init` hashes the provider's 700 MB in every working directory, for its lock file: 0.6 s of CPU. Here it gets
a package of 200 bytes, whose program starts the real one; what it would have compared is compared here. The
real package's hash is kept, for as long as its files are the same.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import shlex
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from strata.checkout.files import replacing
from strata.errors import StrataError
from strata.live import locks
from strata.live.discovery import LOCK_FILE
from strata.live.locks import Locked
from strata.terraform.providers import AWS, cli_configuration

_HASHES = re.compile(r"^[ \t]*hashes[ \t]*=[ \t]*\[[^\]]*\][^\n]*\n", re.MULTILINE)
_HASH = re.compile(r'"((?:h1|zh):[^"]+)"')


@dataclass(frozen=True)
class Launchers:
    """The launchers of one mirror.

    Args:
        mirror: the filesystem mirror that holds the AWS provider.
        others: the mirrors of other providers, by provider.
        host: the first part of the provider's address, such as `registry.terraform.io`.
        platform: Terraform's name of this platform, such as `linux_amd64`.
        folder: where launchers and hashes are kept; made when the first is.
    """

    mirror: Path
    others: Mapping[str, Path]
    host: str
    platform: str
    folder: Path

    def init(self, place: Path, data_dir: Path, init: Callable[[Path], object]) -> bool:
        """Initialise a working directory with a launcher; afterwards it has the real package.

        Args:
            place: the working directory, with its lock file.
            data_dir: Terraform's data folder.
            init: runs `terraform init` with a CLI configuration.

        Returns:
            Whether it did. It does not where Terraform has to look itself: the lock file has hashes, and the
            package's is not among them; a package is not unpacked; nothing can be kept.
        """
        lock = place / LOCK_FILE
        old = lock.read_text(encoding="utf-8") if lock.is_file() else ""
        try:
            locked = locks.read(place, LOCK_FILE)
            entry = locked.get(self._address)
            packages = self._packages()
            if not packages or not self._agrees(entry, packages):
                return False
            config = self._written(packages)
        except (OSError, StrataError):
            return False
        if entry:
            # A file may lack its last line's end.
            text = entry.text.rstrip("\n")
            bare = _HASHES.sub("", text)
            if text not in old or _HASH.search(bare):
                return False
            lock.write_text(old.replace(text, bare), encoding="utf-8")
        init(config)
        if lock.is_file():
            self._put_hashes(lock, entry, packages)
            if _meaning(locks.read(place, LOCK_FILE)) == _meaning(locked):
                # As a person wrote it.
                lock.write_text(old, encoding="utf-8")
        for version, package in packages.items():
            link = data_dir / "providers" / self._address / version / self.platform
            if link.is_symlink():
                link.unlink()
                link.symlink_to(package)
        return True

    @property
    def _address(self) -> str:
        return f"{self.host}/{AWS}"

    def _put_hashes(self, lock: Path, before: Locked | None, packages: Mapping[str, Path]) -> None:
        """Give the lock file the hashes that it had, or the real package's in the place of the launcher's."""
        entry = locks.read(lock.parent, lock.name).get(self._address)
        if entry is None or entry.version not in packages:
            return
        hashes = _HASHES.search(before.text) if before else None
        if hashes and _HASH.search(hashes[0]):
            text = hashes[0]
        else:
            text = f'  hashes = [\n    "{self._hash(packages[entry.version])}",\n  ]\n'
        known = lock.read_text(encoding="utf-8")
        lock.write_text(known.replace(entry.text, _HASHES.sub(lambda _: text, entry.text)), encoding="utf-8")

    def _agrees(self, entry: Locked | None, packages: Mapping[str, Path]) -> bool:
        """Whether the package of the locked version has one of the entry's hashes, if it has any."""
        hashes = _HASH.findall(entry.hashes) if entry else []
        if entry is None or not hashes:
            return True
        return entry.version in packages and self._hash(packages[entry.version]) in hashes

    def _packages(self) -> dict[str, Path]:
        """The unpacked packages by version; none, if the mirror has others, too."""
        found = {}
        for entry in (self.mirror / self._address).iterdir():
            if not entry.is_dir():
                return {}
            if (package := entry / self.platform).is_dir():
                found[entry.name] = package.resolve()
        return found

    def _written(self, packages: Mapping[str, Path]) -> Path:
        """Write the launchers, if these are new; their CLI configuration."""
        facts = {version: _facts(package) for version, package in packages.items()}
        # Checkouts may share the folder by links, and a checkout may be moved.
        folder = self.folder.resolve()
        name = _digest(folder, self.host, self.platform, sorted(facts.items()), sorted(self.others.items()))
        place = folder / name
        config = place / "cli.tfrc"
        if not config.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(dir=folder, prefix=f".{name}."))
            try:
                for version, package in packages.items():
                    target = draft / self._address / version / self.platform
                    target.mkdir(parents=True)
                    for program in package.glob("terraform-provider-aws*"):
                        launcher = target / program.name
                        launcher.write_text(f'#!/bin/sh\nexec {shlex.quote(str(program))} "$@"\n')
                        launcher.chmod(0o755)
                text = cli_configuration({AWS: place, **self.others}, self.host)
                (draft / "cli.tfrc").write_text(text, encoding="utf-8")
                # Another process may have been quicker; its are the same.
                with contextlib.suppress(OSError):
                    draft.rename(place)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        return config

    def _hash(self, package: Path) -> str:
        """The package's hash, as Terraform's lock files have it."""
        kept = self.folder / f"{_digest(_facts(package))}.h1"
        with contextlib.suppress(OSError, ValueError):
            if (found := kept.read_text(encoding="ascii")).startswith("h1:"):
                return found
        made = package_hash(package)
        with contextlib.suppress(OSError), replacing(kept) as draft:
            draft.write_text(made, encoding="ascii")
        return made


def package_hash(package: Path) -> str:
    """The hash `h1:` of an unpacked package: Go's `Hash1` of golang.org/x/mod/sumdb/dirhash.

    Raises:
        OSError: a file cannot be read.
    """
    names = sorted(path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file())
    summary = hashlib.sha256()
    for name in names:
        with (package / name).open("rb") as file:
            summary.update(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n".encode())
    return f"h1:{base64.b64encode(summary.digest()).decode()}"


def _meaning(entries: Mapping[str, Locked]) -> dict[str, tuple[str, str]]:
    """What Terraform compares before it writes a lock file."""
    return {name: (entry.version, entry.hashes) for name, entry in entries.items()}


def _facts(package: Path) -> list[tuple[str, int, int, int]]:
    """What is new when a file of the package is another; a change's time cannot be set as one likes."""
    found = []
    for path in sorted(package.rglob("*")):
        state = path.stat()
        found.append((str(path), state.st_size, state.st_mtime_ns, state.st_ctime_ns))
    return found


def _digest(*facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
