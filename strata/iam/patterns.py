"""Wildcards and policy variables.

Rules: IAM User Guide, "IAM JSON policy elements: Resource" (a wildcard does not span the segments of an ARN)
and "IAM policy elements: Variables and tags". What a variable stands for is taken literally, wildcards too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from strata.iam.errors import PolicyError

Context = Mapping[str, str | Sequence[str]]
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NAMED = re.compile(r"([\w.-]+:[\w./:@-]+)(?:\s*,\s*'([^']*)')?")
_ARN_SEGMENTS = 6


@dataclass(frozen=True)
class PolicyVariable:
    """A policy variable: a context key in lower case, and what it stands for where the key is missing."""

    key: str
    default: str | None


@dataclass(frozen=True)
class Pattern:
    """A text of a policy that is compared: literal pieces, `*`, `?` and variables."""

    text: str
    pieces: tuple[str | PolicyVariable, ...]

    @classmethod
    def parse(cls, text: str, *, variables: bool) -> Pattern:
        """Read a text.

        Args:
            text: as the policy holds it.
            variables: whether `${...}` is a variable here: in documents of version 2012-10-17.

        Raises:
            PolicyError: a variable that cannot be read.
        """
        if not variables or "${" not in text:
            return cls(text, (text,))
        pieces: list[str | PolicyVariable] = []
        end = 0
        for found in _VARIABLE.finditer(text):
            pieces.append(text[end : found.start()])
            end = found.end()
            if found[1] in ("*", "?", "$"):
                # A literal sign: kept as a variable that always has its default.
                pieces.append(PolicyVariable("", found[1]))
                continue
            named = _NAMED.fullmatch(found[1])
            if named is None:
                raise PolicyError(f"the policy variable {found[0]} in {text!r} cannot be read")
            pieces.append(PolicyVariable(named[1].lower(), named[2]))
        pieces.append(text[end:])
        if any("${" in piece for piece in pieces if isinstance(piece, str)):
            raise PolicyError(f"the policy variable in {text!r} does not end")
        return cls(text, tuple(pieces))

    def matches(self, value: str, context: Context, *, arn: bool = False, ignore_case: bool = False) -> bool:
        """Whether the value matches; a variable without a value matches nothing.

        Args:
            value: what the request says.
            context: the condition keys of the request, names in lower case.
            arn: whether wildcards stay within the segments of an ARN.
            ignore_case: whether letters match in either case.
        """
        pieces = self._filled(context)
        if pieces is None:
            return False
        return _compiled(pieces, arn, ignore_case).fullmatch(value) is not None

    def equals(self, value: str, context: Context, *, ignore_case: bool = False) -> bool:
        """Whether the value is this text, without wildcards; a variable without a value equals nothing."""
        pieces = self._filled(context)
        if pieces is None:
            return False
        whole = "".join(text for text, _ in pieces)
        return whole.casefold() == value.casefold() if ignore_case else whole == value

    def _filled(self, context: Context) -> tuple[tuple[str, bool], ...] | None:
        """The pieces as texts, each with whether its wildcards count; None if a variable has no value."""
        if len(self.pieces) == 1:
            return ((self.text, True),)
        filled: list[tuple[str, bool]] = []
        for piece in self.pieces:
            if isinstance(piece, str):
                filled.append((piece, True))
                continue
            value = context.get(piece.key, piece.default) if piece.key else piece.default
            if value is None:
                return None
            if not isinstance(value, str):
                raise PolicyError(f"the policy variable ${{{piece.key}}} stands for several values")
            filled.append((value, False))
        return tuple(filled)


def check_arn(text: str, where: str) -> None:
    """Raise PolicyError unless a text is an ARN, wildcards allowed, or `*` alone."""
    plain = _VARIABLE.sub("x", text)
    if text != "*" and (not plain.startswith("arn:") or plain.count(":") < _ARN_SEGMENTS - 1):
        raise PolicyError(f"{where} {text!r} is neither an ARN nor *")


@lru_cache(maxsize=8192)
def _compiled(pieces: tuple[tuple[str, bool], ...], arn: bool, ignore_case: bool) -> re.Pattern[str]:
    segments = 0
    any_resource = len(pieces) == 1 and pieces[0][0] == "*"
    expression = ""
    for text, has_wildcards in pieces:
        if not has_wildcards:
            expression += re.escape(text)
            continue
        for sign in text:
            within = arn and not any_resource and segments < _ARN_SEGMENTS - 1
            if sign == "*":
                expression += "[^:]*" if within else ".*"
            elif sign == "?":
                expression += "[^:]" if within else "."
            else:
                segments += sign == ":"
                expression += re.escape(sign)
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
