"""Where a unit keeps its state: its `remote_state`, as read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strata.errors import StrataError


def s3_config(remote_state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the configuration of a unit's S3 backend.

    Raises:
        StrataError: the unit has another backend, or none, or one that names no bucket or key.
    """
    backend = remote_state.get("backend")
    config: Mapping[str, Any] = remote_state.get("config") or {}
    if backend != "s3" or not config.get("bucket") or not config.get("key"):
        raise StrataError(
            f"the built-in runner keeps states in S3 only, and this unit's backend is {backend or 'not set'}",
            remedy='include the root config, or set remote_state with backend = "s3", a bucket and a key',
        )
    return config
