"""What reading a plan needs of the repository: its rules, and which keys of instances may be shown."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from strata.ci.plan_rules import PlanRule, built_in, rules_of

_KEY = re.compile(r'\["((?:[^"\\]|\\.)*)"\]')
_WORD = re.compile(r"\w+")
_CONFIGURATION = ("terragrunt.hcl", "live/**/*.hcl", "modules/**/*.tf")


@dataclass(frozen=True)
class Repository:
    """What is known of the repository whose plans are read.

    Attributes:
        rules: of plans.
        words: of its configuration; a key of other words is a value, which may be a secret.
        root: its folder, with policies in Rego.
    """

    rules: Sequence[PlanRule] = field(default_factory=built_in)
    words: Collection[str] = frozenset()
    root: Path | None = None

    @classmethod
    def at(cls, root: Path) -> Repository:
        """The repository in a folder."""
        files = {file for pattern in _CONFIGURATION for file in root.glob(pattern) if file.is_file()}
        words = {
            word
            for file in files
            for word in _WORD.findall(file.read_text(encoding="utf-8", errors="replace"))
        }
        return cls(rules_of(root), frozenset(words), root)

    def shown(self, address: str) -> str:
        """An address as it may be shown: a key that the configuration does not spell is a hash of it."""

        def key(match: re.Match[str]) -> str:
            text = match[1]
            if all(word in self.words for word in _WORD.findall(text)):
                return match[0]
            return f'["…{hashlib.sha256(text.encode()).hexdigest()[:12]}"]'

        return _KEY.sub(key, address)


# Of a repository that is not at hand no key is shown.
NOT_AT_HAND = Repository()
