"""Rules on what stands beside a module's code: README, changelog, stamped files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from strata.errors import StrataError
from strata.hcl.syntax import HclFile
from strata.lint.findings import LintFinding
from strata.modules.docs import documented
from strata.modules.interface import Module
from strata.modules.stamps import stamped
from strata.modules.versions import read_changelog

RULES = {
    "readme": "a module has a README.md with an example",
    "docs-stale": "the README's tables are those of the code: `strata modules docs`",
    "changelog": "a module has a CHANGELOG.md whose headings are releases",
    "stamp-stale": "context.tf and versions.tf are those of the sources: `strata modules stamp`",
}


def check(module: Module, sources: Mapping[str, HclFile]) -> Iterator[LintFinding]:
    """The findings beside a module's code.

    Args:
        module: the module.
        sources: from `strata.modules.stamps.read_sources`.
    """
    place = f"modules/{module.name}"
    for rule, text, file, line in (*_readme(module), *_changelog(module), *_stamps(module, sources)):
        yield LintFinding(rule, place, text, f"{place}/{file}", line)


_Row = tuple[str, str, str, int]


def _readme(module: Module) -> Iterator[_Row]:
    raw = module.others.get("README.md")
    if raw is None:
        yield "readme", "the file does not exist", "README.md", 1
        return
    text = raw.decode("utf-8")
    if "```hcl" not in text:
        yield "readme", "no example (a block of `hcl`)", "README.md", 1
    try:
        made = documented(text, module, "README.md")
    except StrataError as error:
        yield "docs-stale", error.message, "README.md", 1
        return
    if made != text:
        yield (
            "docs-stale",
            "the tables are not those of the code: run `strata modules docs`",
            "README.md",
            _first_difference(text, made),
        )


def _changelog(module: Module) -> Iterator[_Row]:
    raw = module.others.get("CHANGELOG.md")
    if raw is None:
        yield "changelog", "the file does not exist", "CHANGELOG.md", 1
        return
    try:
        releases = read_changelog(raw.decode("utf-8"), "CHANGELOG.md")
    except StrataError as error:
        yield "changelog", error.message, "CHANGELOG.md", error.line or 1
        return
    for release in releases:
        if not release.notes:
            yield "changelog", f"{release.version} says nothing", "CHANGELOG.md", release.line


def _stamps(module: Module, sources: Mapping[str, HclFile]) -> Iterator[_Row]:
    try:
        wanted = stamped(module, sources)
    except StrataError as error:
        yield "stamp-stale", error.message, "versions.tf", 1
        return
    for name, text in wanted.items():
        found = module.file(name)
        if found is None:
            yield "stamp-stale", "the file does not exist: run `strata modules stamp`", name, 1
        elif found.text != text:
            yield (
                "stamp-stale",
                "not as its source has it: run `strata modules stamp`",
                name,
                _first_difference(found.text, text),
            )


def _first_difference(found: str, wanted: str) -> int:
    pairs = zip(found.splitlines(), wanted.splitlines(), strict=False)
    return next((number for number, (a, b) in enumerate(pairs, 1) if a != b), 1)
