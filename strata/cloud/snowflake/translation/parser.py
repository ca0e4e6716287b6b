"""Parsing of one statement of Snowflake SQL, with what the grammar library reads in another way mended."""

from __future__ import annotations

import sqlglot
from fakesnow.dialect import parse_one
from sqlglot import Expr, exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from strata.cloud.snowflake.errors import SqlError, not_implemented
from strata.cloud.snowflake.grammar import parse_name


def parse(sql: str) -> Expr:
    """Return the tree of a statement.

    Raises:
        SqlError: it is not one, or it is not SQL.
    """
    tree: Expr = parse_one(_without_end(sql))
    _bare_functions(tree)
    _name_tables(tree)
    _name_source(tree)
    _name_formats(tree)
    _number_columns(tree)
    _join_formats(tree)
    _order_by_all(tree)
    return tree


def _without_end(sql: str) -> str:
    """Return a statement as the library reads it.

    That is without what follows its semicolon, with a space between `?` and `::`, and without SCOPED before
    TEMPORARY: Snowpark's tables may end before their session, and end with it at the latest.
    """
    try:
        tokens = sqlglot.tokenize(sql, read="snowflake")
    except SqlglotError:
        return sql
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        sql = sql[: tokens.pop().start]
    for index, token in reversed(list(enumerate(tokens))):
        if token.token_type == TokenType.QDCOLON:
            sql = f"{sql[: token.start]}? ::{sql[token.end + 1 :]}"
        elif (
            token.text.upper() == "SCOPED" and index < _PLACE_OF_SCOPED and tokens[0].text.upper() == "CREATE"
        ):
            sql = f"{sql[: token.start]}{sql[token.end + 1 :]}"
    return sql


# CREATE OR REPLACE SCOPED
_PLACE_OF_SCOPED = 4


def _bare_functions(tree: Expr) -> None:
    """Take the parentheses off a table function in FROM."""
    for subquery in list(tree.find_all(exp.Subquery)):
        if isinstance(subquery.this, exp.TableFromRows) and not subquery.alias:
            subquery.replace(subquery.this)


def _name_tables(tree: Expr) -> None:
    """Replace IDENTIFIER('name') and TABLE('name') by the table."""
    for dynamic in list(tree.find_all(exp.DynamicIdentifier)):
        holder = dynamic.parent
        if isinstance(dynamic.this, exp.Literal) and isinstance(holder, exp.Table):
            _set_name(holder, dynamic.this.name)
        elif isinstance(dynamic.this, exp.Literal):
            parts = [exp.to_identifier(part, quoted=True) for part in parse_name(dynamic.this.name)]
            dynamic.replace(exp.Column(this=parts[-1], table=parts[-2] if len(parts) > 1 else None))
        else:
            raise not_implemented("IDENTIFIER of other than a literal")
    for rows in list(tree.find_all(exp.TableFromRows)):
        if isinstance(rows.this, exp.Literal):
            table = exp.Table(alias=rows.args.get("alias"), joins=rows.args.get("joins"))
            _set_name(table, rows.this.name)
            rows.replace(table)


def _set_name(table: exp.Table, text: str) -> None:
    parts = parse_name(text)
    if len(parts) > 3:
        raise SqlError(f"SQL compilation error:\nInvalid identifier '{text}'.")
    for name, part in zip(("this", "db", "catalog"), reversed(parts), strict=False):
        table.set(name, exp.to_identifier(part, quoted=True))


def _name_source(tree: Expr) -> None:
    """Name the query that MERGE reads, which needs no name in Snowflake."""
    source = tree.args.get("using") if isinstance(tree, exp.Merge) else None
    if isinstance(source, exp.Subquery) and not source.alias:
        source.set("alias", exp.TableAlias(this=exp.to_identifier("$source", quoted=True)))


def _name_formats(tree: Expr) -> None:
    """Replace the file format of a stage, which the library takes for a table, by the text of its name."""
    for table in list(tree.find_all(exp.Table)):
        given = table.args.get("format")
        if isinstance(given, exp.Table):
            name = ".".join(part.sql(dialect="snowflake") for part in given.parts)
            table.set("format", exp.Literal.string(name))


def _number_columns(tree: Expr) -> None:
    """Replace `$1` by the first column of VALUES, or of a stage."""
    for parameter in list(tree.find_all(exp.Parameter)):
        select = parameter.find_ancestor(exp.Select)
        source = select.args.get("from_") if select is not None else None
        number = parameter.this
        if not (isinstance(number, exp.Literal) and not number.is_string):
            continue
        if select is not None and any(is_stage(table) for table in select.find_all(exp.Table)):
            of = parameter.parent if isinstance(parameter.parent, exp.Column) else None
            column = exp.column(f"${number.name}", of.args["table"] if of else None, quoted=True)
            (of or parameter).replace(column)
            continue
        if source is None or not isinstance(source.this, exp.Values) or _names_columns(source.this):
            raise not_implemented(f"${number.name} of other than VALUES or a stage")
        parameter.replace(exp.column(f"COLUMN{number.name}", quoted=True))


def _names_columns(values: exp.Values) -> bool:
    return bool(values.args.get("alias") and values.args["alias"].columns)


def is_stage(table: exp.Table) -> bool:
    """Return whether a table of FROM is `@stage/path`."""
    return isinstance(table.this, exp.Var | exp.Literal) and table.this.name.startswith("@")


def _join_formats(tree: Expr) -> None:
    """Join the literals of a format that `||` joins: the library has translated a single literal only."""
    for node in list(tree.find_all(exp.TimeToStr)):
        parts = list(node.args["format"].flatten()) if isinstance(node.args["format"], exp.DPipe) else []
        if parts and all(isinstance(part, exp.Literal) for part in parts):
            joined = exp.Literal.string("".join(part.name for part in parts))
            node.replace(exp.ToChar(this=node.this, format=joined))


def _order_by_all(tree: Expr) -> None:
    """Write ORDER BY ALL as an order by each column of the result."""
    for order in list(tree.find_all(exp.Order)):
        query, key = order.parent, order.expressions[0]
        column = key.this if isinstance(key, exp.Ordered) and len(order.expressions) == 1 else None
        # Without quotes it is a reserved word, so that no column has this name.
        if not isinstance(query, exp.Query) or not isinstance(column, exp.Column):
            continue
        if column.table or column.this.args.get("quoted") or column.name.upper() != "ALL":
            continue
        if any(projection.is_star for projection in query.selects):
            raise not_implemented("ORDER BY ALL with SELECT *")
        keys = [key.copy() for _ in query.selects]
        for place, found in enumerate(keys, start=1):
            found.set("this", exp.Literal.number(place))
        order.set("expressions", keys)
