"""Functions of regular expressions.

Rules: Snowflake's SQL reference, "String functions (regular expressions)".
"""

from __future__ import annotations

from sqlglot import Expr, exp

from strata.cloud.snowflake.errors import not_implemented
from strata.cloud.snowflake.translation.texts import as_text
from strata.cloud.snowflake.translation.tree import call, string

_ONE = exp.Literal.number(1)


def replaced(node: exp.RegexpReplace) -> Expr:
    """REGEXP_REPLACE: every match unless an occurrence is named."""
    replacement = node.args.get("replacement")
    return call(
        "_sf_regexp_replace",
        *_where(node, "modifiers"),
        as_text(replacement) if replacement is not None else string(""),
        _or(node.args.get("occurrence"), exp.Literal.number(0)),
    )


def extracted(node: exp.RegexpExtract | exp.RegexpExtractAll) -> Expr:
    """REGEXP_SUBSTR: a match, or a group of it; REGEXP_SUBSTR_ALL: those from an occurrence on."""
    group = node.args.get("group") or exp.Literal.number(0)
    if "e" in _flags(node, "parameters") and group.name == "0":
        group = _ONE.copy()
    name = "_sf_regexp_substr" if isinstance(node, exp.RegexpExtract) else "_sf_regexp_substr_all"
    return call(name, *_where(node), _or(node.args.get("occurrence"), _ONE), group)


def matched(node: exp.RegexpLike) -> Expr:
    """REGEXP_LIKE: whether the pattern matches the whole text."""
    pattern = _pattern(node, "flag")
    return call("regexp_full_match", as_text(node.this), pattern)


def counted(node: exp.RegexpCount) -> Expr:
    return call("_sf_regexp_count", *_where(node))


def located(node: exp.RegexpInstr) -> Expr:
    """REGEXP_INSTR: where a match begins, or what follows it; 0 where there is none."""
    if node.args.get("group") is not None or "e" in _flags(node, "parameters"):
        raise not_implemented("REGEXP_INSTR of a group")
    option = _or(node.args.get("option"), exp.Literal.number(0))
    return call("_sf_regexp_instr", *_where(node), _or(node.args.get("occurrence"), _ONE), option)


def _where(node: Expr, parameters: str = "parameters") -> tuple[Expr, Expr, Expr]:
    """Return the text, the pattern and the position from which it is looked for."""
    return as_text(node.this), _pattern(node, parameters), _or(node.args.get("position"), _ONE)


def _or(node: Expr | None, default: Expr) -> Expr:
    return node if node is not None else default.copy()


def _pattern(node: Expr, parameters: str) -> Expr:
    """Return the pattern; the parameters come before it, as the engine writes them."""
    flags = _flags(node, parameters)
    # Of the two for the case the last one counts.
    case = [flag for flag in flags if flag in "ic"][-1:] == ["i"]
    inline = ("i" if case else "") + "".join(flag for flag in "ms" if flag in flags)
    pattern = as_text(node.expression)
    if not inline:
        return pattern
    return exp.Paren(this=exp.DPipe(this=string(f"(?{inline})"), expression=pattern))


def _flags(node: Expr, name: str) -> str:
    """Return the parameters of a call.

    Raises:
        SqlError: they are not a literal, or have letters that Snowflake does not know.
    """
    given = node.args.get(name)
    if given is None:
        return ""
    if not isinstance(given, exp.Literal) or set(given.name) - set("cimes"):
        raise not_implemented("parameters of a regular expression other than a literal of c, i, m, e and s")
    return str(given.name)
