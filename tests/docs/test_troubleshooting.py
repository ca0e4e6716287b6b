"""Every message of the page is one that the code prints."""

from __future__ import annotations

import re
from pathlib import Path

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
