"""The site: every page, diagrams drawn, nothing of another host, and faults by their names."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest

from strata.cli.app import run
from strata.docs.site import build
from strata.errors import StrataError
from tests.checkout_copy import Checkout


def test_the_site_is_whole(root: Path, tmp_path: Path) -> None:
    first = build(root, tmp_path / "site", lambda text: None)
    assert first == tmp_path / "site" / "index.html"
    pages = {
        path.relative_to(first.parent).as_posix(): path.read_text() for path in first.parent.rglob("*.html")
    }
    # The README is the first page, and takes the place of the one in docs/.
    named = {
        path.relative_to(root / "docs").with_suffix(".html").as_posix()
        for path in (root / "docs").rglob("*.md")
    }
    named = {name for name in named if not name.startswith("examples/")} - {
        "README.html",
        "decisions/README.html",
    }
    assert (
        named
        | {"index.html", "contributing.html", "decisions/index.html", "examples/dbt/index.html", "404.html"}
        == pages.keys()
    )
    diagrams = sum(
        len(re.findall("^```mermaid", path.read_text(), re.M)) for path in (root / "docs").glob("*.md")
    )
    drawn = [text for name, text in pages.items() for text in re.findall("<svg id=.d[0-9a-f]{16}", text)]
    assert len(drawn) == diagrams + 1 > 3
    for name, text in pages.items():
        loaded = re.findall(r"""<(?:script|img|link|iframe)[^>]*?(?:src|href)=["']?([^"'\s>]+)""", text)
        assert [place for place in loaded if re.match(r"(https?:)?//", place)] == [], name
    index = json.loads((first.parent / "search/search_index.json").read_text())
    assert {"datasets.html", "reference/commands.html"} <= {entry["location"] for entry in index["docs"]}
    # Of the two spellings of a bar within code, the page shows what is meant.
    assert r"^(local|v\d+\.\d+\.\d+)$" in pages["reference/env-hcl.html"]


def test_a_link_that_leads_nowhere_is_refused(root: Path, tmp_path: Path) -> None:
    checkout = Checkout.copy(root, tmp_path / "checkout")
    (checkout.folder / ".strata" / "docs").symlink_to(root / ".strata" / "docs")
    # Another page's heading, a page, and a file of the repository, which is not a page and is only named.
    (checkout.folder / "docs/jobs.md").write_text(
        "# Jobs\n\n[a](datasets.md#no-such-part) [b](missing.md) [c](../live/dev/env.hcl)\n"
    )
    with pytest.raises(StrataError) as refused:
        build(checkout.folder, tmp_path / "site", lambda text: None)
    assert "missing.md" in refused.value.message
    assert "no-such-part" in refused.value.message
    assert "env.hcl" not in refused.value.message


def test_a_port_that_is_taken_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert run(["docs", "serve", "--port", str(port)]) == 1
    said = capsys.readouterr().err
    assert (
        f"error: port {port} cannot be used: Address already in use (leave --port out, or name another)"
        in said
    )
