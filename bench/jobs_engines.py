"""One engine of bench/jobs.py on one input: `python -m bench.jobs_engines ENGINE FILE FOLDER`."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import psutil

from bench.jobs_inputs import contract_of
from glue_jobs.contract import Contract, ddl


def run(engine: str, source: Path, folder: Path) -> dict[str, Any]:
    """Run an engine.

    Returns:
        how many rows it wrote, and the CPU seconds of this process and its children.
    """
    with contextlib.redirect_stdout(sys.stderr):
        return {"jobs": jobs, "bare": bare, "duckdb": in_duckdb, "polars": in_polars}[engine](source, folder)


def jobs(source: Path, folder: Path) -> dict[str, Any]:
    """Both jobs, as `strata jobs try curate` runs them."""
    from strata.testing.fixtures.jobs import Buckets, local_spark

    with local_spark(folder, compiled=True) as spark:
        buckets = Buckets.make(spark, folder / "buckets")
        buckets.contract = contract_of(source)
        for path in source.parent.glob("reference/*.csv"):
            buckets.put(f"reference/{path.name}", path.read_bytes())
        key = f"{source.parent.name}/{source.name}"
        (buckets.raw / key).parent.mkdir()
        (buckets.raw / key).hardlink_to(source)
        clean, curated = buckets.run_both(key)
        assert curated["rows_curated"] == clean["rows_clean"]
        return spent(clean["rows_read"])


def bare(source: Path, folder: Path) -> dict[str, Any]:
    """Spark with the same session: the same file, the same Parquet, no checks."""
    from pyspark.sql import functions as F

    from glue_jobs import curate, main
    from strata.testing.fixtures.jobs import local_spark

    contract = contract_of(source)
    with local_spark(folder, compiled=True) as spark:
        for setting, value in main.SETTINGS.items():
            spark.conf.set(setting, value)
        written = contract.format
        reader = spark.read.schema(ddl(contract.columns)).option("header", True)
        reader = reader.option("sep", written.delimiter).option(
            "nullValue", next(iter(contract.null_tokens), "")
        )
        rows = reader.csv(str(source)).withColumn("source_line", F.monotonically_increasing_id())
        if contract.date.parts:
            parts = ", ".join(contract.date.parts)
            rows = rows.withColumn(contract.date.name, F.expr(f"make_date({parts})"))
        tables = {}
        for table in contract.references:
            reader = spark.read.schema(ddl(table.columns)).option("header", True).option("nullValue", "NA")
            tables[table.name] = reader.csv(str(source.parent / "reference" / f"{table.name}.csv"))
        origin = curate.ObjectOrigin("id", "key", "01")
        curated = curate.transform(contract, curate.CurateInputs(rows, tables, origin)).curated
        writer = curated.write.partitionBy(contract.date.name, "object")
        writer.parquet(str(folder / "curated"))
        return spent(spark.read.parquet(str(folder / "curated")).count())


def in_duckdb(source: Path, folder: Path) -> dict[str, Any]:
    """DuckDB: types, missing values, ranges, allowed values, date, carrier, and the first of a key."""
    import duckdb

    contract = contract_of(source)
    with duckdb.connect() as db:
        db.execute("SET threads = 2; SET preserve_insertion_order = false")
        names = {column.name: f"nullif({column.name}, 'NA')" for column in contract.columns}
        casts = ", ".join(
            f"try_cast({names[column.name]} AS {SQL.get(column.type, column.type)}) AS {column.name}"
            for column in contract.columns
        )
        faults = " OR ".join(_conditions(contract, names)) or "false"
        delimiter = contract.format.delimiter
        reader = (
            f"read_csv('{source}', delim='{delimiter}', header=true, all_varchar=true, null_padding=true)"
        )
        date = contract.date.name
        made = f", make_date(year, month, day) AS {date}" if contract.date.parts else ""
        db.execute(
            f"CREATE TABLE rows AS SELECT *{made} FROM (SELECT {casts}, row_number() OVER () AS source_line,"
            f" {faults} AS faulty FROM {reader})"
        )
        joins, added = _joins(contract, source)
        key = ", ".join(f"rows.{name}" for name in contract.key)
        own = ", ".join(f"rows.{name}" for name in [*contract.dated_names, "source_line"])
        known = " AND ".join(f"{alias} IS NOT NULL" for alias in _required(contract)) or "true"
        db.execute(
            f"COPY (SELECT {own}{added} FROM rows {joins} WHERE NOT faulty AND {known}"
            f" QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY source_line) = 1)"
            f" TO '{folder}/curated' (FORMAT parquet, PARTITION_BY ({date}))"
        )
        db.execute(f"COPY (SELECT * FROM rows WHERE faulty) TO '{folder}/quarantine.parquet'")
        (count,) = db.execute("SELECT count(*) FROM rows").fetchone() or (0,)
        return spent(count)


def in_polars(source: Path, folder: Path) -> dict[str, Any]:
    """Polars: the same as DuckDB, by its SQL where it has it."""
    import polars as pl

    contract = contract_of(source)
    raw = pl.read_csv(
        source,
        separator=contract.format.delimiter,
        infer_schema=False,
        null_values=["NA"],
        row_index_name="n",
    )
    kinds = {"int": pl.Int32, "bigint": pl.Int64, "double": pl.Float64, "date": pl.Date, "string": pl.String}
    typed = []
    for column in contract.columns:
        value = pl.col(column.name)
        if column.type == "timestamp":
            value = value.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False)
        elif column.type.startswith("decimal"):
            value = value.cast(pl.Decimal(15, 2), strict=False)
        elif column.type == "date":
            value = value.str.to_date("%Y-%m-%d", strict=False)
        elif column.type != "string":
            value = value.cast(kinds[column.type], strict=False)
        typed.append(value)
    faulty = pl.lit(False)
    for column in contract.columns:
        value = pl.col(column.name)
        faulty |= value.is_null() if not column.nullable else pl.lit(False)
        if column.least is not None:
            faulty |= value < _literal(column.least.value)
        if column.most is not None:
            faulty |= value > _literal(column.most.value)
        if column.allowed:
            faulty |= ~value.is_in(list(column.allowed))
    rows = raw.with_columns(typed)
    if contract.date.parts:
        rows = rows.with_columns(pl.date(*contract.date.parts).alias(contract.date.name))
    rows = rows.with_columns(faulty.alias("faulty"))
    clean = rows.filter(~pl.col("faulty")).unique(subset=list(contract.key), keep="first")
    for table in contract.references:
        path = source.parent / "reference" / f"{table.name}.csv"
        reference = pl.read_csv(path, infer_schema=False, null_values=["NA"])
        for join in table.joins:
            added = [pl.col(column).alias(name) for name, column in join.adds.items()]
            looked_up = reference.select(pl.col(table.key).alias(join.column), *added)
            how = "left" if join.reason is None else "inner"
            clean = clean.join(looked_up, on=join.column, how=how)
    clean.drop("faulty").write_parquet(str(folder / "curated"), partition_by=contract.date.name)
    rows.filter(pl.col("faulty")).write_parquet(folder / "quarantine.parquet")
    return spent(len(rows))


# Spark's types -> DuckDB's, where they differ.
SQL = {"string": "varchar"}


def _literal(value: Any) -> Any:
    return float(value) if isinstance(value, int) else value


def _conditions(contract: Contract, names: dict[str, str]) -> list[str]:
    found = []
    for column in contract.columns:
        text, kind = names[column.name], SQL.get(column.type, column.type)
        value = f"try_cast({text} AS {kind})"
        found.append(
            f"{value} IS NULL" if not column.nullable else f"({value} IS NULL AND {text} IS NOT NULL)"
        )
        for bound, sign in ((column.least, "<"), (column.most, ">")):
            if bound is not None:
                also = "=" if bound.exclusive else ""
                found.append(f"{value} {sign}{also} try_cast('{bound.value}' AS {kind})")
        if column.allowed:
            values = ", ".join(f"'{each}'" for each in column.allowed)
            found.append(f"{text} NOT IN ({values})")
        if column.length is not None and column.length.most is not None:
            found.append(f"length({text}) > {column.length.most}")
    return found


def _joins(contract: Contract, source: Path) -> tuple[str, str]:
    joins, added = "", ""
    for table in contract.references:
        path = source.parent / "reference" / f"{table.name}.csv"
        for join in table.joins:
            alias = f"{table.name}_{join.column}"
            joins += (
                f" LEFT JOIN read_csv('{path}', all_varchar=true, nullstr='NA') {alias}"
                f" ON rows.{join.column} = {alias}.{table.key}"
            )
            added += "".join(f", {alias}.{column} AS {name}" for name, column in join.adds.items())
    return joins, added


def _required(contract: Contract) -> list[str]:
    return [
        f"{table.name}_{join.column}.{table.key}"
        for table in contract.references
        for join in table.joins
        if join.reason is not None
    ]


def spent(rows: int) -> dict[str, Any]:
    """The rows, and what this process tree has taken."""
    own = psutil.Process()
    times = [part.cpu_times() for part in (own, *own.children(recursive=True))]
    return {"rows": rows, "cpu_s": sum(each.user + each.system for each in times)}


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))))
