"""Mutants of a Terraform module, many in one run of pytest.

Each is a module of its own, with the cases of the real one. The cases are planned together
(docs/decisions/0040-planning-cases-together.md), so that one start of Terraform serves many.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from mutant import Mutant
from scratch import Scratch

_OPTIONS = ["-q", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider", "--no-header", "--tb=no"]
_SECONDS = 1200


class _Watch:
    """A pytest plugin: the ids of the cases that failed, and of those that passed."""

    def __init__(self) -> None:
        self.failed: dict[str, bool] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed[report.nodeid] = self.failed.get(report.nodeid, False) or report.failed


def survivors(scratch: Scratch, module: str, mutants: Sequence[Mutant]) -> list[Mutant]:
    """Run the module's cases for each mutant, and once without a fault.

    Args:
        scratch: the copy of the repository.
        module: the module's name.
        mutants: the faults.

    Returns:
        The mutants whose cases all pass.

    Raises:
        RuntimeError: a case of the module without a fault fails, or Terraform does not end.
    """
    names = {f"{module}-m{number}": mutant for number, mutant in enumerate(mutants, 1)}
    folders = [_lay(scratch.folder, module, name, mutant) for name, mutant in names.items()]
    folders.append(_lay(scratch.folder, module, f"{module}-m0", None))
    notes = scratch.folder / ".failed.json"
    notes.unlink(missing_ok=True)

    def work() -> int:
        watch = _Watch()
        paths = [str(path) for pair in folders for path in pair if path.exists()]
        code = int(pytest.main([*_OPTIONS, *paths], plugins=[watch]))
        notes.write_text(json.dumps(watch.failed), encoding="utf-8")
        return code

    try:
        scratch.child(work, _SECONDS)
        if not notes.exists():
            raise RuntimeError("the cases did not end")
        failed = json.loads(notes.read_text(encoding="utf-8"))
    finally:
        for cases, readme in folders:
            shutil.rmtree(cases)
            shutil.rmtree(readme.parent)
    noticed = {name: [case for case, bad in failed.items() if bad and f"/{name}/" in case] for name in names}
    if sound := [case for case, bad in failed.items() if bad and f"/{module}-m0/" in case]:
        raise RuntimeError(f"without a fault fails: {', '.join(sound)}")
    return [mutant for name, mutant in names.items() if not noticed[name]]


def _lay(root: Path, module: str, name: str, mutant: Mutant | None) -> tuple[Path, Path]:
    """Write a copy of a module and of its cases under another name; return the cases and the README."""
    copy, cases = root / "modules" / name, root / "tests" / "modules" / name
    shutil.copytree(root / "modules" / module, copy)
    shutil.copytree(root / "tests" / "modules" / module, cases)
    readme = copy / "README.md"
    # Its examples call the copy.
    text = readme.read_text(encoding="utf-8")
    readme.write_text(re.sub(rf"(modules/|\.\./){module}(?=[/?\"])", rf"\g<1>{name}", text), encoding="utf-8")
    if mutant is not None:
        (copy / Path(mutant.file).name).write_text(mutant.text, encoding="utf-8")
    return cases, readme


def batches(mutants: Iterator[Mutant], size: int) -> Iterator[list[Mutant]]:
    """Cut mutants into groups."""
    group: list[Mutant] = []
    for mutant in mutants:
        group.append(mutant)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group
