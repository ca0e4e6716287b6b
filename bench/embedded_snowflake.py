"""Measures the embedded Snowflake: external tables against plain DuckDB, statements, sessions and memory.

    .venv/bin/python bench/embedded_snowflake.py              all figures
    .venv/bin/python bench/embedded_snowflake.py --quick      without the figure of the memory

A million rows lie in 1, 100 and 1,000 Parquet files of the embedded S3. Each ratio is that of two medians of
one run: the query through the client over the external table, and the same query in DuckDB over the same
files on disk, in turn. `first` is the read after the table's refresh, against a new DuckDB's first. Prints a
table, or JSON with --json, and exits 1 if a figure misses its target.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import snowflake.connector
from replaying_snowflake import replaying

from strata.cli.views.console import out, table
from strata.cloud.client import embedded_client
from strata.cloud.endpoints import Endpoints
from strata.testing.cloud import embedded_cloud

ACCOUNT, REGION, BUCKET = "111122223333", "eu-west-1", "strata-bench"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/bench"
ROWS = 1_000_000
FILES = (1, 100, 1_000)
SESSIONS, STATEMENTS = 32, 200
TARGETS = {
    **{f"{count} files, warm / DuckDB": 1.5 for count in FILES},
    **{f"{count} files, first / DuckDB": 3.0 for count in FILES},
    "select 1, ms": 3.0,
    "select 1 / the connector alone": 1.5,
    f"wrong answers of {SESSIONS} x {STATEMENTS}": 0.0,
    "MB more after 10,000 statements": 20.0,
}
DDL = """
create database d; create schema d.s;
create storage integration i type = external_stage storage_provider = 'S3' enabled = true
  storage_aws_role_arn = '{role}' storage_allowed_locations = ('s3://{bucket}/');
create stage st url = 's3://{bucket}/' storage_integration = i file_format = (type = parquet)
"""
TABLE = """
create external table d.s.f{count} (
  carrier varchar as (value:carrier::varchar), flight number as (value:flight::number),
  delay float as (value:delay::float),
  part varchar as (split_part(split_part(metadata$filename, 'part=', 2), '/', 1))
) partition by (part) location = @d.s.st/{count}/ auto_refresh = false file_format = (type = parquet)
"""
QUERY = "select carrier, count(*), avg(delay), max(flight) from {source} group by carrier order by carrier"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quick", action="store_true", help="without the memory's figure")
    parser.add_argument("--rounds", type=int, default=9, help="warm reads of each table (default 9)")
    arguments = parser.parse_args()
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="strata-bench-") as scratch:
        folder = Path(scratch)
        with embedded_cloud(folder / "cloud", any_key=True) as endpoints:
            bucket(endpoints)
            with connect(endpoints) as connection:
                script(connection, DDL.format(role=ROLE, bucket=BUCKET))
                figures |= overhead(endpoints)
                for count in FILES:
                    paths = write(endpoints, folder / str(count), count)
                    figures |= reads(connection, count, paths, arguments.rounds)
                wrong = sessions(endpoints)
                figures[f"wrong answers of {SESSIONS} x {STATEMENTS}"] = wrong
                if not arguments.quick:
                    figures["MB more after 10,000 statements"] = growth(endpoints, connection)
    report(figures, arguments.json)


def bucket(endpoints: Endpoints) -> None:
    """Make the bucket, and the role that reads it."""
    s3 = client(endpoints, "s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    iam = client(endpoints, "iam")
    trust = statement("sts:AssumeRole") | {"Principal": {"AWS": "*"}}
    iam.create_role(RoleName="bench", AssumeRolePolicyDocument=policy(trust))
    reading = statement("s3:GetObject") | {"Resource": f"arn:aws:s3:::{BUCKET}/*"}
    listing = statement("s3:ListBucket") | {"Resource": f"arn:aws:s3:::{BUCKET}"}
    iam.put_role_policy(RoleName="bench", PolicyName="read", PolicyDocument=policy(reading, listing))


def statement(action: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def client(endpoints: Endpoints, service: str) -> Any:
    keys = {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": ""}
    return embedded_client(service, endpoints.aws_url, endpoints.region, keys)


def connect(endpoints: Endpoints) -> Any:
    return snowflake.connector.connect(
        account=endpoints.snowflake_account,
        host=endpoints.snowflake_host,
        port=endpoints.snowflake_port,
        user=endpoints.snowflake_user,
        password=endpoints.snowflake_password,
        protocol="http",
    )


def rows(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        return list(cursor.execute(sql).fetchall())


def script(connection: Any, text: str) -> None:
    for sql in text.split(";"):
        rows(connection, sql)


def write(endpoints: Endpoints, folder: Path, count: int) -> list[str]:
    """Write the rows into files on disk and as objects; return the files' paths."""
    s3, random, paths = client(endpoints, "s3"), np.random.default_rng(7), []
    folder.mkdir()
    carriers = np.array(["AA", "B6", "DL", "F9", "UA", "WN"])
    for number in range(count):
        lines = ROWS // count
        rows_of_file = pa.table(
            {
                "carrier": carriers[random.integers(0, 6, lines)],
                "flight": random.integers(1, 9999, lines),
                "delay": random.normal(10, 30, lines),
                "unused": random.integers(0, 1 << 60, lines),
            }
        )
        body = io.BytesIO()
        pq.write_table(rows_of_file, body)
        path = folder / f"{number}.parquet"
        path.write_bytes(body.getvalue())
        paths.append(str(path))
        key = f"{count}/part={number % 10}/{number}.parquet"
        s3.put_object(Bucket=BUCKET, Key=key, Body=body.getvalue())
    return paths


