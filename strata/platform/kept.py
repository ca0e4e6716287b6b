"""Applied platforms that are kept: a snapshot for each state of the files that make a platform.

The name of a snapshot is a hash of all that a platform is made of. A changed module, unit, job, version of
Terraform or of the embedded cloud gives another name, so a kept platform is never out of date.
"""

from __future__ import annotations

import contextlib
import hashlib
import platform
from collections.abc import Callable, Iterator
from pathlib import Path

from strata.checkout.file_lock import held
from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError
from strata.platform.snapshot import Manifest, load, save
from strata.terraform.toolchain import Toolchain

# The folders and files whose contents make a platform; set-up pins the packages by `requirements.txt`.
_MADE_OF = (
    *("glue_jobs", "lambda_functions", "live", "modules", "terragrunt.hcl", "requirements.txt"),
    # What strata.platform may import: its own layer and those below.
    *("strata/artifacts", "strata/checkout", "strata/cloud", "strata/hcl", "strata/iam", "strata/live"),
    *("strata/modules", "strata/plan", "strata/platform", "strata/terraform"),
)
_NOT_OF_IT = ("__pycache__", ".terraform", ".terragrunt-cache")
_KEPT = 4
# A platform is applied within minutes; whoever waits for it longer waits for a process that hangs.
_APPLY_SECONDS = 1800.0


class KeptPlatforms:
    """The kept platforms of one checkout.

    Args:
        root: the checkout's folder.
        environment: a folder of `live`.
        toolchain: what applies it.

    `made_of` is the hash of the files as they are, `file` where their platform is kept.
    """

    def __init__(self, root: Path, environment: str, toolchain: Toolchain) -> None:
        self._folder = root / ".strata" / "platforms"
        self._environment = environment
        self.made_of = _fingerprint(root, environment, toolchain)
        self.file = self._folder / f"{environment}-{self.made_of[:16]}.snapshot"

    @contextlib.contextmanager
    def one_at_a_time(self, on_waiting: Callable[[str], None] = lambda holder: None) -> Iterator[None]:
        """Let one process apply this platform while others wait, to load what it keeps.

        Args:
            on_waiting: called with the process that is waited for.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = self.file.with_suffix(".lock")
        with held(lock, f"the platform of {self._environment}", _APPLY_SECONDS, on_waiting):
            yield

    def load(self, endpoints: Endpoints) -> Manifest | None:
        """Load the platform that is kept for the files as they are.

        Args:
            endpoints: a cloud, just started.

        Returns:
            What its snapshot says of itself; None if none is kept, or what is kept cannot be loaded.
        """
        if not self.file.exists():
            return None
        try:
            return load(endpoints, self._environment, self.file)
        except StrataError:
            # It can be made again.
            self.file.unlink(missing_ok=True)
            return None

    def keep(self, endpoints: Endpoints) -> None:
        """Keep a platform that was just applied, and remove the oldest ones.

        Args:
            endpoints: its cloud.

        Raises:
            StrataError: something goes on in it that cannot be saved.
        """
        save(endpoints, self._environment, self.file, made_of=self.made_of)
        kept = sorted(self._folder.glob("*.snapshot"), key=lambda file: file.stat().st_mtime)
        for file in kept[:-_KEPT]:
            file.unlink(missing_ok=True)
            file.with_suffix(".lock").unlink(missing_ok=True)


def _fingerprint(root: Path, environment: str, toolchain: Toolchain) -> str:
    """Hash all that makes a platform."""
    found = hashlib.sha256()
    for text in (
        environment,
        f"{toolchain.product} {toolchain.terraform_version}",
        toolchain.aws_provider,
        str(toolchain.snowflake_mirror),
        platform.python_version(),
        platform.machine(),
    ):
        found.update(f"{text}\n".encode())
    for path in _files(root):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        found.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return found.hexdigest()


def _files(root: Path) -> Iterator[Path]:
    for name in _MADE_OF:
        top = root / name
        if top.is_file():
            yield top
            continue
        for path in sorted(top.rglob("*")):
            if path.is_file() and not set(path.parts).intersection(_NOT_OF_IT) and path.suffix != ".pyc":
                yield path
