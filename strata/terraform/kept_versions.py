"""What a Terraform says of its version, kept on disk: else every command starts it once only to ask."""

from __future__ import annotations

import contextlib
import hashlib
import json
import mmap
from pathlib import Path

from strata.checkout.files import replacing

# Go writes the path of the main package into a program. Version managers (tenv, mise) are programs as well,
# and start what a folder or a variable names: what one of them said is not kept.
_MAIN_PACKAGES = (
    b"path\tgithub.com/hashicorp/terraform\n",
    b"path\tgithub.com/opentofu/opentofu/cmd/tofu\n",
)


class KeptVersions:
    """Versions and platforms by program.

    Args:
        folder: where they are kept; made when the first is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, program: Path) -> tuple[str, str] | None:
        """Version and platform that the program gave; None if that is not known, or damaged."""
        try:
            document = json.loads(self._file(program).read_text(encoding="utf-8"))
            return str(document["version"]), str(document["platform"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, program: Path, version: str, platform: str) -> None:
        """Keep an answer, if no other can come from the same file."""
        # A folder that cannot be written costs only time.
        with contextlib.suppress(OSError):
            if _is_terraform(program):
                with replacing(self._file(program)) as draft:
                    draft.write_text(json.dumps({"version": version, "platform": platform}), encoding="utf-8")

    def _file(self, program: Path) -> Path:
        real = program.resolve()
        found = real.stat()
        # The last is new when another file takes the place, whatever time that says it was made.
        facts = (str(real), found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        return self._folder / f"{real.name}-{hashlib.sha256(repr(facts).encode()).hexdigest()[:16]}.json"


def _is_terraform(program: Path) -> bool:
    with program.open("rb") as file:
        if file.read(2) in (b"#!", b""):
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return any(content.find(name) >= 0 for name in _MAIN_PACKAGES)
