"""A library that is left out seems not to be installed, for as long as that is said."""

from __future__ import annotations

import importlib
import sys

import pytest

from strata.checkout.imports import left_out


def test_a_library_is_not_there_and_then_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with left_out("colorsys"), pytest.raises(ModuleNotFoundError):
        importlib.import_module("colorsys")
    assert importlib.import_module("colorsys").rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)


def test_a_library_that_is_imported_stays() -> None:
    with left_out("json"):
        assert importlib.import_module("json") is sys.modules["json"]
    assert sys.modules["json"].loads("1") == 1
