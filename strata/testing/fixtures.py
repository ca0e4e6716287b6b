"""Fixtures for tests of one's own."""

from __future__ import annotations

__all__: list[str] = []
