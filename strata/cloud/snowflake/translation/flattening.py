"""Table functions: FLATTEN, SPLIT_TO_TABLE and GENERATOR."""

from __future__ import annotations

from itertools import zip_longest

from sqlglot import Expr, exp

from strata.cloud.snowflake.errors import not_implemented
from strata.cloud.snowflake.translation import types
from strata.cloud.snowflake.translation.casts import convert, to_text
from strata.cloud.snowflake.translation.tree import call, string


def table_function(node: exp.Lateral | exp.TableFromRows) -> Expr:
    """Return a table function as a lateral query of the engine."""
    inner = node.this
    if isinstance(inner, exp.Explode):
        return _lateral(node, _flattened(inner))
    if isinstance(inner, exp.SplitToTable):
        text, separator = to_text(inner.this), to_text(inner.expression)
        parts = call("string_split", text, separator)
        columns = (
            exp.alias_(exp.Literal.number(1), "SEQ", quoted=True),
            exp.alias_(call("generate_subscripts", parts, exp.Literal.number(1)), "INDEX", quoted=True),
            exp.alias_(call("unnest", parts.copy()), "VALUE", quoted=True),
        )
        return _lateral(node, exp.select(*columns, copy=False))
    if isinstance(inner, exp.Anonymous) and inner.name.upper() == "GENERATOR":
        arguments = {a.this.name.upper(): a.expression for a in inner.expressions if isinstance(a, exp.Kwarg)}
        if set(arguments) != {"ROWCOUNT"}:
            raise not_implemented("GENERATOR without ROWCOUNT, or with TIMELIMIT")
        rows = call("unnest", call("range", arguments["ROWCOUNT"]))
        return _lateral(node, exp.select(exp.alias_(rows, "_row", quoted=True), copy=False))
    return node


def _flattened(inner: exp.Explode) -> exp.Select:
    names = ("INPUT", "PATH", "OUTER", "RECURSIVE", "MODE")
    arguments: dict[str, Expr] = {}
    for name, argument in zip_longest(names, [inner.this, *inner.expressions]):
        if isinstance(argument, exp.Kwarg):
            arguments[argument.this.name.upper()] = argument.expression
        elif argument is not None:
            arguments[str(name)] = argument
    if not set(arguments) <= set(names) or "INPUT" not in arguments:
        raise not_implemented("FLATTEN with these arguments")
    document = arguments["INPUT"]
    kind = types.type_of(document)
    if types.is_known(kind) and not types.is_variant(kind):
        document = convert(document, types.VARIANT)
    text = exp.Cast(this=document, to=types.text())
    text.meta["engine"] = True
    rows = call(
        "_sf_flatten",
        text,
        arguments.get("PATH") or string(""),
        arguments.get("OUTER") or exp.false(),
        arguments.get("RECURSIVE") or exp.false(),
        arguments.get("MODE") or string("BOTH"),
    )
    fields = exp.select(
        exp.alias_(call("hash", text.copy()), "SEQ", quoted=True),
        exp.alias_(call("unnest", rows), "_item", quoted=True),
        copy=False,
    )
    item = exp.column("_item", quoted=True)
    columns: list[Expr] = [
        exp.alias_(
            exp.Mod(this=exp.column("SEQ", quoted=True), expression=exp.Literal.number(10**12)),
            "SEQ",
            quoted=True,
        )
    ]
    columns += [
        exp.alias_(call("struct_extract", item.copy(), string(name)), name, quoted=True)
        for name in ("KEY", "PATH", "INDEX", "VALUE", "THIS")
    ]
    return exp.Select(
        expressions=columns,
        from_=exp.From(
            this=exp.Subquery(this=fields, alias=exp.TableAlias(this=exp.to_identifier("_items")))
        ),
    )


def _lateral(node: Expr, query: exp.Select) -> Expr:
    alias = node.args.get("alias")
    name = (
        alias.this
        if isinstance(alias, exp.TableAlias) and alias.this
        else exp.to_identifier("_rows", quoted=True)
    )
    return exp.Subquery(this=query, alias=exp.TableAlias(this=name))
