"""Compares event patterns with aws/event-ruler, which EventBridge is made of: generated patterns and events.

    .venv/bin/python bench/event_ruler.py JARS                  a folder with the jars named below
    .venv/bin/python bench/event_ruler.py JARS --pairs 50000 --seed 7 --list

The jars are `software.amazon.event.ruler:event-ruler:1.8.1` and
`ch.randelshofer:fastdoubleparser:1.0.1`; `mvn dependency:copy -Dartifact=... -DoutputDirectory=JARS` brings
each. Jackson and the way to Java are PySpark's. Each pair is a pattern and an event: both must take the
pattern or both refuse it, and where both take it, both must match the event or both must not. Exits with 1
where they differ.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from strata.cloud.aws.events import pattern as event_pattern
from strata.cloud.aws.events import pattern_syntax
from tests.cloud.aws.events.ruler import Ruler

NAMES = ["a", "b", "c", "d.e", "d", "e"]
TEXTS = [
    "x",
    "X",
    "xy",
    "xyz",
    "yx",
    "",
    "é",
    "a*b",
    "10.0.0.5",
    "10.1.2.3",
    "2001:db8::1",
    "1",
    "null",
    "xx.csv",
]
NUMBERS: list[Any] = [0, 1, -1, 1.5, 10, 100, 1e3, 1.0, 12345678, -0.5]
OTHERS: list[Any] = [True, False, None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("jars", type=Path, help="the folder of jars")
    parser.add_argument("--pairs", type=int, default=10_000, help="default: 10000")
    parser.add_argument("--seed", type=int, default=1, help="default: 1")
    parser.add_argument("--list", action="store_true", help="print every pair that differs")
    arguments = parser.parse_args()
    counts: Counter[str] = Counter()
    with Ruler(arguments.jars) as ruler:
        for pattern, event in pairs(random.Random(arguments.seed), arguments.pairs):
            verdict = compare(ruler, pattern, event)
            counts[verdict] += 1
            if arguments.list and verdict.startswith("differs"):
                print(
                    verdict,
                    json.dumps(pattern),
                    json.dumps(event),
                    ruler.fault(json.dumps(pattern)),
                    sep="\n  ",
                )
    print(json.dumps(counts, indent=1))
    sys.exit(any(name.startswith("differs") for name in counts))


def compare(ruler: Ruler, pattern: Any, event: Any) -> str:
    """Return what both say of a pair."""
    text = json.dumps(pattern)
    refused = ruler.fault(text) is not None
    try:
        pattern_syntax.validate(pattern)
    except pattern_syntax.InvalidPatternError as error:
        return "both refuse" if refused else f"differs: refused here alone ({str(error)[:60]})"
    if refused:
        return "differs: refused there alone"
    there = ruler.matches(json.dumps(event), text)
    here = event_pattern.matches(pattern, event)
    if there == here:
        return "both match" if here else "neither matches"
    if there and "/0" in text:
        return "oddity: a CIDR of every address takes numbers there"
    texts = [json.dumps(single) for single in apart(pattern)]
    if len({ruler.matches(json.dumps(event), text) for _ in range(20)}) > 1:
        return "oddity: event-ruler gives both answers, one after the other"
    if any(ruler.matches(json.dumps(event), text) for text in texts) == here:
        return "oddity: event-ruler answers otherwise when the conditions of a list stand apart"
    return f"differs: {'matches here' if here else 'matches there'} alone"


def apart(pattern: Any) -> list[Any]:
    """Return the patterns of one condition a field that a pattern is the sum of."""
    if isinstance(pattern, list):
        return [[condition] for condition in pattern]
    made: list[dict[str, Any]] = [{}]
    for name, wanted in pattern.items():
        if name == "$or":
            choices = [{"$or": [single, single]} for branch in wanted for single in apart(branch)]
        else:
            choices = [{name: single} for single in apart(wanted)]
        made = [{**before, **choice} for before in made for choice in choices]
    return made


def pairs(dice: random.Random, count: int) -> Iterator[tuple[Any, Any]]:
    """Yield patterns, each with an event that was made for it or beside it."""
    for _ in range(count):
        pattern = _object(dice, 0)
        yield pattern, _event(dice, pattern)


def _object(dice: random.Random, depth: int, *, or_allowed: bool = True) -> Any:
    names = dice.sample(NAMES, dice.randint(1, 3))
    made: dict[str, Any] = {}
    for name in names:
        if depth < 2 and dice.random() < 0.25:
            made[name] = _object(dice, depth + 1, or_allowed=or_allowed)
        else:
            made[name] = [_condition(dice) for _ in range(dice.randint(0 if dice.random() < 0.02 else 1, 3))]
    if or_allowed and dice.random() < 0.25:
        made["$or"] = [
            _object(dice, depth + 1, or_allowed=depth < 1)
            for _ in range(1 if dice.random() < 0.02 else dice.choice([2, 2, 3]))
        ]
        if dice.random() < 0.3:
            made = {"$or": made["$or"]}
    if dice.random() < 0.01:
        made[dice.choice(NAMES)] = dice.choice(["x", 5, {}, None])
    return made


def _condition(dice: random.Random) -> Any:
    roll = dice.random()
    if roll < 0.25:
        return dice.choice(TEXTS)
    if roll < 0.35:
        return dice.choice(NUMBERS)
    if roll < 0.4:
        return dice.choice(OTHERS)
    kind = dice.choice(
        ["prefix", "suffix", "equals-ignore-case", "wildcard", "exists", "numeric", "cidr", "exactly"]
        + ["anything-but"] * 3
    )
    if dice.random() < 0.02:  # something that may not stand there
        return {
            kind: dice.choice([5, True, None, [], {}, ["x", 1], "", [None], {"prefix": 5}, ["="], [">", "x"]])
        }
    return {kind: _operand(dice, kind)}


def _operand(dice: random.Random, kind: str) -> Any:
    text = dice.choice(TEXTS)
    if kind == "exists":
        return dice.random() < 0.5
    if kind == "numeric":
        low, high = sorted(dice.sample(NUMBERS, 2), key=float)
        return dice.choice(
            [["=", low], [">", low], ["<=", high], [">=", low, "<", high], [">", low, "<=", high]]
        )
    if kind == "cidr":
        return dice.choice(
            ["10.0.0.0/8", "10.0.0.5/31", "10.1.0.0/16", "2001:db8::/32", "0.0.0.0/0"]
            + ["10.0.0.0/33"] * (dice.random() < 0.05)
        )
    if kind == "wildcard":
        return dice.choice(
            ["x*", "*x", "*", "x*z", "*y*", "a\\*b", "xy", "*.csv", "\\\\x"]
            + ["x**", "\\x"] * (dice.random() < 0.05)
        )
    if kind in ("prefix", "suffix") and dice.random() < 0.3:
        return {"equals-ignore-case": text or "x"}
    if kind == "anything-but":
        return _excluded(dice)
    return text or "x" if dice.random() < 0.9 else text


def _excluded(dice: random.Random) -> Any:
    roll = dice.random()
    if roll < 0.3:
        return dice.choice([*TEXTS, *NUMBERS])
    if roll < 0.55:
        return dice.sample(dice.choice([TEXTS, NUMBERS]), dice.randint(1, 3))
    if roll < 0.56:
        return [dice.choice(TEXTS), dice.choice([*NUMBERS, None, True])]
    inner = dice.choice(["prefix", "suffix", "equals-ignore-case", "wildcard"])
    values = [_operand(dice, inner) for _ in range(dice.randint(1, 2))]
    values = [value for value in values if isinstance(value, str)] or ["x"]
    return {inner: values if dice.random() < 0.5 else values[0]}


def _event(dice: random.Random, pattern: Any) -> dict[str, Any]:
    """Make an event with the fields of a pattern, some of them absent, and values near those it asks for."""
    made: dict[str, Any] = {}
    for name, wanted in pattern.items():
        if dice.random() < 0.12:
            continue
        if name == "$or":
            for branch in wanted if isinstance(wanted, list) else ():
                if isinstance(branch, dict) and dice.random() < 0.6:
                    made.update(_event(dice, branch))
        elif isinstance(wanted, dict):
            inner = _event(dice, wanted)
            made[name] = [inner, _event(dice, wanted)] if dice.random() < 0.25 else inner
        else:
            made[name] = _value(dice, wanted)
    if dice.random() < 0.3:
        made[dice.choice(NAMES)] = _value(dice, [])
    return made


def _value(dice: random.Random, wanted: Any) -> Any:
    literals = [w for w in (wanted if isinstance(wanted, list) else ()) if not isinstance(w, dict)]
    roll = dice.random()
    if literals and roll < 0.4:
        return dice.choice(literals)
    if roll < 0.5:
        return [dice.choice([*TEXTS, *NUMBERS]) for _ in range(dice.randint(0, 3))]
    if roll < 0.55:
        return {}
    return dice.choice([*TEXTS, *TEXTS, *NUMBERS, *OTHERS])


if __name__ == "__main__":
    main()
