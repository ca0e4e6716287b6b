"""Find shapes of English that read oddly: `python -m tests.style.wording [PATH...]`; exit 1 if there are any."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_RULES = tomllib.loads(Path(__file__).with_name("wording.toml").read_text(encoding="utf-8"))
_KEPT = re.compile(r"wording: kept, \w")
_COMMANDS = "strata/cli/commands/"


@dataclass(frozen=True)
class Shape:
    """One shape: its name, the pattern, what to write instead, and examples."""

    name: str
    pattern: re.Pattern[str]
    better: str
    odd: list[str]
    sound: list[str]


SHAPES = [
    Shape(**shape | {"pattern": re.compile(shape["pattern"].replace(" ", r"[\s#]+"), re.MULTILINE)})
    for shape in _RULES["shape"]
]


def findings(name: str, text: str) -> Iterator[str]:
    """Yield `file:line: shape: ...` for every odd phrase and every long help text of a file."""
    lines = text.splitlines()
    for shape in SHAPES:
        for found in shape.pattern.finditer(text):
            first, last = (text.count("\n", 0, place) for place in found.span())
            if not any(_KEPT.search(line) for line in lines[first : last + 1]):
                phrase = " ".join(found.group().split())
                yield f"{name}:{first + 1}: {shape.name}: `{phrase}`; write {shape.better}"
    if name.endswith(".py") and name.startswith("strata/cli/"):
        for line, words in _help_texts(name, text):
            if len(words) > _RULES["help_characters"]:
                limit = _RULES["help_characters"]
                yield f"{name}:{line}: long-help: {len(words)} characters; write at most {limit}"


def _help_texts(name: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of what a list of commands or options shows."""
    module = ast.parse(text)
    if name.startswith(_COMMANDS):
        yield 1, (ast.get_docstring(module) or "").partition("\n")[0]
    for node in ast.walk(module):
        if isinstance(node, ast.keyword) and node.arg == "help" and isinstance(node.value, ast.Constant):
            yield node.value.lineno, str(node.value.value)


def files(paths: list[str]) -> list[str]:
    """Return the text files below paths, as git knows them or would."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    data = (".csv", ".json", ".png")
    names = {name for name in listed.stdout.split("\0") if name and not name.endswith(data)}
    return sorted(name for name in names if (ROOT / name).is_file())


def main(paths: list[str]) -> int:
    """Print the findings in paths, or in all that has been read."""
    found = [
        line
        for name in files(paths or _RULES["read"])
        for line in findings(name, (ROOT / name).read_text(encoding="utf-8"))
    ]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
