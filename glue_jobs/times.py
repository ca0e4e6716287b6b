"""How dates and timestamps are written: the part of Java's DateTimeFormatter that the jobs take."""

from __future__ import annotations

import re
from datetime import date

# Letters of a format -> what they stand for in a value.
SHAPES = {
    "yyyy": "[0-9]{4}",
    "MM": "[0-9]{2}",
    "dd": "[0-9]{2}",
    "HH": "[0-9]{2}",
    "mm": "[0-9]{2}",
    "ss": "[0-9]{2}",
    "X": "(Z|[+-][0-9]{2})",
    "XX": "(Z|[+-][0-9]{4})",
    "XXX": "(Z|[+-][0-9]{2}:[0-9]{2})",
}
STRFTIME = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
DATE_LETTERS = ("yyyy", "MM", "dd")
ZONE_LETTERS = ("X", "XX", "XXX")


def letters(pattern: str) -> list[str]:
    """The runs of letters in a format, texts between quotes left out.

    Raises:
        ValueError: a run is not supported or occurs twice, or a quote is not closed.
    """
    found = [word for word in _words(pattern) if word[0].isalpha()]
    for word in found:
        if word not in SHAPES and not re.fullmatch("S{1,9}", word):
            known = ", ".join([*SHAPES, "S to SSSSSSSSS"])
            raise ValueError(f"{word!r} is not supported; known: {known}")
        if found.count(word) > 1:
            raise ValueError(f"{word!r} occurs twice")
    return found


def shape(pattern: str) -> str:
    """The regular expression of a value of a format."""
    parts = []
    for word in _words(pattern):
        if word[0].isalpha():
            parts.append(SHAPES.get(word) or f"[0-9]{{{len(word)}}}")
        else:
            # A class of one is the mark itself.
            parts.append(word[1:-1] if word[0] == "'" else f"[{word}]")
    return "".join(parts)


def written(pattern: str, value: date) -> str:
    """A date or timestamp as its format has it."""
    parts = []
    for word in _words(pattern):
        if word.startswith("S"):
            parts.append(value.strftime("%f").ljust(9, "0")[: len(word)])
        elif word.startswith("X"):
            zone = value.strftime("%z")
            minutes = {"X": "", "XX": zone[3:], "XXX": f":{zone[3:]}"}[word]
            parts.append(zone[:3] + minutes)
        elif word[0].isalpha():
            parts.append(value.strftime(STRFTIME[word]).zfill(len(word)))
        else:
            parts.append(word[1:-1] if word[0] == "'" else word)
    return "".join(parts)


def _words(pattern: str) -> list[str]:
    """Runs of one letter, quoted texts, and single marks."""
    if not re.fullmatch(r"(?:[A-Za-z]|'[A-Za-z ]+'|[-/.:,_ ])+", pattern):
        raise ValueError("it may hold letters, texts between single quotes, blanks and the marks -/.:,_")
    return [match[0] for match in re.finditer(r"([A-Za-z])\1*|'[^']*'|.", pattern)]
