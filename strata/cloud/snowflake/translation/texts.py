"""Functions of text: their operands are converted to text first, as Snowflake does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import Expr, exp

from strata.cloud.snowflake.errors import not_enough_arguments, not_implemented
from strata.cloud.snowflake.translation import dates, types
from strata.cloud.snowflake.translation.casts import to_text
from strata.cloud.snowflake.translation.tree import call, cast, string, whole

_of = types.type_of


def as_text(node: Expr) -> Expr:
    """Convert an operand to text, unless it is one."""
    kind = _of(node)
    return node if types.is_text(kind) or not types.is_known(kind) or kind == types.BINARY else to_text(node)


def with_text(*names: str) -> Callable[[Any], Expr]:
    """Return a rule that converts the named operands to text."""

    def rule(node: Expr) -> Expr:
        for name in names:
            operand = node.args.get(name)
            if isinstance(operand, Expr):
                node.set(name, as_text(operand))
            elif isinstance(operand, list):
                node.set(name, [as_text(item) for item in operand])
        return node

    return rule


def concatenated(node: exp.DPipe | exp.Concat) -> Expr:
    """Concatenate; a null makes the result null."""
    parts = [node.this, node.expression] if isinstance(node, exp.DPipe) else node.expressions
    texts = [as_text(part) for part in parts]
    found = texts[0]
    for text in texts[1:]:
        found = exp.DPipe(this=found, expression=text)
    return exp.Paren(this=found)


def joined(node: exp.ConcatWs) -> Expr:
    if len(node.expressions) < 2:
        raise not_enough_arguments("CONCAT_WS")
    separator, *parts = [as_text(part) for part in node.expressions]
    found = parts[0]
    for part in parts[1:]:
        found = exp.DPipe(this=exp.DPipe(this=found, expression=separator.copy()), expression=part)
    return exp.Paren(this=found)


def part_split(node: exp.SplitPart) -> Expr:
    return call(
        "_sf_split_part", as_text(node.this), as_text(node.args["delimiter"]), node.args["part_index"]
    )


def token(node: exp.Strtok) -> Expr:
    delimiter = node.args.get("delimiter") or string(" ")
    return call(
        "_sf_strtok",
        as_text(node.this),
        as_text(delimiter),
        node.args.get("part_index") or exp.Literal.number(1),
    )


def located(node: exp.StrPosition) -> Expr:
    start = node.args.get("position") or exp.Literal.number(1)
    return call("_sf_position", as_text(node.args["substr"]), as_text(node.this), start)


def padded(node: exp.Pad) -> Expr:
    fill = node.args.get("fill_pattern") or string(" ")
    name = "lpad" if node.args.get("is_left") else "rpad"
    return call(name, as_text(node.this), whole(node.expression, types.Kind.INT), as_text(fill))


def trimmed(node: exp.Trim) -> Expr:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    characters = node.args.get("expression")
    return call(name, as_text(node.this), as_text(characters) if characters is not None else string(" "))


def listed(node: exp.GroupConcat) -> Expr:
    """LISTAGG: the empty text where there is nothing, and no separator where none is given."""
    if node.args.get("separator") is None:
        node.set("separator", string(""))
    if isinstance(node.parent, exp.Window):
        return node
    return exp.Coalesce(this=node, expressions=[string("")])


def part_of(node: exp.Substring) -> Expr:
    """SUBSTR: a start of zero is one, a negative start counts from the end."""
    if not node.args.get("start"):
        raise not_enough_arguments("SUBSTR")
    length = node.args.get("length")
    parts = [as_text(node.this), cast(node.args["start"], types.number())]
    if length is not None:
        return call("_sf_substr_length", *parts, cast(length, types.number()))
    return call("_sf_substr", *parts)


def inserted(node: exp.Stuff) -> Expr:
    places = [cast(node.args[name], types.number()) for name in ("start", "length")]
    return call("_sf_insert", as_text(node.this), *places, as_text(node.expression))


def binary(node: exp.ToBinary) -> Expr:
    """TO_BINARY: of hexadecimal digits unless another format is named."""
    pattern = node.args.get("format")
    name = pattern.name.upper() if isinstance(pattern, exp.Literal) else "HEX" if pattern is None else ""
    functions = {"HEX": "unhex", "BASE64": "from_base64", "UTF-8": "encode", "UTF8": "encode"}
    if name not in functions or node.args.get("safe"):
        raise not_implemented("TRY_TO_BINARY, or TO_BINARY with a format that is not a literal")
    return call(functions[name], as_text(node.this))


def hexadecimal(node: exp.Hex) -> Expr:
    """HEX_ENCODE: its digits are capitals unless the second argument is 0."""
    case = node.args.get("case")
    found = call("hex", as_text(node.this))
    if case is None or case.name == "1":
        return found
    if case.name != "0":
        raise not_implemented("HEX_ENCODE with a case that is not 0 or 1")
    return exp.Lower(this=found)


def from_hexadecimal(node: exp.HexDecodeString) -> Expr:
    return call("decode", call("unhex", as_text(node.this)))


def base64(node: exp.Base64Encode) -> Expr:
    if node.args.get("max_line_length") or node.args.get("alphabet"):
        raise not_implemented("BASE64_ENCODE with a line length or an alphabet")
    operand = as_text(node.this)
    return call("to_base64", operand if _of(node.this) == types.BINARY else call("encode", operand))


def from_base64(node: exp.Base64DecodeString) -> Expr:
    if node.args.get("alphabet"):
        raise not_implemented("BASE64_DECODE_STRING with an alphabet")
    return call("decode", call("from_base64", as_text(node.this)))


def spaces(node: exp.Space) -> Expr:
    return call("repeat", string(" "), whole(node.this))


def alike(node: exp.Like | exp.ILike) -> Expr:
    node.set("this", as_text(node.this))
    if not isinstance(node.expression, exp.Any | exp.All):
        node.set("expression", as_text(node.expression))
    return node


def written(node: exp.ToChar) -> Expr:
    found = dates.written(node)
    return to_text(node.this) if found is None else found
