"""What mkdocs does with the pages: those outside docs/, links that leave the site, and diagrams."""

from __future__ import annotations

import hashlib
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
DIAGRAMS = ROOT / ".strata" / "diagrams"
# Pages of the site whose files lie outside docs/, and what takes the place of its own README.
OUTSIDE = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md"}
SMALLEST = 0.55  # of a diagram's own size
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")


def on_config(config: Any) -> Any:
    """Draw the blocks of mermaid."""
    fence = {"name": "mermaid", "class": "diagram", "format": diagram}
    config.mdx_configs["pymdownx.superfences"] = {"custom_fences": [fence]}
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that lie outside docs/; the README of the repository is the first page."""
    if (listed := files.get_file_from_path("README.md")) is not None:
        files.remove(listed)
    for name, page in OUTSIDE.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=_moved(text)))
    return files


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Files) -> str:
    """Turn links to what is not of the site into their text."""
    folder = posixpath.dirname(page.file.src_uri)

    def link(found: re.Match[str]) -> str:
        text, target = found.groups()
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target) or not path:
            return found[0]
        place = posixpath.normpath(posixpath.join(folder, path))
        if place in ("README.md", "../README.md"):
            place = "index.md"
        elif place == "../CONTRIBUTING.md":
            place = "contributing.md"
        file = files.get_file_from_path(place)
        if file is None or file.inclusion.is_excluded():
            # A file of the repository is named; what is nowhere is left for mkdocs to find.
            return text if (ROOT / "docs" / place).exists() else found[0]
        return f"[{text}]({posixpath.relpath(place, folder or '.')}{'#' + anchor if anchor else ''})"

    # Within code, a table of GitHub's needs a backslash before a bar; one of Python-Markdown's shows it.
    markdown = re.sub(r"^\|.*", lambda row: re.sub(r"`[^`]+`", _bars, row[0]), markdown, flags=re.MULTILINE)
    parts = re.split(r"(^```.*?^```$)", markdown, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else _LINK.sub(link, part) for part in parts)


def diagram(source: str, *_: Any, **__: Any) -> str:
    """Return a mermaid diagram drawn as SVG, kept by its text: drawing one takes a second."""
    import mermaidx

    name = hashlib.sha256(f"{mermaidx.__version__} {source}".encode()).hexdigest()[:16]
    kept = DIAGRAMS / f"{name}.svg"
    if not kept.is_file():
        DIAGRAMS.mkdir(parents=True, exist_ok=True)
        drawn = mermaidx.render(source).svg()
        # Several diagrams of a page each style their own elements.
        drawn = drawn.replace("my-svg", f"d{name}")
        # A wide one scrolls before its text gets too small to be read.
        width = float(re.search(r"max-width: ([\d.]+)px", drawn)[1])  # type: ignore[index]
        drawn = drawn.replace("max-width", f"min-width: {width * SMALLEST:.0f}px; max-width", 1)
        kept.write_text(drawn, encoding="utf-8")
    return f'<div class="diagram">{kept.read_text(encoding="utf-8")}</div>'


def _bars(span: re.Match[str]) -> str:
    return span[0].replace("\\|", "|")


def _moved(text: str) -> str:
    """Return the text of a page of the repository's root as one of docs/."""
    return text.replace("](docs/", "](")
