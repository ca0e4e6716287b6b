"""Which stages a job had, by the store that Spark keeps even without its UI. driver.py runs this file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# Of a job that has more, the last ones are told.
MOST = 100


def stages(first: int, jvm: Any) -> Iterator[dict[str, Any]]:
    """The facts of each stage that Spark ran for the job.

    Args:
        first: the number of the job's first stage in the context.
        jvm: of PySpark.
    """
    from pyspark import SparkContext

    context: Any = SparkContext._active_spark_context
    if context is None:
        # The script has stopped it, and Spark has forgotten its stages.
        return
    spark = context._jsc.sc()
    spark.listenerBus().waitUntilEmpty()
    doubles = context._gateway.new_array(jvm.double, 0)
    found = spark.statusStore().stageList(None, False, False, doubles, None)
    # The newest come first.
    newest = [found.apply(place) for place in range(min(found.size(), MOST))]
    for stage in reversed(newest):
        status = stage.status().toString()
        # Of a skipped one, an earlier stage has left what it would have computed.
        if stage.stageId() < first or status == "SKIPPED":
            continue
        began, ended = stage.submissionTime(), stage.completionTime()
        known = began.isDefined() and ended.isDefined()
        yield {
            "id": stage.stageId() - first,
            # A message that is longer than a pipe's unit may be torn apart.
            "name": stage.name()[:200],
            "status": status,
            "tasks": stage.numTasks(),
            "failed_tasks": stage.numFailedTasks(),
            "seconds": (ended.get().getTime() - began.get().getTime()) / 1000 if known else None,
            "records_read": stage.inputRecords() + stage.shuffleReadRecords(),
            "records_written": stage.outputRecords() + stage.shuffleWriteRecords(),
        }
