"""Where the real Snowflake provider is, kept past the cleaning of the tests' environment."""

from __future__ import annotations

import pytest

# The mirror's folder; empty if the caller names none.
MIRROR = pytest.StashKey[str]()
