"""The certificate authorities that this machine trusts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

# Where distributions keep them, as Go's crypto/x509 looks for them.
BUNDLES = (
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
    Path("/etc/ssl/ca-bundle.pem"),
    Path("/etc/ssl/cert.pem"),
)


def system_bundle(environ: Mapping[str, str]) -> Path | None:
    """Return the file of the trusted certificates: SSL_CERT_FILE, else the distribution's.

    Args:
        environ: the caller's environment.
    """
    named = environ.get("SSL_CERT_FILE")
    candidates = (Path(named), *BUNDLES) if named else BUNDLES
    return next((file for file in candidates if file.is_file()), None)