def overhead(endpoints: Endpoints) -> dict[str, float]:
    """Return what a statement takes, and its ratio to what the connector takes by itself."""
    with replaying(f"http://{endpoints.snowflake_host}:{endpoints.snowflake_port}") as port:
        alone = endpoints.model_copy(update={"snowflake_port": port})
        with connect(endpoints) as connection, connect(alone) as floor:
            pairs = [
                (timed(lambda: rows(connection, "select 1"))[0], timed(lambda: rows(floor, "select 1"))[0])
                for _ in range(400)
            ]
    ours, least = (statistics.median(times) for times in zip(*pairs[20:], strict=True))
    return {"select 1, ms": 1000 * ours, "select 1 / the connector alone": ours / least}


def reads(connection: Any, count: int, paths: list[str], rounds: int) -> dict[str, float]:
    """Return the ratios of the aggregate's first and warm reads."""
    rows(connection, TABLE.format(count=count))
    through = QUERY.format(source=f"d.s.f{count}")
    listed = ", ".join(f"'{path}'" for path in paths)
    plain = QUERY.format(source=f"read_parquet([{listed}])")
    with duckdb.connect() as duck:
        first_plain, expected = timed(lambda: duck.sql(plain).fetchall())
        first, found = timed(lambda: rows(connection, through))
        if [(c, n, round(a, 9), m) for c, n, a, m in found] != [
            (c, n, round(a, 9), m) for c, n, a, m in expected
        ]:
            sys.exit(f"{count} files: {found} is not {expected}")
        pairs = [
            (timed(lambda: rows(connection, through))[0], timed(lambda: duck.sql(plain).fetchall())[0])
            for _ in range(rounds)
        ]
    warm = statistics.median(pair[0] for pair in pairs) / statistics.median(pair[1] for pair in pairs)
    return {f"{count} files, first / DuckDB": first / first_plain, f"{count} files, warm / DuckDB": warm}


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def sessions(endpoints: Endpoints) -> int:
    """Run statements in many sessions at once; return how many answers were wrong."""

    def session(number: int) -> int:
        wrong = 0
        with connect(endpoints) as connection:
            rows(connection, "use schema d.s")
            rows(connection, f"create table own{number} (n int)")
            for index in range(STATEMENTS // 4):
                rows(connection, f"insert into own{number} values ({index})")
                answers = (
                    (f"select {index} + {number}", index + number),
                    (f"select sum(n) from own{number}", index * (index + 1) // 2),
                    (f"select count(*) from f100 where part = '{index % 10}'", ROWS // 10),
                )
                wrong += sum(rows(connection, sql) != [(answer,)] for sql, answer in answers)
        return wrong

    with ThreadPoolExecutor(SESSIONS) as pool:
        return sum(pool.map(session, range(SESSIONS)))


def growth(endpoints: Endpoints, connection: Any) -> float:
    """Return the megabytes that the cloud takes more after 11,000 mixed statements than after 1,000."""
    # Another child keeps the resources of multiprocessing.
    (cloud,) = (child for child in psutil.Process().children() if "strata.cloud" in child.cmdline())
    sizes = []
    rows(connection, "create table d.s.kept (n int, t varchar)")
    for part in range(11):
        for number in range(100 * part, 100 * (part + 1)):
            for sql in (
                f"select {number}, '{part}'",
                "select carrier, count(*) from d.s.f100 group by carrier",
                f"select max(flight) from d.s.f100 where part = '3' and flight < {number + 1}",
                "show tables in schema d.s",
                f"insert into d.s.kept values ({number}, '{'x' * 1_000}')",
                "delete from d.s.kept",
                "select seq4() from table(generator(rowcount => 1000))",
            ):
                rows(connection, sql)
            for sql in (f"select {number} / 0", f"select nothing{number}"):
                with contextlib.suppress(snowflake.connector.errors.ProgrammingError):
                    rows(connection, sql)
            with connect(endpoints) as other:
                rows(other, f"select {number}")
        sizes.append(cloud.memory_info().rss / 1e6)
    return sizes[-1] - sizes[0]


def report(figures: dict[str, float], as_json: bool) -> None:
    """Print the figures, and exit 1 if one misses its target."""
    if as_json:
        print(json.dumps(figures, indent=1))
    else:
        lines: list[list[Any]] = [
            [name, round(value, 2), f"<= {TARGETS[name]}"] for name, value in figures.items()
        ]
        out.print(table("embedded Snowflake", ["what", "figure", "target"], lines))
    missed = [name for name, value in figures.items() if value > TARGETS[name]]
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
