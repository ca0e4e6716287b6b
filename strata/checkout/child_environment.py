"""The environments of child processes: clean, and the same on every machine."""

from __future__ import annotations

import os
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
_PIP_INSTALLS = (
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_USER",
    "PIP_NO_BINARY",
    "PIP_REQUIRE_VIRTUALENV",
)
_UV_INSTALLS = (
    "UV_PYTHON",
    "UV_PYTHON_BIN_DIR",
    "UV_PYTHON_DOWNLOADS",
    "UV_PYTHON_INSTALL_BIN",
    "UV_PYTHON_INSTALL_DIR",
    "UV_OFFLINE",
)
# Providers make unix sockets in TMPDIR, with names of 40 bytes; a socket's path has 104 (macOS) to 108.
_LONGEST_TMPDIR = 60


def terraform_environment(
    state_dir: Path,
    environ: Mapping[str, str],
    extra: Mapping[str, str] | None = None,
    *,
    network: bool = False,
) -> dict[str, str]:
    """Return the whole environment of Terraform and of hooks, and make the folders it names.

    Nothing of the caller's environment passes but PATH and, with `network`, the proxy and certificate
    settings: an `AWS_PROFILE`, a `TF_CLI_CONFIG_FILE` that names a missing file, a `TF_LOG` or a `TF_VAR_*`
    of the caller must not change what Strata does.

    Args:
        state_dir: Strata's own folder; HOME and TMPDIR lie in it.
        environ: the caller's environment.
        extra: variables to set on top.
        network: whether the child may download from a registry.
    """
    path = environ.get("PATH", "/usr/local/bin:/usr/bin:/bin")
    environment = {
        # A hook's `python3` is the one that runs Strata: a version manager's shim may need the real HOME.
        "PATH": f"{Path(sys.executable).parent}:{path}",
        **_folders(state_dir, environ),
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


def cloud_environment(state_dir: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the whole environment of the embedded cloud's process, and make the folders it names.

    Spark, Ivy and the Snowflake connector leave files in HOME and TMPDIR. None of the caller's AWS, Snowflake
    or Terraform settings get through.

    Args:
        state_dir: HOME and TMPDIR lie in it.
        environ: the caller's environment.
    """
    kept = {name: environ[name] for name in ("PATH", "JAVA_HOME", "LANG", "USER") if name in environ}
    return {**kept, **_folders(state_dir, environ), "PYTHONUNBUFFERED": "1", "TZ": "UTC"}


def pip_environment(root: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the whole environment of pip.

    Where pip fetches from is the user's business, where it installs to is ours.

    Args:
        root: the checkout's folder, which keeps the downloads.
        environ: the caller's environment.
    """
    kept = {name: value for name, value in environ.items() if name not in _PIP_INSTALLS}
    return {
        **kept,
        "PIP_CACHE_DIR": str(root / ".strata" / "cache" / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_PROGRESS_BAR": "off",
    }


def uv_environment(root: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of uv, which fetches Python: as pip's, with the system's certificates.

    Args:
        root: the checkout's folder, which keeps the downloads.
        environ: the caller's environment; a mirror of the user's is kept.
    """
    kept = {name: value for name, value in environ.items() if name not in _UV_INSTALLS}
    return {
        **kept,
        "UV_CACHE_DIR": str(root / ".strata" / "cache" / "uv"),
        "UV_NO_PROGRESS": "1",
        "UV_SYSTEM_CERTS": "1",
    }


def _folders(state_dir: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """A home and a temporary folder of the checkout's own, made if missing."""
    home, scratch = state_dir / "home", state_dir / "tmp"
    if len(str(scratch)) > _LONGEST_TMPDIR:
        scratch = Path(environ.get("TMPDIR") or tempfile.gettempdir())
    for folder in (home, scratch):
        folder.mkdir(parents=True, exist_ok=True)
    return {"HOME": str(home), "TMPDIR": str(scratch)}
