"""The environment of Terraform's processes and hooks: clean, and the same on every machine."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

# What a download from the registry may need; AWS_CA_BUNDLE and the like are not among them.
_NETWORK = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
# Providers make unix sockets in TMPDIR, with names of 40 bytes; a socket's path has 104 (macOS) to 108.
_LONGEST_TMPDIR = 60


def child_environment(
    state_dir: Path,
    environ: Mapping[str, str],
    extra: Mapping[str, str] | None = None,
    *,
    network: bool = False,
) -> dict[str, str]:
    """Return the whole environment of a child process, and make the folders it names.

    Nothing of the caller's environment passes but PATH and, with `network`, the proxy and certificate
    settings: an `AWS_PROFILE`, a `TF_CLI_CONFIG_FILE` that names a missing file, a `TF_LOG` or a `TF_VAR_*`
    of the caller must not change what Strata does.

    Args:
        state_dir: Strata's own folder; HOME and TMPDIR lie in it.
        environ: the caller's environment.
        extra: variables to set on top.
        network: whether the child may download from a registry.
    """
    home, scratch = state_dir / "home", state_dir / "tmp"
    if len(str(scratch)) > _LONGEST_TMPDIR:
        scratch = Path(environ.get("TMPDIR") or tempfile.gettempdir())
    for folder in (home, scratch):
        folder.mkdir(parents=True, exist_ok=True)
    path = environ.get("PATH", "/usr/local/bin:/usr/bin:/bin")
    environment = {
        # A hook's `python3` is the one that runs Strata: a version manager's shim may need the real HOME.
        "PATH": f"{Path(sys.executable).parent}:{path}",
        "HOME": str(home),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
        # A quarter of their time Terraform and the AWS provider collect the garbage of one big schema: a
        # small apply takes 3.6 s of CPU so, and 4.7 without, for 40 MB more.
        "GOGC": "400",
    }
    if network:
        environment |= {name: environ[name] for name in _NETWORK if name in environ}
    return environment | {name: value for name, value in (extra or {}).items() if value}
