"""What Snowflake's connector does in a session; prints what came, as JSON."""

import json
import sys

import snowflake.connector
from login import login
from snowflake.connector.errors import Error

LOGIN = login("D", "PUBLIC")
VALUES = """
select null::timestamp_ntz, to_binary('ff'), 12345678901234567890123::number(38,0), 1.50::number(10,2), 1.5::float,
  '2024-01-02'::date, '2024-01-02 03:04:05.678'::timestamp_ntz, '2024-01-02 03:04:05 +0200'::timestamp_tz,
  '03:04:05'::time, true, parse_json('{"a": [1]}'), null, 'é'
"""
came = {"version": snowflake.connector.__version__.partition(".")[0]}


def tried(work):
    """Return what a step gives, or its error."""
    try:
        return work()
    except Error as error:
        return [type(error).__name__, error.errno, error.sqlstate, bool(error.sfqid)]


snowflake.connector.paramstyle = "qmark"
with (
    snowflake.connector.connect(**LOGIN) as connection,
    connection.cursor() as cursor,
):
    came["values"] = tried(lambda: cursor.execute(VALUES).fetchone())
    came["described"] = tried(
        lambda: [
            [c.name, c.type_code, c.internal_size, c.precision, c.scale, c.is_nullable]
            for c in cursor.describe("select 1::number(10,2) as a, 'x'::varchar(3) as b")
        ]
    )
    cursor.execute("create table t (a int, b varchar(3))")
    came["inserted"] = tried(
        lambda: cursor.executemany("insert into t values (?, ?)", [(1, "x"), (2, None)]).rowcount
    )
    came["bad row"] = tried(
        lambda: cursor.executemany("insert into t values (?, ?)", [(3, "z"), (4, "long")]).rowcount
    )
    came["after it"] = tried(lambda: cursor.execute("select * from t order by a").fetchall())
    came["bound"] = tried(lambda: cursor.execute("select ?, ?::date, ?", (7, "2024-02-29", None)).fetchall())
    came["division"] = tried(lambda: cursor.execute("select 1 / 0").fetchall())
    came["syntax"] = tried(lambda: cursor.execute("selekt 1").fetchall())
    came["missing"] = tried(lambda: cursor.execute("select * from nothing").fetchall())
    cursor.execute("alter session set statement_timeout_in_seconds = 1")
    long = "select count(*) from table(generator(rowcount => 100000000000))"
    came["timeout"] = tried(lambda: cursor.execute(long).fetchall())
    came["goes on"] = tried(lambda: cursor.execute("select 1").fetchall())
    submitted = cursor.execute_async("select 5")["queryId"]
    cursor.get_results_from_sfqid(submitted)
    came["asynchronous"] = cursor.fetchall()
    came["many rows"] = tried(
        lambda: sum(
            row[0] for row in cursor.execute("select seq4() + 1 from table(generator(rowcount => 20000))")
        )
    )
with (
    snowflake.connector.connect(
        **LOGIN, autocommit=False, session_parameters={"TIMEZONE": "Europe/Berlin", "QUERY_TAG": "t"}
    ) as connection,
    connection.cursor() as cursor,
):
    cursor.execute("delete from t")
    connection.rollback()
    came["rolled back"] = tried(lambda: cursor.execute("select count(*) from t").fetchone())
    came["zone"] = tried(
        lambda: cursor.execute("select '2024-01-01 12:00:00 +0000'::timestamp_tz::timestamp_ltz").fetchone()
    )
    cursor.execute("insert into t values (9, 'c')")
    connection.commit()
    came["committed"] = tried(lambda: cursor.execute("select max(a) from t").fetchone())
json.dump(came, sys.stdout, default=str)
