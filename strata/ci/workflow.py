"""What a step leaves for the next ones: outputs, and the job's summary."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

# GitHub's limit for one step.
_SUMMARY_BYTES = 1024 * 1024 - 1024


def set_output(name: str, value: str, environ: Mapping[str, str] = os.environ) -> None:
    """Set an output of this step; does nothing outside GitHub Actions."""
    if path := environ.get("GITHUB_OUTPUT"):
        # A value with line breaks could set other outputs: hence a delimiter that cannot be guessed.
        delimiter = f"end-{secrets.token_hex(8)}"
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{name}<<{delimiter}\n{value}\n{delimiter}\n")


def add_summary(markdown: str, environ: Mapping[str, str] = os.environ) -> None:
    """Add to the job's summary; does nothing outside GitHub Actions."""
    if path := environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(markdown.encode()[:_SUMMARY_BYTES].decode(errors="ignore") + "\n")
