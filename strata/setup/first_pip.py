"""The first pip: fetched from the user's own index where Python, as Debian's, comes without `ensurepip`."""

from __future__ import annotations

import configparser
import hashlib
import os
import re
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin

from strata.checkout.child_environment import pip_environment
from strata.checkout.files import replacing
from strata.errors import StrataError
from strata.setup.requirements import TOOLS, read_requirements

_REMEDY = "install Python's venv package, on Debian python3-venv, or name your package index in PIP_INDEX_URL"
_SECONDS = 60
_SYSTEM = (Path("/etc/pip.conf"),)


def install(root: Path, interpreter: Path, environ: Mapping[str, str]) -> None:
    """Install the pinned pip into a virtual environment that has none.

    Args:
        root: the checkout's folder.
        interpreter: the environment's Python.
        environ: the caller's environment, whose settings name the package index.

    Raises:
        StrataError: no setting names an index, or the index does not have this pip.
    """
    index = _index(environ)
    if index is None:
        raise StrataError("this Python comes without pip and without ensurepip", remedy=_REMEDY)
    wheel = _fetch(root, index, environ)
    # pip runs from its own wheel.
    result = subprocess.run(
        [str(interpreter), str(wheel / "pip"), "install", "--no-index", "--no-deps", str(wheel)],
        env=pip_environment(root, environ),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        lines = (result.stdout + result.stderr).strip().splitlines() or ["no output"]
        raise StrataError(f"pip cannot be installed: {lines[-1]}", remedy=_REMEDY)


def _fetch(root: Path, index: str, environ: Mapping[str, str]) -> Path:
    """Return the pinned wheel, fetched once."""
    pinned = read_requirements(root / TOOLS)["pip"]
    version = pinned.split("==")[1].split()[0]
    hashes = set(re.findall(r"sha256:([0-9a-f]{64})", pinned))
    name = f"pip-{version}-py3-none-any.whl"
    wheel = root / ".strata" / "cache" / name
    if wheel.is_file() and hashlib.sha256(wheel.read_bytes()).hexdigest() in hashes:
        return wheel
    page = urljoin(index.rstrip("/") + "/", "pip/")
    links = _Links()
    links.feed(_read(page, environ).decode("utf-8", "replace"))
    link = next((one for one in links.found if urldefrag(one)[0].endswith(f"/{name}")), None)
    if link is None:
        raise StrataError(f"the package index has no {name}", remedy=_REMEDY)
    content = _read(urljoin(page, urldefrag(link)[0]), environ)
    if hashlib.sha256(content).hexdigest() not in hashes:
        raise StrataError(
            f"{name} from the package index has another SHA-256 than the pinned one",
            remedy="check which proxy or mirror answers for the index",
        )
    with replacing(wheel) as draft:
        draft.write_bytes(content)
    return wheel


def _read(url: str, environ: Mapping[str, str]) -> bytes:
    # SSL_CERT_FILE and SSL_CERT_DIR are followed anyway.
    context = ssl.create_default_context(cafile=environ.get("PIP_CERT") or None)
    request = urllib.request.Request(url, headers={"Accept": "text/html"})
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS, context=context) as answer:
            content: bytes = answer.read()
            return content
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise StrataError(f"the package index does not answer: {reason}", remedy=_REMEDY) from error


def _index(environ: Mapping[str, str]) -> str | None:
    """The index that the user's settings of pip or uv name."""
    if named := environ.get("PIP_INDEX_URL") or environ.get("UV_INDEX_URL"):
        return named
    if named := environ.get("UV_DEFAULT_INDEX"):
        # uv lets an index have a name: `name=url`.
        return re.sub(r"^[\w.-]+=", "", named)
    found = None
    for file in _configurations(environ):
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        for section in ("global", "install"):
            found = parser.get(section, "index-url", fallback=None) or found
    return found


def _configurations(environ: Mapping[str, str]) -> Iterator[Path]:
    """pip's configuration files, the strongest last."""
    home = Path(environ.get("HOME") or Path.home())
    for folder in reversed((environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)):
        yield Path(folder) / "pip" / "pip.conf"
    yield from _SYSTEM
    yield home / ".pip" / "pip.conf"
    yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"
    if environ.get("PIP_CONFIG_FILE"):
        yield Path(environ["PIP_CONFIG_FILE"])


class _Links(HTMLParser):
    """The links of an index page (PEP 503)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]
