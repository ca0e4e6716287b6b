"""What documents and code refer to is there: decisions, indexes, links, paths; and the pictures parse."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

# Text that cites decisions. Data (JSON, CSV) holds words that only look like citations.
CITING = {".hcl", ".j2", ".md", ".py", ".sh", ".sql", ".tf", ".toml", ".yaml", ".yml", ""}
TITLE = re.compile(r"# (?P<number>\d{4}) (?P<title>.+?)(?: \((?P<names>D\d+(?:, D\d+)*)\))?")
STATUS = re.compile(r"Date: \d{4}-\d{2}-\d{2}\. Status: (in force|in force in part|announced)\.")
SECTIONS = ["Context", "Decision", "Consequences", "Tests"]
# What a guide makes while its commands run.
MADE_BY_A_GUIDE = ("live/staging", "modules/ledger", "tests/modules/ledger")


@pytest.fixture(scope="session")
def tracked(root: Path) -> list[str]:
    """The files of the repository, as git knows them or would."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted({name for name in listed.stdout.split("\0") if name and (root / name).is_file()})


@pytest.fixture(scope="session")
def texts(root: Path, tracked: list[str]) -> dict[str, str]:
    """Every text that may cite a decision, by path."""
    return {
        name: (root / name).read_text(encoding="utf-8", errors="replace")
        for name in tracked
        if Path(name).suffix in CITING
    }


@pytest.fixture(scope="session")
def pages(texts: dict[str, str]) -> dict[str, str]:
    """Every Markdown page, by path."""
    return {name: text for name, text in texts.items() if name.endswith(".md")}


@pytest.fixture(scope="session")
def decisions(root: Path) -> dict[str, str]:
    """Every decision's text, by file name."""
    folder = root / "docs/decisions"
    return {file.name: file.read_text() for file in sorted(folder.glob("*.md")) if file.name != "README.md"}


def named(text: str) -> list[str]:
    """The names such as D3 that a decision carries in its title."""
    found = TITLE.fullmatch(text.partition("\n")[0])
    return found["names"].split(", ") if found and found["names"] else []


def citations(text: str, pattern: str) -> Iterator[tuple[int, str]]:
    """Line and citation for each match of a pattern's group."""
    for number, line in enumerate(text.splitlines(), 1):
        for found in re.finditer(pattern, line):
            yield number, found[1]


def without_code(text: str, kept: str = "mermaid") -> str:
    """A page without its fenced blocks, but for one kind: what is left names files of this repository."""
    return re.sub(
        r"^```(\w*)[^\n]*\n.*?^```$",
        lambda block: block[0] if block[1] == kept else "",
        text,
        flags=re.DOTALL | re.MULTILINE,
    )


def test_every_cited_decision_is_there(texts: dict[str, str], decisions: dict[str, str]) -> None:
    names = {name for text in decisions.values() for name in named(text)}
    numbers = {file[:4] for file in decisions}
    assert {f"D{number}" for number in range(1, 24)} <= names
    lost = [
        f"{file}:{line} cites {name}"
        for file, text in texts.items()
        if file != "tests/docs/test_references.py"
        for pattern, known in ((r"\b(D\d{1,2})\b", names), (r"(?i)decisions?[ /](\d{4})\b", numbers))
        for line, name in citations(text, pattern)
        if name not in known
    ]
    assert not lost, "\n".join(lost)


def test_a_name_is_one_decisions(decisions: dict[str, str]) -> None:
    names = [name for text in decisions.values() for name in named(text)]
    assert sorted(names) == sorted(set(names))
    numbers = [file[:4] for file in decisions]
    assert numbers == sorted(set(numbers))


