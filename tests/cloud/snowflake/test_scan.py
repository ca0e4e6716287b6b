"""Which files and columns a query of an external table reads, and what it makes of them: a bucket in memory."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from strata.cloud.snowflake import pruning
from strata.cloud.snowflake.catalog import ExternalColumn, ExternalTable
from strata.cloud.snowflake.errors import SqlError

from .console import Console
from .memory_bucket import DDL, Bucket, parquet


@pytest.mark.parametrize(
    ("where", "rows", "read"),
    [
        ("", [1, 2, 3, 4], "123"),
        ("WHERE O = 'x'", [1, 2, 4], "13"),
        ("WHERE T.O = 'y'", [3], "2"),
        ("WHERE D = '2026-01-01' AND O = 'x'", [1, 2], "1"),
        ("WHERE D = '2026-01-01' OR O = 'x'", [1, 2, 3, 4], "123"),
        ("WHERE D > '2026-01-01' AND A > 0", [4], "3"),
        ("WHERE A = 1", [1], "123"),
        ("WHERE O = 'x' OR A = 3", [1, 2, 3, 4], "123"),
        ("WHERE METADATA$FILENAME LIKE '%/o=y/%'", [3], "2"),
        ("WHERE O = (SELECT 'y')", [3], "123"),
        ("WHERE O = 'none'", [], ""),
        ("WHERE o IN ('x', 'z')", [1, 2, 4], "13"),
        ("WHERE NOT O = 'x'", [3], "2"),
        ("WHERE 1 = 1", [1, 2, 3, 4], "123"),
        ("WHERE B IS NULL", [3], "123"),
        ("WHERE \"c\" = 'r'", [3], "123"),
    ],
)
def test_a_condition_on_partitions(
    table: Console, bucket: Bucket, where: str, rows: list[int], read: str
) -> None:
    found = table.run(f"SELECT A FROM T {where} ORDER BY A")
    assert [row["A"] for row in found] == rows
    assert sorted(key[-9] for key in bucket.asked) == list(read)


@pytest.mark.parametrize(
    ("sql", "read"),
    [
        ("SELECT COUNT(*) AS N FROM T X JOIN T Y ON X.A = Y.A WHERE X.O = 'x'", {"1": 2, "2": 1, "3": 2}),
        ("SELECT COUNT(*) AS N FROM T X LEFT JOIN T Y ON X.A = Y.A WHERE X.O = 'y'", {"1": 2, "2": 2, "3": 2}),
        ("SELECT COUNT(*) AS N FROM T X JOIN T Y ON X.A = Y.A WHERE X.O = 'y' AND Y.O = 'y'", {"2": 2}),
        ("SELECT COUNT(*) AS N FROM (SELECT * FROM T WHERE O = 'y') WHERE A > 0", {"2": 1}),
        ("WITH Q AS (SELECT A FROM T WHERE O = 'y') SELECT COUNT(*) AS N FROM Q", {"2": 1}),
    ],
)  # fmt: skip
def test_conditions_of_joins_and_subqueries(
    table: Console, bucket: Bucket, sql: str, read: dict[str, int]
) -> None:
    table.one(sql)
    numbers = [key[-9] for key in bucket.asked]
    assert {number: numbers.count(number) for number in sorted(set(numbers))} == read


@pytest.mark.parametrize(
    ("where", "prefix"),
    [
        ("", "root/t/d=2026-01-0"),
        ("WHERE D = '2026-01-01'", "root/t/d=2026-01-01/o="),
        ("WHERE O = 'y'", "root/t/d=2026-01-01/o=y/2.parquet"),
    ],
)
def test_few_objects_are_listed(table: Console, bucket: Bucket, where: str, prefix: str) -> None:
    table.run(f"SELECT A FROM T {where}")
    assert bucket.listed == [prefix]


def test_the_role_is_assumed_though_no_file_is_read(table: Console, bucket: Bucket) -> None:
    before = bucket.opened
    assert table.run("SELECT A FROM T WHERE O = 'none'") == []
    assert (bucket.opened, bucket.listed) == (before + 1, [])


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT COUNT(*) AS N FROM T", [{"N": 4}]),
        ("SELECT B FROM T WHERE A = 1", [{"B": "p"}]),
        ('SELECT "c" FROM T WHERE A = 3', [{"c": "r"}]),
        ('SELECT "c" FROM T WHERE A = 1', [{"c": None}]),
        ("SELECT VALUE:a::INT AS X FROM T WHERE A = 4", [{"X": 4}]),
        ("SELECT VALUE:none::VARCHAR AS X FROM T WHERE A = 4", [{"X": None}]),
        ("SELECT METADATA$FILENAME AS F, METADATA$FILE_ROW_NUMBER AS N FROM T WHERE A = 2",
         [{"F": "root/t/d=2026-01-01/o=x/1.parquet", "N": 2}]),
        ("SELECT O, COUNT(*) AS N FROM T GROUP BY O ORDER BY O", [{"O": "x", "N": 3}, {"O": "y", "N": 1}]),
        ("SELECT D FROM T WHERE A = 4", [{"D": datetime.date(2026, 1, 2)}]),
        ("SELECT Q.A AS X FROM D.PUBLIC.T Q WHERE Q.A = 4", [{"X": 4}]),
        ("SELECT D.PUBLIC.T.A AS X FROM D.PUBLIC.T WHERE D.PUBLIC.T.A = 4", [{"X": 4}]),
    ],
)  # fmt: skip
def test_columns_are_read(table: Console, sql: str, rows: list[dict[str, Any]]) -> None:
    assert table.run(sql) == rows


def test_a_star_is_the_value_and_every_column(table: Console) -> None:
    (row,) = table.run("SELECT * FROM T WHERE A = 4")
    assert list(row) == ["VALUE", "A", "B", "c", "D", "O"]
    assert row["A"] == 4
    (row,) = table.run("SELECT VALUE FROM T WHERE A = 3")
    assert "".join(row["VALUE"].split()) == '{"a":3,"b":null,"c":"r"}'
    (row,) = table.run("SELECT T.* FROM T WHERE A = 3")
    assert next(iter(row)) == "VALUE"


def test_files_that_cannot_be_read_are_left_out(table: Console, bucket: Bucket) -> None:
    count = "SELECT COUNT(*) AS N FROM T"
    bucket.lost.add("root/t/d=2026-01-02/o=x/3.parquet")
    assert table.one(count) == 3
    bucket.put("d=2026-01-01/o=y/2.parquet", b"not Parquet")
    assert table.one(count) == 2
    bucket.put("d=2026-01-01/o=y/2.parquet", b"")
    assert table.one(count) == 2
    del bucket.bodies["root/t/d=2026-01-01/o=x/1.parquet"]
    assert table.one(count) == 0


def test_a_file_with_a_broken_page_is_left_out(table: Console, bucket: Bucket) -> None:
    body = bytearray(parquet([{"a": 5, "b": "t" * 500}, {"a": 6, "b": "u" * 500}]))
    body[4:60] = b"\7" * 56
    bucket.put("d=2026-01-01/o=y/2.parquet", bytes(body))
    assert [row["A"] for row in table.run("SELECT A, B FROM T ORDER BY A")] == [1, 2, 4]
    table.run("CREATE TABLE KEPT AS SELECT A FROM T")
    assert table.one("SELECT COUNT(*) AS N FROM KEPT") == 3


@pytest.mark.parametrize(
    "name", ["d=1/o=x/a?b*[c]{d}.parquet", "d=1/o=x/a b%20+é'\"", "d=1/o=x/" + "n/" * 200, "../x/./y"]
)
def test_a_file_of_any_name(console: Console, bucket: Bucket, name: str) -> None:
    console.script(DDL)
    key = bucket.put(name, [{"a": 1, "b": "p"}])
    console.run("ALTER EXTERNAL TABLE T REFRESH")
    found = console.run("SELECT A, METADATA$FILENAME AS F FROM T")
    assert found == [{"A": 1, "F": key}]


def test_columns_whose_names_differ_by_case(console: Console, bucket: Bucket) -> None:
    console.script(DDL)
    bucket.put("d=1/o=x/1.parquet", [{"a": 1, "A": "p"}])
    bucket.put("d=1/o=x/2.parquet", [{"A": "q", "filename": "own"}])
    console.run("ALTER EXTERNAL TABLE T REFRESH")
    found = console.run(
        "SELECT VALUE:a::INT AS X, VALUE:A::VARCHAR AS Y, VALUE:filename::VARCHAR AS Z FROM T ORDER BY Y"
    )
    assert found == [{"X": 1, "Y": "p", "Z": None}, {"X": None, "Y": "q", "Z": "own"}]


def test_files_whose_types_differ(console: Console, bucket: Bucket) -> None:
    console.script(DDL)
    bucket.put("d=2026-01-01/o=x/1.parquet", [{"a": 1, "b": "p"}])
    bucket.put("d=2026-01-01/o=y/2.parquet", [{"a": "2", "b": "q"}])
    console.run("ALTER EXTERNAL TABLE T REFRESH")
    found = console.run("SELECT A, METADATA$FILE_ROW_NUMBER AS N FROM T ORDER BY A")
    assert found == [{"A": 1, "N": 1}, {"A": 2, "N": 1}]


@pytest.mark.parametrize(
    ("clause", "put", "expected"),
    [
        ("", ["a.parquet", "sub/b.parquet", "_SUCCESS"], ["a.parquet", "sub/b.parquet", "_SUCCESS"]),
        ("PATTERN = '.*[.]parquet'", ["a.parquet", "sub/b.parquet", "_SUCCESS"], ["a.parquet", "sub/b.parquet"]),
        ("PATTERN = 'sub/.*'", ["a.parquet", "sub/b.parquet", "x/sub/c"], ["sub/b.parquet"]),
        ("PATTERN = 'root/t/a.*'", ["a.parquet", "sub/b.parquet"], ["a.parquet"]),
    ],
)  # fmt: skip
def test_a_refresh_registers_what_the_pattern_names(
    console: Console, bucket: Bucket, clause: str, put: list[str], expected: list[str]
) -> None:
    console.script(DDL.replace("REFRESH_ON_CREATE = FALSE", f"REFRESH_ON_CREATE = FALSE {clause}"))
    for name in put:
        bucket.put(name, b"x")
    found = console.run("ALTER EXTERNAL TABLE T REFRESH")
    assert sorted(row["file"] for row in found) == sorted(f"root/t/{name}" for name in expected)


def test_what_a_refresh_tells(console: Console, bucket: Bucket) -> None:
    console.script(DDL)
    first, second = bucket.put("p/a", b"1"), bucket.put("q/b", b"1")
    new, update, gone = "REGISTERED_NEW", "REGISTERED_UPDATE", "UNREGISTERED"
    registered, removed = "File registered successfully.", "File unregistered successfully."
    refresh = "ALTER EXTERNAL TABLE T REFRESH"
    assert console.run(refresh) == [
        {"file": first, "status": new, "description": registered},
        {"file": second, "status": new, "description": registered},
    ]
    assert console.run(refresh) == []
    bucket.put("p/a", b"2")
    assert console.run(f"{refresh} 'q/'") == []
    assert console.run(f"{refresh} '/p/'") == [{"file": first, "status": update, "description": registered}]
    bucket.bodies.clear()
    assert console.run(f"{refresh} 'p/'") == [{"file": first, "status": gone, "description": removed}]
    assert console.run(refresh) == [{"file": second, "status": gone, "description": removed}]
    assert bucket.listed[:1] == ["root/t/"]
    assert bucket.listed[2:5] == ["root/t/q/", "root/t/p/", "root/t/p/"]
    (shown,) = console.run("SHOW EXTERNAL TABLES")
    assert shown["last_refreshed_on"] == "<time>"


def test_files_are_added_and_removed_by_name(console: Console, bucket: Bucket) -> None:
    console.script(DDL)
    first, second = bucket.put("o=x/1.parquet", [{"a": 1}]), bucket.put("o=x/2.parquet", [{"a": 2}])
    bucket.put("o=x/2.parquet.bak", [{"a": 3}])
    added, removed = "File registered successfully.", "File unregistered successfully."
    new = {"status": "REGISTERED_NEW", "description": added}
    assert console.run("ALTER EXTERNAL TABLE T ADD FILES ('o=x/2.parquet')") == [{"file": second} | new]
    assert console.run("SELECT A FROM T") == [{"A": 2}]
    both = "ALTER EXTERNAL TABLE T ADD FILES ('o=x/1.parquet', '/o=x/2.parquet')"
    assert console.run(both) == [{"file": first} | new]
    with pytest.raises(SqlError, match="Remote file 's3://bucket/root/t/none' was not found"):
        console.run("ALTER EXTERNAL TABLE T ADD FILES ('o=x/2.parquet.bak', 'none')")
    assert console.one("SELECT COUNT(*) AS N FROM T") == 2
    gone = {"file": second, "status": "UNREGISTERED", "description": removed}
    assert console.run("ALTER EXTERNAL TABLE T REMOVE FILES ('o=x/2.parquet', 'none')") == [gone]
    assert console.run("SELECT A FROM T") == [{"A": 1}]


def test_columns_of_an_external_table_change(table: Console) -> None:
    table.run("ALTER TABLE T ADD COLUMN TWICE INT AS (VALUE:a::INT * 2)")
    table.run("ALTER TABLE T RENAME COLUMN B TO WORD")
    assert table.run("SELECT TWICE, WORD FROM T WHERE A = 4") == [{"TWICE": 8, "WORD": "s"}]
    table.run("ALTER TABLE T DROP COLUMN TWICE")
    (row,) = table.run("SELECT * EXCLUDE VALUE FROM T WHERE A = 4")
    assert list(row) == ["A", "WORD", "c", "D", "O"]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("ALTER TABLE T DROP COLUMN TWICE", 904),
        ("ALTER TABLE T ADD COLUMN A INT AS (VALUE:a::INT)", 1707),
        ("ALTER TABLE T DROP COLUMN D", 2),
        ("ALTER TABLE T CLUSTER BY (A)", 2),
    ],
)
def test_a_change_of_columns_that_fails(table: Console, sql: str, code: int) -> None:
    with pytest.raises(SqlError) as raised:
        table.run(sql)
    assert raised.value.code == code


def test_a_listing(console: Console, bucket: Bucket) -> None:
    console.script(DDL)
    key = bucket.put("a b.parquet", b"12345")
    (row,) = console.run("LIST @S/t/")
    md5 = bucket.objects("")[0].etag
    told = "Thu, 01 Jan 2026 00:00:00 GMT"
    assert row == {"name": f"s3://bucket/{key}", "size": "5", "md5": md5, "last_modified": told}
    assert bucket.listed[0] == "root/t/"
    console.run("LS @S")
    assert bucket.listed[-1] == "root/"


def test_a_view_is_described_without_a_bucket(table: Console, bucket: Bucket) -> None:
    before = bucket.opened
    table.run("CREATE VIEW V AS SELECT A, B, D FROM T WHERE O = 'x'")
    assert bucket.opened == before
    described = [(row["name"], row["type"]) for row in table.run("DESC VIEW V")]
    assert described == [("A", "NUMBER(38,0)"), ("B", "VARCHAR(16777216)"), ("D", "DATE")]
    assert [row["A"] for row in table.run("SELECT A FROM V ORDER BY A")] == [1, 2, 4]


RELATION = ExternalTable(
    name="T",
    owner="R",
    columns=(
        ExternalColumn("P", "VARCHAR", "SPLIT_PART(METADATA$FILENAME, '/', 1)"),
        ExternalColumn("A", "INT", "VALUE:a"),
    ),
    partition_by=("P",),
)
PATH = "SPLIT_PART(\"METADATA$FILENAME\", '/', 1)"


@pytest.mark.parametrize(
    ("sql", "kept"),
    [
        ("SELECT A FROM T WHERE P = 'x'", f"(({PATH}) = 'x')"),
        ("SELECT A FROM T WHERE P = 'x' AND A = 1", f"(({PATH}) = 'x')"),
        ("SELECT A FROM T WHERE T.P = 'x' AND t.p <> 'y'", f"(({PATH}) = 'x') AND (({PATH}) <> 'y')"),
        ("SELECT A FROM T Q WHERE Q.P = 'x'", f"(({PATH}) = 'x')"),
        ("SELECT A FROM T Q WHERE T.P = 'x'", None),
        ("SELECT A FROM T WHERE METADATA$FILENAME = 'x'", "(\"METADATA$FILENAME\" = 'x')"),
        ("SELECT A FROM T WHERE \"p\" = 'x'", None),
        ("SELECT A FROM T WHERE A = 1", None),
        ("SELECT A FROM T WHERE P = A", None),
        ("SELECT A FROM T WHERE P = 'x' OR A = 1", None),
        ("SELECT A FROM T WHERE P = ?", None),
        ("SELECT A FROM T WHERE P = (SELECT 1)", None),
        ("SELECT A FROM T WHERE MAX(P) OVER () = 'x'", None),
        ("SELECT A FROM T WHERE 1 = 1", None),
        ("SELECT A FROM T", None),
        ("SELECT A FROM T JOIN U ON TRUE WHERE T.P = 'x'", f"(({PATH}) = 'x')"),
        ("SELECT A FROM U JOIN T ON TRUE WHERE T.P = 'x'", f"(({PATH}) = 'x')"),
        ("SELECT A FROM T JOIN U ON TRUE WHERE P = 'x'", None),
        ("SELECT A FROM T LEFT JOIN U ON TRUE WHERE T.P = 'x'", None),
        ("SELECT A FROM T JOIN U ON TRUE LEFT JOIN V ON TRUE WHERE T.P = 'x'", None),
        ("DELETE FROM T WHERE P = 'x'", None),
    ],
)
def test_the_part_of_a_condition_that_paths_decide(sql: str, kept: str | None) -> None:
    tree = sqlglot.parse_one(sql, read="snowflake")
    table = next(found for found in tree.find_all(exp.Table) if found.name == "T")
    found = pruning.predicate(table, RELATION)
    assert (found.sql(dialect="snowflake") if found is not None else None) == kept
