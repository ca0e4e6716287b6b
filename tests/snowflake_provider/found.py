"""Where the real Snowflake provider is, kept past the cleaning of the tests' environment."""

from __future__ import annotations

import os

# Holds the mirror's folder for the tests and for no program that they start.
KEPT_MIRROR = "PYTEST_SNOWFLAKE_PROVIDER_MIRROR"


def mirror() -> str:
    """The folder of the real provider's mirror; empty if the caller names none."""
    return os.environ.get(KEPT_MIRROR, "")
