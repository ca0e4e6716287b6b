"""The commands of a page of docs/, run as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.checkout_copy import Checkout


def shell_blocks(page: Path, kind: str = "sh") -> list[str]:
    """The text of each ```sh block of a page."""
    return re.findall(rf"^```{kind}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def run_blocks(checkout: Checkout, page: Path) -> list[str]:
    """Run a page's blocks one after the other in one shell, in a copy of the repository; all must succeed.

    Returns:
        What each printed.
    """
    blocks = shell_blocks(page)
    script = "\n".join(f"echo '== {number}'\n{block}" for number, block in enumerate(blocks))
    environ = checkout.environ()
    environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=checkout.folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = re.split(r"== \d\n", done.stdout)[1:]
    assert len(said) == len(blocks)
    return said
