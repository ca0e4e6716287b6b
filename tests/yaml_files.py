"""Cases in YAML beside the tests that run them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

# libyaml is fifteen times as fast, and in all of PyYAML's wheels; every worker reads all cases.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(file: Path) -> Any:
    """A file's document."""
    return yaml.load(file.read_text(encoding="utf-8"), _LOADER)
