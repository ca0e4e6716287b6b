"""What Snowpark does in a session; prints what came, as JSON."""

import datetime
import json
from decimal import Decimal

from login import login
from snowflake.snowpark import Session, Window
from snowflake.snowpark import functions as f
from snowflake.snowpark.exceptions import SnowparkClientException
from snowflake.snowpark.types import DecimalType, LongType, StringType, StructField, StructType

session = Session.builder.configs(login("STRATA_DEV", "CURATED")).create()
came = {}


def step(label, work):
    """Keep what a step gives, or its error: the test compares all steps at once."""
    try:
        came[label] = work()
    except SnowparkClientException as error:
        came[label] = f"{type(error).__name__}: {error}"


flights = session.table("FLIGHTS")
step("columns", lambda: flights.columns)
step("count", flights.count)
step(
    "filter", lambda: flights.filter(f.col("FLIGHT") > 1).select("CARRIER", "FLIGHT").sort("FLIGHT").collect()
)
step(
    "group",
    lambda: flights.group_by("CARRIER").agg(f.count("*").alias("N"), f.sum("FARE")).sort("CARRIER").collect(),
)
step(
    "window",
    lambda: (
        flights.select(
            "FLIGHT",
            f.row_number().over(Window.partition_by("CARRIER").order_by(f.col("FLIGHT").desc())).alias("R"),
        )
        .sort("FLIGHT")
        .collect()
    ),
)
step("sql", lambda: session.sql("select ? + 1 as n", params=[1]).collect())
frame = session.create_dataframe([[1, "x"], [2, None]], schema=["a", "b"])
step("frame", lambda: frame.sort("a").collect())
step("save", lambda: frame.write.mode("overwrite").save_as_table("SAVED"))
step(
    "append",
    lambda: (
        session.create_dataframe([[3, "z"]], schema=["a", "b"]).write.mode("append").save_as_table("SAVED")
    ),
)
step("saved", lambda: session.table("SAVED").sort("A").collect())
step(
    "types",
    lambda: [[field.name, str(field.datatype), field.nullable] for field in session.table("SAVED").schema],
)
step("temporary", lambda: frame.write.save_as_table("PASSING", table_type="temporary"))
step("error if there", lambda: frame.write.mode("errorifexists").save_as_table("SAVED"))
step("ignore", lambda: frame.write.mode("ignore").save_as_table("SAVED"))
typed = StructType(
    [StructField("N", LongType()), StructField("D", DecimalType(10, 2)), StructField("S", StringType(5))]
)
step("typed", lambda: session.create_dataframe([[1, Decimal("1.50"), "ab"]], schema=typed).collect())
step(
    "day",
    lambda: (
        session.create_dataframe([[datetime.date(2024, 1, 2)]], schema=["D"])
        .select(f.dateadd("day", f.lit(1), f.col("D")))
        .collect()
    ),
)
step("union", lambda: frame.union_all(frame).count())
step("with column", lambda: frame.with_column("c", f.col("a") * 2).sort("a").select("c").collect())
step("drop", lambda: frame.drop("b").columns)
step("view", lambda: frame.create_or_replace_view("SEEN"))
step("of the view", lambda: session.table("SEEN").count())
saved = session.table("SAVED")
step(
    "join", lambda: frame.join(saved, frame["a"] == saved["A"]).select(saved["B"]).sort(saved["B"]).collect()
)
step("update", lambda: saved.update({"B": f.lit("w")}, saved["A"] == 2))
step("delete", lambda: saved.delete(saved["A"] == 3))
step(
    "merge",
    lambda: saved.merge(frame, saved["A"] == frame["a"], [f.when_matched().update({"B": f.lit("m")})]),
)
step("after the changes", lambda: session.table("SAVED").sort("A").collect())
step(
    "variant",
    lambda: (
        session.sql("select parse_json('{\"a\": [1, 2]}') as v")
        .select(f.col("v")["a"][1].cast("int"))
        .collect()
    ),
)
step("truncate", lambda: session.table("SAVED").write.mode("truncate").save_as_table("SAVED"))
step("drop table", lambda: session.table("SAVED").drop_table())
# From 512 rows on they come by a temporary table, as bound values.
large = session.create_dataframe(
    [[n, f"x{n}", None if n % 2 else 1.5] for n in range(2_000)], ["a", "b", "c"]
)
step("large", lambda: large.write.save_as_table("LARGE"))
step("of the large", lambda: session.table("LARGE").agg(f.count("c"), f.sum("a"), f.max("b")).collect())
step("one by one", lambda: sum(row["A"] for row in session.table("LARGE").to_local_iterator()))
step("range", lambda: session.range(1, 10, 3).collect())
step("put", lambda: session.file.put(__file__, "@nowhere"))
print(json.dumps(came, default=str))
