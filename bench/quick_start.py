"""Runs docs/quick-start.md as a newcomer would: in a fresh clone, with an empty home, commands as they stand.

    make bench BENCH=quick_start

Prints the commands and minutes of each part, or JSON with --json; exits 1 at the first command that fails.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from strata.cli.views.console import err, out, print_json, table

ROOT = Path(__file__).resolve().parents[1]
# The command that stays in a terminal of its own, and what it prints once the others can go on.
STAYS, IS_UP = ".venv/bin/strata up", "up; stop it"
# What a newcomer's shell has: the machine's programs and its package index, nothing of this session.
KEPT = ("PATH", "LANG", "TERM", "PIP_INDEX_URL", "PIP_CONFIG_FILE", "HTTPS_PROXY", "SSL_CERT_FILE")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="strata-newcomer-") as scratch:
        clone, home = Path(scratch) / "strata", Path(scratch) / "home"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        environ = {name: os.environ[name] for name in KEPT if name in os.environ} | {"HOME": str(home)}
        measured = {
            title: (len(commands), seconds)
            for title, commands, seconds in walk(clone, environ, parts(clone / "docs/quick-start.md"))
        }
    if arguments.json:
        print_json({title: {"commands": n, "seconds": round(s, 1)} for title, (n, s) in measured.items()})
    else:
        rows = [[title, n, f"{seconds / 60:.1f}"] for title, (n, seconds) in measured.items()]
        out.print(table(None, ["part", "commands", "minutes"], rows))


def parts(page: Path) -> list[tuple[str, list[str]]]:
    """Return the headings of the page that have commands, with their commands."""
    found = []
    for section in re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        blocks = re.findall(r"^```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
        if blocks:
            found.append((section.splitlines()[0], [line for block in blocks for line in block.splitlines()]))
    return found


def walk(
    clone: Path, environ: dict[str, str], sections: list[tuple[str, list[str]]]
) -> Iterator[tuple[str, list[str], float]]:
    """Run the commands; yield each part with its seconds when it is done."""
    with contextlib.ExitStack() as running:
        for title, commands in sections:
            begun = time.monotonic()
            for command in commands:
                err.print(f"$ {command}", highlight=False, soft_wrap=True)
                if command == STAYS:
                    running.enter_context(staying(clone, environ))
                    continue
                done = subprocess.run(
                    ["bash", "-c", command],
                    cwd=clone,
                    env=environ,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if done.returncode:
                    sys.exit(f"{command}\n{done.stdout}{done.stderr}")
            yield title, commands, time.monotonic() - begun


@contextlib.contextmanager
def staying(clone: Path, environ: dict[str, str]) -> Iterator[None]:
    """Keep the platform running, as a second terminal does."""
    process = subprocess.Popen(
        ["bash", "-c", f"exec {STAYS}"],
        cwd=clone,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if IS_UP in line:
            break
    else:
        sys.exit("".join(said))
    try:
        yield
    finally:
        process.terminate()
        process.communicate(timeout=120)


if __name__ == "__main__":
    main()
