"""Examples in a module's README that are run as cases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from strata.errors import StrataError
from strata.testing.cases.case import Case, Expectation, shared
from strata.testing.cases.layout import RepositoryLayout

_DIRECTIVE = re.compile(r"<!--\s*case:\s*(.*?)\s*-->$")
_WORDS = re.compile(r"([a-z0-9][a-z0-9_-]*)(?:\s+resources=([0-9]+))?")


def read_examples(path: Path, layout: RepositoryLayout, prefix: str) -> Iterator[Case]:
    """The ```hcl blocks of a README that follow a line `<!-- case: NAME [resources=N] -->`.

    Args:
        path: the README, in a module's folder.
        layout: where modules and cases are.
        prefix: what a case's id begins with, before its name.

    Raises:
        StrataError: a directive that is misspelt, whose name is taken, or that no block follows.
    """
    shown = layout.shown(path)
    module = layout.module_at(path.parent) or path.parent.name
    lines = path.read_text(encoding="utf-8").splitlines()
    seen: set[str] = set()
    for index, line in enumerate(lines):
        found = _DIRECTIVE.match(line.strip())
        if found is None:
            continue
        words = _WORDS.fullmatch(found[1])
        if words is None:
            raise StrataError(
                f"`{found[1]}` is not a directive of a case",
                file=shown,
                line=index + 1,
                remedy="write <!-- case: name --> or <!-- case: name resources=3 -->",
            )
        name = words[1]
        if name in seen:
            raise StrataError(f"two cases are named {name}", file=shown, line=index + 1)
        seen.add(name)
        start = next((i for i in range(index + 1, len(lines)) if lines[i].strip()), len(lines))
        if start == len(lines) or lines[start].strip() != "```hcl":
            raise StrataError(f"no ```hcl block follows the case {name}", file=shown, line=index + 1)
        end = next((i for i in range(start + 1, len(lines)) if lines[i].strip() == "```"), None)
        if end is None:
            raise StrataError("the block does not end", file=shown, line=start + 1)
        counts = {"resources": int(words[2])} if words[2] else {}
        yield Case(
            id=f"{prefix}::{name}",
            name=name,
            module=module,
            expect=Expectation(counts=counts) if counts else None,
            override_data=shared(module, "override_data", layout) if module in layout.names else {},
            example="\n".join(lines[start + 1 : end]) + "\n",
            shown=shown,
            line=start + 2,
        )
