"""The program of a Spark process. It runs by its path, with nothing of Strata importable, as a Glue job
would.

Started with one argument, a JSON object: `control` (file descriptor for JSON lines to the parent),
`libraries` (the import path), `folder` (the process's own), `warm_up` (rounds), `region`, `mark` (the line
after which stdout and stderr are the job's). It starts Spark and warms it up, then reads ONE line from
standard input, the job (see `SparkJob` in process.py), runs it and ends.
When standard input ends, the parent is gone: the whole process group is killed, the JVM with it.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from typing import Any

START = time.monotonic()
OPTIONS: dict[str, Any] = json.loads(sys.argv[1])
SPARK_LOG = os.dup(2)
LOST = ("py4j.protocol.Py4JError", "py4j.protocol.Py4JNetworkError", "ConnectionRefusedError")
LOST_SECONDS = 5.0
jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()


def tell(**message: Any) -> None:
    """Send one message to the parent."""
    os.write(OPTIONS["control"], (json.dumps(message) + "\n").encode())


def follow_parent(orders: int) -> None:
    """Take the job from the parent; kill this process group when the parent is gone."""
    with os.fdopen(orders, "rb") as stream:
        for line in stream:
            jobs.put(json.loads(line))
    os.killpg(os.getpgrp(), signal.SIGKILL)


def start_spark() -> Any:
    """Start the JVM and a first session; what the job writes to stderr goes where its stdout goes.

    Glue does the same: Spark's own log in one group, what the script prints in the other.
    """
    from pyspark.sql import SparkSession

    session = SparkSession.builder.getOrCreate()
    os.dup2(1, 2)
    return session


def warm_up(spark: Any, rounds: int) -> None:
    """Do what jobs do, on generated rows in a scratch bucket, so that classes are loaded and compiled.

    The bucket is in the runner's own account and is deleted again. A job that is already waiting ends it.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    bucket = f"strata-warm-up-{os.getpid()}-{time.time_ns()}"
    base = f"s3://{bucket}/warm-up"  # S3A does not delete the root of a bucket
    jvm, hadoop = spark._jvm, spark._jsc.hadoopConfiguration()
    root = jvm.org.apache.hadoop.fs.Path(base)
    client = root.getFileSystem(hadoop).getAmazonS3ClientForTesting("warm-up")
    # S3 refuses a location constraint that names us-east-1.
    client.createBucket(bucket, *({OPTIONS["region"]} - {"us-east-1"}))

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
                if not jobs.empty():
                    return
    finally:
        root.getFileSystem(hadoop).delete(root, True)
        client.deleteBucket(bucket)


def prepare(spark: Any, job: dict[str, Any]) -> str:
    """Give the job its files, keys and settings; end the warm-up's context. Returns the script's path.

    The job makes its own SparkContext in the warm JVM, so that nothing of the warm-up is left in it and its
    own settings count. A SparkConf takes the JVM's system properties that begin with `spark.`.
    """
    folder = OPTIONS["folder"]
    properties = dict(job["properties"])
    py_files = []
    for name, content in job["py_files"].items():
        # Spark puts zips on its workers' path, not wheels; a wheel is a zip.
        path = os.path.join(folder, "python", f"{name[:-4]}.zip" if name.endswith(".whl") else name)
        write(path, content)
        py_files.append(path)
        sys.path.insert(0, os.path.dirname(path) if path.endswith(".py") else path)
    if py_files:
        properties["spark.submit.pyFiles"] = ",".join(py_files)
    jvm = spark._jvm
    spark.stop()
    for name, value in properties.items():
        jvm.System.setProperty(name, value)
    os.environ.update(job["environment"])
    script = os.path.join(folder, "script", job["name"])
    write(script, job["script"])
    sys.path.insert(0, os.path.dirname(script))
    sys.argv = [script, *job["arguments"]]
    return script


def mark_output() -> None:
    """Write the line after which the output is the job's; the parent reads both pipes when it can."""
    for stream in (1, SPARK_LOG):
        os.write(stream, f"\n{OPTIONS['mark']}\n".encode())


def write(path: str, content: str) -> None:
    """Write a file of the job, sent as base64."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(base64.b64decode(content))


def run(script: str) -> str | None:
    """Run the script as `__main__`; return None, or what Glue reports as ErrorMessage."""
    import runpy
    import traceback

    # Line by line, or the log of a killed run would lack its last lines, and the order of the two streams.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as exit:
        if exit.code not in (None, 0):
            return f"SystemExit: {exit.code}"
    except BaseException as error:
        # Without the frames of this program and of runpy.
        place = error.__traceback__
        while place is not None and place.tb_frame.f_code.co_filename != script:
            place = place.tb_next
        traceback.print_exception(type(error), error, place or error.__traceback__)
        return "".join(traceback.format_exception_only(error)).strip().split("\n\nJVM stacktrace:")[0]
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return None


def jvm_death(reason: str | None) -> str | None:
    """Return how the JVM ended, if it has: a job without its JVM has failed, whatever its script thinks.

    A script that failed because the JVM no longer answers may be ahead of the JVM's end, which is waited for.
    """
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    code = gateway.proc.poll() if gateway is not None else None
    # A Java exception is a Py4JJavaError; these are of the connection.
    if code is None and gateway is not None and (reason or "").startswith(LOST):
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = gateway.proc.wait(LOST_SECONDS)
    if code is None:
        return None
    return (
        f"the Spark JVM was killed by signal {-code}"
        if code < 0
        else f"the Spark JVM ended with exit code {code}"
    )


def main() -> None:
    """Start, warm up, wait, run."""
    orders = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    threading.Thread(target=follow_parent, args=(orders,), daemon=True).start()
    sys.path[:0] = OPTIONS["libraries"]
    spark = start_spark()
    tell(state="started", seconds=round(time.monotonic() - START, 3))
    if OPTIONS["warm_up"]:
        try:
            warm_up(spark, OPTIONS["warm_up"])
        except Exception as error:
            # A job can still run, only slower; the parent reports it.
            tell(state="cold", error=f"{type(error).__name__}: {error}")
    tell(state="ready", seconds=round(time.monotonic() - START, 3))
    script = prepare(spark, jobs.get())
    del spark
    mark_output()
    tell(state="running")
    reason = run(script)
    death = jvm_death(reason)
    if death:
        reason = f"{death}: {reason}" if reason else death
    tell(state="finished", error=reason)
    os._exit(0)


if __name__ == "__main__":
    main()
