"""The same text over external tables again, after what its answer depends on has changed."""

from __future__ import annotations

from typing import Any

import pytest

from strata.cloud.snowflake import file_views
from strata.cloud.snowflake.errors import SqlError

from .console import Console
from .memory_bucket import Bucket


def views(console: Console) -> set[str]:
    duck = console.session().connection._duck_conn
    found = duck.execute("SELECT view_name FROM duckdb_views() WHERE view_name LIKE '_strata%'").fetchall()
    return {name for (name,) in found}


def test_queries_of_the_same_files_share_a_view(table: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SqlError):
        table.run("SELECT A, NO_SUCH FROM T")
    shared = views(table)
    table.run("SELECT A FROM T")
    table.run("SELECT COUNT(*) FROM T X JOIN T Y ON X.A = Y.A")
    assert len(shared) == 1
    assert views(table) == shared
    monkeypatch.setattr(file_views, "_KEPT", 1)
    table.run("SELECT A FROM T WHERE O = 'y'")
    assert len(views(table)) == 1
    assert views(table) != shared
    assert [row["A"] for row in table.run("SELECT A FROM T ORDER BY A")] == [1, 2, 3, 4]


def test_a_rolled_back_transaction_takes_no_view_with_it(table: Console) -> None:
    sql = "SELECT MAX(A) AS A FROM T"
    for before, verb in (("", "ROLLBACK"), (sql, "ROLLBACK"), ("", "COMMIT")):
        if before:
            table.run(before)
        table.run("BEGIN")
        assert table.one(sql) == 4
        table.run(verb)
        assert table.one(sql) == 4


def test_the_same_text_after_the_files_have_changed(table: Console, bucket: Bucket) -> None:
    sql = "SELECT LISTAGG(A, ',') WITHIN GROUP (ORDER BY A) AS A FROM T WHERE O = 'x'"
    assert table.one(sql) == table.one(sql) == "1,2,4"
    new = bucket.put("d=2026-01-03/o=x/4.parquet", [{"a": 5}])
    assert table.one(sql) == "1,2,4"  # not registered yet
    table.run("ALTER EXTERNAL TABLE T REFRESH")
    assert table.one(sql) == table.one(sql) == "1,2,4,5"
    bucket.put("d=2026-01-03/o=x/4.parquet", [{"a": "six"}])
    with pytest.raises(SqlError, match="six"):
        table.one(sql)
    bucket.put("d=2026-01-03/o=x/4.parquet", [{"a": 7.0}])
    assert table.one(sql) == "1,2,4,7"
    bucket.lost.add(new)
    assert table.one(sql) == "1,2,4"
    table.run("ALTER EXTERNAL TABLE T REMOVE FILES ('d=2026-01-01/o=x/1.parquet')")
    assert table.one(sql) == "4"


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ("ALTER TABLE T ADD COLUMN E INT AS (VALUE:a::INT * 2)", {"A": 4, "B": "s", "E": 8}),
        ("ALTER TABLE T DROP COLUMN B", {"A": 4}),
        ("ALTER TABLE T RENAME COLUMN B TO E", {"A": 4, "E": "s"}),
        (
            "CREATE OR REPLACE EXTERNAL TABLE T (A VARCHAR AS (VALUE:a::VARCHAR || '!'), "
            "O VARCHAR AS (METADATA$FILENAME)) LOCATION = @S/t/d=2026-01-02/ AUTO_REFRESH = FALSE",
            {"A": "4!"},
        ),
    ],
)
def test_the_same_text_after_the_table_has_changed(
    table: Console, change: str, after: dict[str, Any]
) -> None:
    sql = "SELECT * EXCLUDE (VALUE, O) FROM T WHERE A LIKE '4%'"
    table.run('ALTER TABLE T DROP COLUMN "c"')
    table.run("CREATE OR REPLACE EXTERNAL TABLE T (A INT AS (VALUE:a::INT), B VARCHAR AS (VALUE:b::VARCHAR), "
              "O VARCHAR AS (METADATA$FILENAME)) LOCATION = @S/t/ AUTO_REFRESH = FALSE")  # fmt: skip
    assert table.run(sql) == table.run(sql) == [{"A": 4, "B": "s"}]
    table.run(change)
    assert table.run(sql) == [after]


@pytest.mark.parametrize(
    "change",
    [
        "ALTER STORAGE INTEGRATION I SET ENABLED = FALSE",
        "CREATE OR REPLACE STORAGE INTEGRATION I TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE "
        "STORAGE_AWS_ROLE_ARN = 'arn:x' STORAGE_ALLOWED_LOCATIONS = ('*')",
        "ALTER STORAGE INTEGRATION I SET STORAGE_ALLOWED_LOCATIONS = ('s3://other/')",
    ],
)
def test_the_same_text_after_the_stage_has_lost_its_access(table: Console, change: str) -> None:
    sql = "SELECT COUNT(*) AS N FROM T"
    assert table.one(sql) == table.one(sql) == 4
    table.run(change)
    with pytest.raises(SqlError) as refused:
        table.one(sql)
    with pytest.raises(SqlError) as expected:
        table.one(f"{sql} -- not read before")
    assert refused.value.message == expected.value.message
