"""Where Python comes without ensurepip, pip is fetched from the index that the user's settings name."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from strata.errors import StrataError
from strata.setup import first_pip
from tests.setup.wheels import requirement, wheel

# It writes down how it was called: `python wheel/pip install ...`.
PIP = "import json, os, sys\njson.dump(sys.argv[1:], open(os.environ['CALLED'], 'w'))\n"
REMEDY = (
    "(install Python's venv package, on Debian python3-venv, or name your package index in PIP_INDEX_URL)"
)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout that pins a small pip."""
    made = wheel(tmp_path / "served" / "files", "pip", "26.3", {"pip/__main__.py": PIP})
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout" / "requirements-tools.txt").write_text(requirement(made))
    # No file of this machine's.
    monkeypatch.setattr(first_pip, "_SYSTEM", (tmp_path / "pip.conf",))
    return tmp_path / "checkout"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """The address of a package index."""
    page = tmp_path / "served" / "simple" / "pip"
    page.mkdir(parents=True)
    (page / "index.html").write_text(
        '<a href="../../files/pip-9.0-py3-none-any.whl">9</a>\n'
        '<a href="../../files/pip-26.3-py3-none-any.whl#sha256=0">26.3</a>\n'
    )
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "served")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()
        thread.join()


def _install(checkout: Path, **environ: str) -> list[str]:
    called = checkout.parent / "called"
    given = {"HOME": str(checkout.parent / "home"), "CALLED": str(called), **environ}
    first_pip.install(checkout, Path(sys.executable), given)
    found: list[str] = json.loads(called.read_text())
    return found


def test_the_pinned_pip_installs_itself(checkout: Path, index: str) -> None:
    kept = checkout / ".strata" / "cache" / "pip-26.3-py3-none-any.whl"
    expected = ["install", "--no-index", "--no-deps", str(kept)]
    assert _install(checkout, PIP_INDEX_URL=index) == expected
    # It is fetched once.
    assert _install(checkout, PIP_INDEX_URL="http://127.0.0.1:1/simple") == expected


@pytest.mark.parametrize(
    ("place", "environ"),
    [
        ("home/.config/pip/pip.conf", {}),
        ("home/.pip/pip.conf", {}),
        ("pip.conf", {}),
        ("elsewhere/pip.conf", {"XDG_CONFIG_HOME": "{folder}/other"}),
    ],
)
def test_the_index_of_pips_configuration_is_asked(
    place: str, environ: dict[str, str], checkout: Path, index: str
) -> None:
    folder = checkout.parent
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    (folder / place).write_text(f"[global]\ncert = /some/%file\nindex-url = {index}/\n")
    named = {name: value.format(folder=folder) for name, value in environ.items()}
    if place.startswith("elsewhere"):
        named["PIP_CONFIG_FILE"] = str(folder / place)
    assert _install(checkout, **named)[0] == "install"


def test_uvs_index_is_asked(checkout: Path, index: str) -> None:
    assert _install(checkout, UV_DEFAULT_INDEX=f"ours={index}")[0] == "install"


def test_without_an_index_one_line_says_what_to_do(checkout: Path) -> None:
    with pytest.raises(StrataError) as caught:
        _install(checkout)
    assert str(caught.value) == f"this Python comes without pip and without ensurepip {REMEDY}"


def test_an_index_that_does_not_answer(checkout: Path) -> None:
    with pytest.raises(StrataError) as caught:
        _install(checkout, PIP_INDEX_URL="http://127.0.0.1:1/simple")
    assert str(caught.value) == f"the package index does not answer: [Errno 111] Connection refused {REMEDY}"


def test_an_index_without_this_pip(checkout: Path, index: str, tmp_path: Path) -> None:
    (tmp_path / "served" / "simple" / "pip" / "index.html").write_text("<p>nothing</p>")
    with pytest.raises(StrataError) as caught:
        _install(checkout, PIP_INDEX_URL=index)
    assert str(caught.value) == f"the package index has no pip-26.3-py3-none-any.whl {REMEDY}"


def test_other_bytes_than_the_pinned_ones_are_refused(checkout: Path, index: str, tmp_path: Path) -> None:
    wheel(tmp_path / "served" / "files", "pip", "26.3", {"pip/__main__.py": "raise SystemExit('other')"})
    with pytest.raises(StrataError) as caught:
        _install(checkout, PIP_INDEX_URL=index)
    assert str(caught.value) == (
        "pip-26.3-py3-none-any.whl from the package index has another SHA-256 than the pinned one "
        "(check which proxy or mirror answers for the index)"
    )
    assert not (checkout / ".strata" / "cache").exists()
