"""What a Spark process does before its first job. driver.py runs this file by its path."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any


def warm_up(spark: Any, rounds: int, region: str, waits: Callable[[], bool]) -> None:
    """Do what jobs do, on generated rows in a scratch bucket, so that classes are loaded and compiled.

    The bucket is in the runner's own account and is deleted again.

    Args:
        spark: the session.
        rounds: how often to do them.
        region: the bucket's.
        waits: whether a job waits; it ends the warm-up.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    bucket = f"strata-warm-up-{os.getpid()}-{time.time_ns()}"
    base = f"s3://{bucket}/warm-up"  # S3A does not delete the root of a bucket
    jvm, hadoop = spark._jvm, spark._jsc.hadoopConfiguration()
    root = jvm.org.apache.hadoop.fs.Path(base)
    client = root.getFileSystem(hadoop).getAmazonS3ClientForTesting("warm-up")
    # S3 refuses a location constraint that names us-east-1.
    client.createBucket(bucket, *({region} - {"us-east-1"}))

    def steps() -> Any:
        numbers = spark.range(2000).withColumn(
            "text", f.concat(f.lit("row "), "id", f.lit(",7.5,2013-01-01"))
        )
        numbers.select("text").write.mode("overwrite").text(f"{base}/text")
        yield
        names = spark.range(50).select(
            f.col("id").cast("string").alias("code"), f.lit("a name").alias("name")
        )
        names.write.mode("overwrite").option("header", True).csv(f"{base}/names")
        yield
        lines = spark.read.text(f"{base}/text").withColumn("source", f.input_file_name())
        lines.filter(~f.col("value").startswith("row 1")).count()
        reader = spark.read.schema("label string, amount double, day date, broken string")
        read = reader.option("columnNameOfCorruptRecord", "broken").csv(f"{base}/text")
        read = read.withColumn("code", f.regexp_extract("label", r"(\d+)$", 1).cast("int") % 50).cache()
        read.filter("broken is not null").write.mode("overwrite").json(f"{base}/bad")
        yield
        newest = Window.partitionBy("label").orderBy(f.desc("amount"))
        kept = read.withColumn("n", f.row_number().over(newest)).filter("n = 1").dropDuplicates(["label"])
        kept.write.mode("overwrite").parquet(f"{base}/clean")
        read.unpersist()
        yield
        clean = spark.read.parquet(f"{base}/clean")
        reference = spark.read.option("header", True).csv(f"{base}/names")
        joined = clean.join(f.broadcast(reference), clean.code.cast("string") == reference.code, "left")
        joined = joined.select("label", "amount", "name", f.col("day").alias("d"), f.lit("x").alias("o"))
        joined.repartition("d", "o").write.mode("overwrite").partitionBy("d", "o").parquet(f"{base}/curated")
        yield
        spark.read.parquet(f"{base}/curated").groupBy("d").agg(f.sum("amount"), f.count("*")).collect()

    try:
        for _ in range(rounds):
            for _ in steps():
                if waits():
                    return
    finally:
        root.getFileSystem(hadoop).delete(root, True)
        client.deleteBucket(bucket)
