"""The Terraform or OpenTofu that runs here: one on PATH, else the one that set-up has brought."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from strata.checkout import tools
from strata.checkout.child_output import json_document
from strata.errors import StrataError
from strata.terraform.kept_versions import KeptVersions

# The S3 backend's `use_lockfile` needs the oldest; no newer Terraform than the newest has been tried.
_OLDEST = {"Terraform": (1, 11), "OpenTofu": (1, 10)}
_NEWEST = {"Terraform": (1, 15)}
_REMEDY = "install Terraform 1.11 to 1.15, or OpenTofu 1.10 or newer, and put it on PATH"
_VERSION_SECONDS = 30


@dataclass(frozen=True)
class TerraformProgram:
    """A program that suits.

    Attributes:
        path: where it is.
        product: `Terraform` or `OpenTofu`.
        version: its version, such as `1.11.4`.
        platform: its name of this platform, such as `linux_amd64`.
        reason: where it was found, and why no earlier place has one that suits.
    """

    path: Path
    product: str
    version: str
    platform: str
    reason: str

    @property
    def brought(self) -> bool:
        """Whether set-up has brought it."""
        return self.path == tools.terraform()


def find_program(
    environ: Mapping[str, str], environment: Mapping[str, str], kept: KeptVersions | None = None
) -> TerraformProgram:
    """Return the first suitable program: terraform on PATH, tofu on PATH, or the one that was brought.

    Args:
        environ: the caller's environment, whose PATH counts.
        environment: the environment in which a program is asked for its version.
        kept: versions that need not be asked for.

    Raises:
        StrataError: none suits; the message says what is wrong with each.
    """
    faults: list[str] = []
    for name in ("terraform", "tofu"):
        found = shutil.which(name, path=environ.get("PATH", ""))
        if found is None:
            continue
        path = Path(found).absolute()
        try:
            product, version, platform = _version(path, environment, kept)
        except StrataError as error:
            # A version manager's shim without a version, for one.
            faults.append(error.message)
            continue
        fault = _fault(product, version)
        if fault is None:
            return TerraformProgram(path, product, version, platform, "; ".join(("on PATH", *faults)))
        faults.append(f"{product} {version} at {found} {fault}")
    faults = faults or ["neither terraform nor tofu is on PATH"]
    if brought := tools.terraform():
        reason = "; ".join((tools.BROUGHT, *faults))
        return TerraformProgram(brought, *_version(brought, environment, kept), reason)
    raise StrataError(", and ".join(faults), remedy=_REMEDY)


def _fault(product: str, version: str) -> str | None:
    numbers = tuple(int(part) for part in version.split(".")[:2])
    oldest, newest = _OLDEST[product], _NEWEST.get(product)
    if numbers < oldest:
        return f"is too old: {oldest[0]}.{oldest[1]} or newer is needed"
    if newest is not None and numbers > newest:
        return f"is too new: {newest[0]}.{newest[1]} or older is needed"
    return None


def _version(
    program: Path, environment: Mapping[str, str], kept: KeptVersions | None
) -> tuple[str, str, str]:
    """Product, version and platform."""
    # OpenTofu answers in Terraform's own keys; only its name tells them apart.
    product = "OpenTofu" if program.name.startswith("tofu") else "Terraform"
    known = kept.read(program) if kept else None
    if known is None:
        known = _ask_version(program, environment)
        if kept:
            kept.write(program, *known)
    return product, *known


def _ask_version(program: Path, environment: Mapping[str, str]) -> tuple[str, str]:
    try:
        answer = subprocess.run(
            [str(program), "version", "-json"],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_VERSION_SECONDS,
            check=False,
        )
        stdout = answer.stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StrataError(f"{program} does not answer `version`: {error}") from error
    try:
        # A version manager's shim may say what it has chosen.
        facts = json_document(stdout)
        return str(facts["terraform_version"]), str(facts["platform"])
    except (ValueError, KeyError, TypeError):
        # Before 0.13 there was no -json, and the platform is of no use then.
        text = re.search(r"v(\d+\.\d+\.\d+)", stdout)
        if text is None:
            output = (answer.stderr or stdout).strip()[:200]
            raise StrataError(f"{program} does not answer `version`: {output}") from None
        return text[1], ""
