"""Every message of the page is one that the code prints."""

from __future__ import annotations

import re
from pathlib import Path

from strata.errors import PAGES

PLACES = ("Makefile", "strata/**/*.py", "glue_jobs/*.py", "strata/ci/*.yaml")


def test_the_messages_are_those_of_the_code(root: Path) -> None:
    page = (root / "docs/troubleshooting.md").read_text()
    rows = [line.split(" | ")[0] for line in page.splitlines() if line.startswith("| ")]
    messages = [
        message
        for row in rows
        if "(Terraform's)" not in row
        for message in re.findall("`([^`]+)`", row)
        if message != "live check"
    ]
    assert len(messages) > 15
    code = "\n".join(file.read_text() for place in PLACES for file in root.glob(place))
    parts = [(message, part.strip()) for message in messages for part in message.split("…")]
    # Strings of the code break where a line does.
    joined = re.sub(r'" *\n *f?"', "", code)
    assert [message for message, part in parts if part and part not in joined] == []


def test_the_pages_that_errors_name_are_there(root: Path) -> None:
    # `strata doctor` and the checks name theirs themselves.
    named = set(PAGES.values())
    for file in root.glob("strata/**/*.py"):
        named |= set(re.findall(r'"(docs/[\w/-]+\.md[#\w-]*)"', file.read_text()))
    assert {"docs/setup.md", "docs/reference/rules.md"} <= named
    for place in sorted(named):
        path, _, anchor = place.partition("#")
        assert (root / path).is_file(), place
        headings = re.findall(r"^#+ (.+)$", (root / path).read_text(), re.MULTILINE)
        anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert not anchor or anchor in anchors, place


def test_the_words_of_an_error_are_those_of_the_code(root: Path) -> None:
    code = "\n".join(
        file.read_text() for file in root.glob("strata/**/*.py") if file != root / "strata/errors.py"
    )
    joined = re.sub(r'" *\n *f?"', "", code)
    # Terraform's, or with a name of the code between the words.
    others = {"execution FAILED", "execution TIMED_OUT", "is locked by process"}
    assert [words for words in PAGES if words not in joined and words not in others] == []
