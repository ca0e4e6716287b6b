"""The package index that the user's settings of pip or uv name, read with the standard library alone."""

from __future__ import annotations

import configparser
import os
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin

from strata.errors import StrataError

_SECONDS = 60
_SYSTEM = (Path("/etc/pip.conf"),)


@dataclass(frozen=True)
class PackageIndex:
    """An index as PEP 503 describes it.

    Attributes:
        url: its address.
        certificates: a file of the certificates that are trusted, None for the system's.
    """

    url: str
    certificates: str | None

    @classmethod
    def find(cls, environ: Mapping[str, str]) -> PackageIndex | None:
        """Return the index that the settings name; None if they name none."""
        url = _index(environ)
        return cls(url, environ.get("PIP_CERT") or None) if url else None

    def files(self, package: str) -> dict[str, str]:
        """Return the files of a package: name → address.

        Raises:
            StrataError: the index does not answer.
        """
        page = urljoin(self.url.rstrip("/") + "/", f"{package}/")
        links = _Links()
        links.feed(self.read(page).decode("utf-8", "replace"))
        addresses = [urljoin(page, urldefrag(link)[0]) for link in links.found]
        return {address.rpartition("/")[2]: address for address in addresses}

    def read(self, url: str) -> bytes:
        """Return what the index has at an address.

        Raises:
            StrataError: it does not answer.
        """
        # SSL_CERT_FILE and SSL_CERT_DIR are followed anyway.
        context = ssl.create_default_context(cafile=self.certificates)
        request = urllib.request.Request(url, headers={"Accept": "text/html"})
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS, context=context) as answer:
                content: bytes = answer.read()
                return content
        except (OSError, ValueError) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            raise StrataError(f"the package index does not answer: {reason}") from error


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
