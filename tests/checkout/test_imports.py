"""Imports: a library that is left out seems not to be installed, and no garbage is collected meanwhile."""

from __future__ import annotations

import contextlib
import gc
import importlib
import subprocess
import sys

import pytest

from strata.checkout.imports import left_out, uncollected


def test_a_library_is_not_there_and_then_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with left_out("colorsys"), pytest.raises(ModuleNotFoundError):
        importlib.import_module("colorsys")
    assert importlib.import_module("colorsys").rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)


def test_pyarrow_does_without_a_library_that_is_left_out() -> None:
    code = (
        "from strata.checkout.imports import left_out\n"
        "with left_out('pandas'):\n"
        "    import pyarrow\n"
        "    print(pyarrow.array([1, None]).null_count)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_a_library_that_is_imported_stays() -> None:
    with left_out("json"):
        assert importlib.import_module("json") is sys.modules["json"]
    assert sys.modules["json"].loads("1") == 1


def test_garbage_is_collected_again() -> None:
    with contextlib.suppress(KeyError), uncollected():
        # The one that comes later leaves it to the first.
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled()
