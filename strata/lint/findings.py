"""What linters find, and the one file that says which findings are meant to be: `lint.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from strata.errors import StrataError

FILE = "lint.toml"
_KEYS = {"check", "where", "reason"}
_SHORTEST_REASON = 20


@dataclass(frozen=True)
class LintFinding:
    """One thing that is wrong.

    Attributes:
        check: the rule that says so, such as `variable-type` or `CKV_AWS_18`.
        subject: what it is about: a declaration (`modules/s3 variable.buckets`) or an address in a plan.
        text: what is wrong.
        file: where it is, if that is known.
        line: the line there.
    """

    check: str
    subject: str
    text: str
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = self.subject if self.file is None else f"{self.file}:{self.line or 1}"
        return f"{place}: {self.text} [{self.check}]"


@dataclass(frozen=True)
class Skip:
    """A finding that is meant to be: `where` is the subject, `*` standing for anything."""

    check: str
    where: str
    reason: str
    line: int

    def covers(self, finding: LintFinding) -> bool:
        pattern = ".*".join(re.escape(part) for part in self.where.split("*"))
        return finding.check == self.check and re.fullmatch(pattern, finding.subject) is not None


@dataclass(frozen=True)
class ClassifiedFindings:
    """Findings after the skips: what is left, and what was skipped with its reason."""

    findings: list[LintFinding]
    skipped: list[tuple[LintFinding, Skip]]


def read_skips(path: Path) -> list[Skip]:
    """The skips of a file; none where it does not exist.

    Raises:
        StrataError: it is not TOML, has an unknown key, or a skip without a reason.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else len(text.splitlines())
        raise StrataError(f"not TOML: {error}", file=path.name, line=line) from None
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line.strip() == "[[skip]]"]
    entries = content.get("skip", [])
    if set(content) - {"skip"} or not isinstance(entries, list) or len(entries) != len(lines):
        raise StrataError("only `[[skip]]` tables are known", file=path.name)
    return [_skip(entry, path.name, line) for entry, line in zip(entries, lines, strict=True)]


def classify(
    findings: Iterable[LintFinding], skips: Sequence[Skip], checks: Iterable[str], file: str = FILE
) -> ClassifiedFindings:
    """Take out what is skipped; a skip that skips nothing is a finding itself.

    Args:
        findings: what the linters found.
        skips: from `read_skips`.
        checks: the checks that were made: only their skips can be stale; `*` stands for anything.
        file: what a stale skip's finding calls the file.
    """
    left: list[LintFinding] = []
    skipped: list[tuple[LintFinding, Skip]] = []
    for finding in findings:
        skip = next((skip for skip in skips if skip.covers(finding)), None)
        if skip is None:
            left.append(finding)
        else:
            skipped.append((finding, skip))
    made = [".*".join(re.escape(part) for part in check.split("*")) for check in checks]
    used = {skip for _, skip in skipped}
    for skip in skips:
        if skip not in used and any(re.fullmatch(check, skip.check) for check in made):
            text = f"nothing is found by {skip.check} at {skip.where}: delete the skip"
            left.append(LintFinding("stale-skip", skip.where, text, file, skip.line))
    return ClassifiedFindings(left, skipped)


def _skip(entry: dict[str, object], file: str, line: int) -> Skip:
    unknown, missing = entry.keys() - _KEYS, _KEYS - entry.keys()
    if unknown or missing:
        message = f"unknown key `{min(unknown)}`" if unknown else f"the key `{min(missing)}` is missing"
        raise StrataError(message, file=file, line=line, remedy="a skip has check, where and reason")
    texts = {key: str(value).strip() for key, value in entry.items()}
    if len(texts["reason"]) < _SHORTEST_REASON:
        raise StrataError("the reason is too short", file=file, line=line, remedy="say why, in a sentence")
    return Skip(texts["check"], texts["where"], texts["reason"], line)
