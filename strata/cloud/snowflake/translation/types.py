"""Snowflake's data types, as sqlglot writes them, without synonyms."""

from __future__ import annotations

from typing import Any

from sqlglot import Expr, exp

Type = exp.DataType
Kind = exp.DType

LONGEST = 16777216
_INTEGERS = (Kind.INT, Kind.BIGINT, Kind.SMALLINT, Kind.TINYINT, Kind.MEDIUMINT, Kind.INT128, Kind.UBIGINT)
_FLOATS = (Kind.FLOAT, Kind.DOUBLE)
_TEXTS = (Kind.VARCHAR, Kind.TEXT, Kind.NVARCHAR)
_CHARACTERS = (Kind.CHAR, Kind.NCHAR)
_TIMESTAMPS = (Kind.TIMESTAMP, Kind.TIMESTAMPNTZ, Kind.DATETIME)
_SEMI_STRUCTURED = (Kind.VARIANT, Kind.ARRAY, Kind.OBJECT, Kind.JSON)


def plain(kind: Kind) -> Type:
    """Return a type without parameters."""
    return Type(this=kind)


def _with(kind: Kind, *parameters: int) -> Type:
    return Type(
        this=kind, expressions=[exp.DataTypeParam(this=exp.Literal.number(value)) for value in parameters]
    )


def number(precision: int = 38, scale: int = 0) -> Type:
    """Return NUMBER(precision, scale)."""
    return _with(Kind.DECIMAL, min(max(precision, 1), 38), min(scale, 37))


def text(length: int = LONGEST) -> Type:
    """Return VARCHAR(length)."""
    return _with(Kind.VARCHAR, length)


FLOAT, BOOLEAN, DATE = plain(Kind.DOUBLE), plain(Kind.BOOLEAN), plain(Kind.DATE)
NTZ, LTZ, TZ = plain(Kind.TIMESTAMPNTZ), plain(Kind.TIMESTAMPLTZ), plain(Kind.TIMESTAMPTZ)
TIME, BINARY = plain(Kind.TIME), plain(Kind.BINARY)
VARIANT, ARRAY, OBJECT = plain(Kind.VARIANT), plain(Kind.ARRAY), plain(Kind.OBJECT)
UNKNOWN = plain(Kind.UNKNOWN)


def parameters(kind: Type) -> list[int]:
    return [int(p.this.name) for p in kind.expressions if isinstance(p, exp.DataTypeParam)]


def normal(kind: Any) -> Type:
    """Return the type that a synonym stands for, with its parameters written out."""
    if not isinstance(kind, Type):
        return UNKNOWN
    given = parameters(kind)
    if kind.this in _INTEGERS:
        return number()
    if kind.this == Kind.DECIMAL:
        return number(given[0] if given else 38, given[1] if len(given) > 1 else 0)
    if kind.this in _FLOATS:
        return FLOAT.copy()
    if kind.this in _TEXTS:
        return text(given[0] if given else LONGEST)
    if kind.this in _CHARACTERS:
        return text(given[0] if given else 1)
    if kind.this in _TIMESTAMPS:
        return NTZ.copy()
    if kind.this in (Kind.BINARY, Kind.VARBINARY):
        return BINARY.copy()
    if kind.this == Kind.JSON:
        return VARIANT.copy()
    return plain(kind.this)


def type_of(node: Expr | None) -> Type:
    """Return the type of an annotated expression."""
    return normal(node.type) if node is not None and node.type else UNKNOWN


def is_fixed(kind: Type) -> bool:
    return bool(kind.this == Kind.DECIMAL)


def is_float(kind: Type) -> bool:
    return kind.this in _FLOATS


def is_text(kind: Type) -> bool:
    return kind.this in _TEXTS


def is_variant(kind: Type) -> bool:
    """Return whether a type is semi-structured: VARIANT, ARRAY or OBJECT."""
    return kind.this in _SEMI_STRUCTURED


def is_date(kind: Type) -> bool:
    return bool(kind.this == Kind.DATE)


def is_timestamp(kind: Type) -> bool:
    return kind.this in (Kind.TIMESTAMPNTZ, Kind.TIMESTAMPLTZ, Kind.TIMESTAMPTZ)


def is_known(kind: Type) -> bool:
    return kind.this not in (Kind.UNKNOWN, Kind.NULL)


def length_of(kind: Type) -> int:
    return (parameters(kind) or [LONGEST])[0]


def digits(kind: Type) -> tuple[int, int]:
    """Return the leading digits and the scale of a NUMBER."""
    precision, scale = parameters(kind)
    return precision - scale, scale


def common(kinds: list[Type]) -> Type:
    """Return the type that holds values of all types, as in CASE, COALESCE and UNION."""
    known = [kind for kind in kinds if is_known(kind)]
    if not known:
        return UNKNOWN
    first = known[0]
    if all(is_fixed(kind) for kind in known):
        leading = max(digits(kind)[0] for kind in known)
        scale = max(digits(kind)[1] for kind in known)
        return number(leading + scale, scale)
    if all(is_text(kind) for kind in known):
        return text(max(length_of(kind) for kind in known))
    for is_kind, result in ((is_variant, VARIANT), (is_float, FLOAT)):
        if any(is_kind(kind) for kind in known) and not all(kind == first for kind in known):
            return result
    # A text beside a value of another type is converted to that type.
    others = [kind for kind in known if not is_text(kind)]
    zoned = [kind for kind in others if is_timestamp(kind)]
    return (zoned or others or known)[0]


def sql_name(kind: Type) -> str:
    """Return the type as SHOW COLUMNS and DESCRIBE write it."""
    given = parameters(kind)
    if is_fixed(kind):
        return f"NUMBER({given[0]},{given[1]})"
    if is_text(kind):
        return f"VARCHAR({length_of(kind)})"
    names = {
        Kind.DOUBLE: "FLOAT",
        Kind.TIMESTAMPNTZ: "TIMESTAMP_NTZ(9)",
        Kind.TIMESTAMPLTZ: "TIMESTAMP_LTZ(9)",
        Kind.TIMESTAMPTZ: "TIMESTAMP_TZ(9)",
        Kind.TIME: "TIME(9)",
        Kind.BINARY: "BINARY(8388608)",
    }
    return names.get(kind.this, str(kind.this.value))
