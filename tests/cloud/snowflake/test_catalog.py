"""The account's objects without SQL: names of patterns, kinds that share a collection, what is not there."""

from __future__ import annotations

import pytest

from strata.cloud.snowflake import kinds
from strata.cloud.snowflake.catalog import Catalog, Database, Schema, Table, View, like
from strata.cloud.snowflake.errors import SqlError


@pytest.fixture
def catalog() -> Catalog:
    found = Catalog("A", "O", "eu-west-1")
    found.databases["D"] = Database("D", "R")
    found.databases["D"].schemas["S"] = Schema("S", "R")
    found.add("TABLE", ("D", "S", "T"), Table("T", "R"))
    found.add("VIEW", ("D", "S", "V"), View("V", "R"))
    return found


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("abc", "ABC", True),
        ("abc", "ABCD", False),
        ("bc", "ABC", False),
        ("a%", "A\nB", True),
        ("%c", "ABC", True),
        ("%", "", True),
        ("a_c", "ABC", True),
        ("a_c", "AC", False),
        ("a\\_c", "A_C", True),
        ("a\\_c", "ABC", False),
        ("a.c", "ABC", False),
        ("a.c", "A.C", True),
    ],
)
def test_patterns(pattern: str, name: str, matches: bool) -> None:
    assert like(pattern, name) is matches


def test_a_relation_is_found_by_its_kind(catalog: Catalog) -> None:
    table, view = ("D", "S", "T"), ("D", "S", "V")
    assert catalog.find("TABLE", table).name == "T"
    assert catalog.find("OBJECT", table).name == "T"
    assert catalog.find("VIEW", table) is None
    assert catalog.find("VIEW", view).name == "V"
    assert catalog.find("TABLE", ("D", "NO", "T")) is None
    assert catalog.find("TABLE", ("NO", "S", "T")) is None
    assert catalog.find("SCHEMA", ("D", "S")).name == "S"
    assert catalog.find("DATABASE", ("D",)).name == "D"
    with pytest.raises(SqlError, match=r"Object 'D\.S\.V' does not exist"):
        catalog.get("TABLE", view)
    with pytest.raises(SqlError, match="Object 'T' already exists"):
        catalog.add("VIEW", table, View("T", "R"))


@pytest.mark.parametrize(
    ("kind", "path", "missing"),
    [
        ("SCHEMA", ("NO", "S"), "Database 'NO'"),
        ("TABLE", ("NO", "S", "T"), "Database 'NO'"),
        ("OBJECT", ("D", "NO", "T"), "Schema 'D.NO'"),
    ],
)
def test_where_nothing_can_be(catalog: Catalog, kind: str, path: tuple[str, ...], missing: str) -> None:
    with pytest.raises(SqlError, match=f"{missing} does not exist or not authorized"):
        catalog.collection(kind, path)


def test_every_object_is_walked_once(catalog: Catalog) -> None:
    found = [(kind, path) for kind, path, _ in catalog.walk()]
    assert found == [
        ("DATABASE", ("D",)),
        ("SCHEMA", ("D", "S")),
        ("TABLE", ("D", "S", "T")),
        ("VIEW", ("D", "S", "V")),
    ]
    assert [path for _, path, _ in catalog.walk_schema(("D", "S"))] == [("D", "S", "T"), ("D", "S", "V")]


# From Snowflake's access-control reference; {kind: privileges}, besides those that others grant in it.
ACCOUNT = [
    *("CREATE DATABASE", "CREATE INTEGRATION", "CREATE ROLE", "CREATE USER", "CREATE WAREHOUSE"),
    *("EXECUTE TASK", "MANAGE GRANTS", "MANAGE WAREHOUSES", "MONITOR", "MONITOR EXECUTION", "MONITOR USAGE"),
]


def test_the_privileges_on_the_account() -> None:
    assert list(kinds.privileges("ACCOUNT")) == ACCOUNT


@pytest.mark.parametrize(
    ("kind", "privileges"),
    [
        ("USER", ("MONITOR",)),
        ("ROLE", ()),
        ("RESOURCE MONITOR", ("MODIFY", "MONITOR")),
        ("STAGE", ("READ", "USAGE", "WRITE")),
        ("FILE FORMAT", ("USAGE",)),
        ("EXTERNAL TABLE", ("REFERENCES", "SELECT")),
    ],
)
def test_the_privileges_on_a_kind(kind: str, privileges: tuple[str, ...]) -> None:
    assert kinds.privileges(kind) == privileges


@pytest.mark.parametrize(
    ("kind", "depth", "in_database"),
    [
        ("WAREHOUSE", 1, False),
        ("DATABASE", 1, True),
        ("SCHEMA", 2, True),
        ("TABLE", 3, True),
        ("STAGE", 3, True),
    ],
)
def test_the_place_of_a_kind(kind: str, depth: int, in_database: bool) -> None:
    found = kinds.KINDS[kind]
    assert (kinds.depth(kind), found.in_database) == (depth, in_database)
    assert kinds.depth("OBJECT") == 3
