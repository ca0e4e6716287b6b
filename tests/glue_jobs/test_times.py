"""Formats of dates and timestamps: what they may hold, what a value looks like, and how one is written."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

import pytest

from glue_jobs import times

EAST = datetime(2026, 1, 31, 9, 5, 7, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
WEST = EAST.replace(tzinfo=timezone(-timedelta(hours=8)))


@pytest.mark.parametrize(
    ("pattern", "shape", "value", "written"),
    [
        ("yyyy-MM-dd", "[0-9]{4}[-][0-9]{2}[-][0-9]{2}", date(33, 1, 5), "0033-01-05"),
        ("dd.MM.yyyy", "[0-9]{2}[.][0-9]{2}[.][0-9]{4}", date(2026, 1, 31), "31.01.2026"),
        ("yyyyMMdd", "[0-9]{4}[0-9]{2}[0-9]{2}", date(2026, 1, 31), "20260131"),
        (
            "yyyy'T'HH:mm:ss",
            "[0-9]{4}T[0-9]{2}[:][0-9]{2}[:][0-9]{2}",
            EAST,
            "2026T09:05:07",
        ),
        ("dd' day of 'MM", "[0-9]{2} day of [0-9]{2}", EAST, "31 day of 01"),
        ("ss.S", "[0-9]{2}[.][0-9]{1}", EAST, "07.1"),
        ("ss,SSSSSSSSS", "[0-9]{2}[,][0-9]{9}", EAST, "07,123456000"),
        ("HH X", "[0-9]{2}[ ](Z|[+-][0-9]{2})", EAST, "09 +05"),
        ("HH_XX", "[0-9]{2}[_](Z|[+-][0-9]{4})", EAST, "09_+0530"),
        ("HH/XXX", "[0-9]{2}[/](Z|[+-][0-9]{2}:[0-9]{2})", WEST, "09/-08:00"),
    ],
)
def test_a_value_looks_as_it_is_written(pattern: str, shape: str, value: date, written: str) -> None:
    assert (times.shape(pattern), times.written(pattern, value)) == (shape, written)


def test_letters_are_those_outside_quotes() -> None:
    found = ["yyyy", "MM", "dd", "HH", "mm", "ss", "SSS", "XXX"]
    assert times.letters("yyyy-MM-dd'T'HH:mm:ss.SSSXXX") == found
    assert times.letters("SSSSSSSSS") == ["SSSSSSSSS"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("yyy", "'yyy' is not supported; known: yyyy, MM, dd, HH, mm, ss, X, XX, XXX, S to SSSSSSSSS"),
        (
            "S" * 10,
            "'SSSSSSSSSS' is not supported; known: yyyy, MM, dd, HH, mm, ss, X, XX, XXX, S to SSSSSSSSS",
        ),
        ("dd.dd", "'dd' occurs twice"),
        ("dd'.day of 'MM", "it may hold letters, texts between single quotes, blanks and the marks -/.:,_"),
        ("dd'", "it may hold letters, texts between single quotes, blanks and the marks -/.:,_"),
        ("dd;MM", "it may hold letters, texts between single quotes, blanks and the marks -/.:,_"),
        ("", "it may hold letters, texts between single quotes, blanks and the marks -/.:,_"),
    ],
)
def test_what_a_format_may_not_hold(pattern: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        times.letters(pattern)
