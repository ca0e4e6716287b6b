"""What a contract says of values beyond their types, as SQL."""

from __future__ import annotations

from collections.abc import Iterator

from glue_jobs.contract import Column, Contract
from glue_jobs.rules import shown, sql, text_sql

NOT_ALLOWED = "not_allowed"
NOT_UNIQUE = "not_unique"
OUT_OF_RANGE = "out_of_range"
PATTERN_MISMATCH = "pattern_mismatch"
WRONG_LENGTH = "wrong_length"
SHOWN = 120  # characters of a value in a detail; the whole line is beside it


def rule_reasons(contract: Contract) -> list[str]:
    """The reasons for which lines break the contract's rules."""
    columns = contract.columns
    needed = {
        NOT_ALLOWED: any(column.allowed for column in columns),
        NOT_UNIQUE: bool(contract.unique_columns),
        OUT_OF_RANGE: any(column.least or column.most for column in columns),
        PATTERN_MISMATCH: any(column.pattern is not None for column in columns),
        WRONG_LENGTH: any(column.length for column in columns),
    }
    return [reason for reason, is_needed in needed.items() if is_needed]


def rule_cases(contract: Contract) -> Iterator[str]:
    """What a contract says of values beyond their types; a value that is missing breaks none of it."""
    for column in contract.columns:
        name = f"`{column.name}`"
        for condition, reason, what in _rules(column, name):
            text = f"left(CAST({name} AS string), {SHOWN})"
            detail = f"""concat("{column.name}: '", {text}, {text_sql(f"' {what}")})"""
            yield when(condition, reason, detail)


def _rules(column: Column, name: str) -> Iterator[tuple[str, str, str]]:
    """The rules of a column: when a value breaks one, the reason, and what a message says of the value."""
    for bound, below, what in ((column.least, "<", "less"), (column.most, ">", "more")):
        if bound is not None:
            sign = f"{below}=" if bound.exclusive else below
            also = "not " if bound.exclusive else ""
            than = {"less": "more", "more": "less"}[what] if bound.exclusive else what
            yield (
                f"{name} {sign} {sql(column.type, bound.value)}",
                OUT_OF_RANGE,
                f"is {also}{than} than {shown(bound.value)}",
            )
    if column.length is not None:
        least, most = column.length.least, column.length.most
        longer = "" if most is None else f" OR char_length({name}) > {most}"
        yield (
            f"char_length({name}) < {least}{longer}",
            WRONG_LENGTH,
            f"has not {column.length} characters",
        )
    if column.allowed:
        values = ", ".join(sql(column.type, value) for value in column.allowed)
        yield f"{name} NOT IN ({values})", NOT_ALLOWED, "is not an allowed value"
    if column.pattern is not None:
        pattern = text_sql(f"\\A(?:{column.pattern})\\z")
        yield f"NOT {name} RLIKE {pattern}", PATTERN_MISMATCH, "does not match"


def fault(reason: str, detail: str) -> str:
    """A reason and its detail as SQL."""
    return f"named_struct('reason', '{reason}', 'detail', {detail})"


def when(condition: str, reason: str, detail: str) -> str:
    """A WHEN branch with a fault."""
    return f"WHEN {condition} THEN {fault(reason, detail)}"