def test_decisions_have_one_shape(decisions: dict[str, str]) -> None:
    for file, text in decisions.items():
        lines = text.splitlines()
        title, status = TITLE.fullmatch(lines[0]), STATUS.fullmatch(lines[2])
        assert title, f"{file}:1: expected '# NNNN Title', with names such as (D3) at its end"
        assert title["number"] == file[:4], f"{file}:1: the title has another number than the file"
        assert status, f"{file}:3: expected 'Date: YYYY-MM-DD. Status: in force|in force in part|announced.'"
        assert re.findall(r"^## (.+)$", without_code(text), re.MULTILINE) == SECTIONS, file
        tests = text.rpartition("## Tests")[2]
        assert re.search(r"`tests/\S+`", tests), f"{file}: no test is named"
        assert status[1] != "announced" or tests.strip().startswith("None yet."), f"{file}: announced, tested"


def test_the_index_of_decisions_is_whole(root: Path, decisions: dict[str, str]) -> None:
    index = (root / "docs/decisions/README.md").read_text()
    rows = set(
        re.findall(r"^\|(?: (D[\d, D]+) \|)? \[(\d{4})\]\((\S+)\) \| (.+) \| (.+) \|$", index, re.MULTILINE)
    )
    expected = set()
    for file, text in decisions.items():
        title, status = TITLE.fullmatch(text.splitlines()[0]), STATUS.fullmatch(text.splitlines()[2])
        assert title, file
        assert status, file
        expected.add((title["names"] or "", title["number"], file, title["title"], status[1]))
    assert rows == expected, f"docs/decisions/README.md, rows that differ: {rows ^ expected}"


def test_the_index_of_documents_is_whole(root: Path) -> None:
    linked = set(re.findall(r"\]\(([\w/.-]+\.md)\)", (root / "docs/README.md").read_text()))
    pages = {file.name for file in (root / "docs").glob("*.md")} - {"README.md"}
    assert pages | {"decisions/README.md"} <= linked


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", without_code(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_relative_link_leads_somewhere(root: Path, pages: dict[str, str]) -> None:
    lost = []
    count = 0
    for page, text in pages.items():
        for link in re.findall(r"\[[^\]]*\]\(([^()\s]+)\)", without_code(text)):
            if re.match(r"[a-z]+:", link):
                continue
            count += 1
            path, _, anchor = link.partition("#")
            target = (root / page).parent / path if path else root / page
            if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
                lost.append(f"{page} links to {link}")
    assert count > 50
    assert not lost, "\n".join(lost)


def test_every_path_that_a_document_names_is_there(
    root: Path, tracked: list[str], pages: dict[str, str]
) -> None:
    tops = "|".join(sorted({re.escape(name.partition("/")[0]) for name in tracked if "/" in name}))
    # A path ends before a placeholder such as `<name>`; what stands before that has to be there.
    pattern = re.compile(rf"(?<![\w/.$}}-])((?:{tops})/[\w./-]*)")
    lost = []
    for page in sorted(pages):
        # A changelog speaks of files as they were; a module's README of the files that its callers have.
        if page != "README.md" and not page.startswith(("CONTRIBUTING", "docs/")):
            continue
        for line in without_code(pages[page]).splitlines():
            for found in pattern.finditer(line):
                path = found[1].rstrip(".")
                if not (root / path).exists() and not path.startswith(MADE_BY_A_GUIDE):
                    lost.append(f"{page} names {path}")
    assert not lost, "\n".join(lost)
    assert len(pattern.findall(pages["docs/architecture.md"])) > 60


def pictures(pages: dict[str, str]) -> list[tuple[str, str]]:
    """Each Mermaid block with its page."""
    return [
        (page, block)
        for page, text in pages.items()
        for block in re.findall(r"^```mermaid\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    ]


def test_pictures_are_small_and_whole(pages: dict[str, str]) -> None:
    found = pictures(pages)
    assert sum(page == "docs/architecture.md" for page, _ in found) == 5
    for page, block in found:
        lines = [line.strip() for line in block.splitlines()]
        assert re.fullmatch(r"flowchart (LR|TB)", lines[0]), page
        assert sum(line.startswith("subgraph ") for line in lines) == lines.count("end"), page
        for line in lines:
            assert line.count('"') % 2 == 0, f"{page}: {line}"
            assert line.count("[") == line.count("]"), f"{page}: {line}"
        assert len(lines) <= 25, f"{page}: a picture of {len(lines)} lines"
