"""What a run did, as metrics of CloudWatch: one value for each object, by data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from glue_jobs.storage import Document

# Field of a report -> metric and unit.
METRICS = {
    "rows_read": ("RowsRead", "Count"),
    "rows_clean": ("RowsClean", "Count"),
    "rows_quarantined": ("RowsQuarantined", "Count"),
    "rows_duplicate": ("RowsDuplicate", "Count"),
    "rows_curated": ("RowsCurated", "Count"),
    "seconds": ("JobSeconds", "Seconds"),
}
Publish = Callable[[str, str, Document], None]


@contextmanager
def publisher(namespace: str) -> Iterator[Publish]:
    """Makes the client in the background, while the job works.

    Args:
        namespace: of CloudWatch; empty: nothing is published.

    Yields:
        Publishes the report of a job and its data set. A failure is printed: the rows are there, and an
        alarm that misses the metric says so.
    """
    with ThreadPoolExecutor() as pool:
        client = pool.submit(_client) if namespace else None

        def publish(job: str, dataset: str, report: Document) -> None:
            if client is None:
                return
            from botocore.exceptions import BotoCoreError, ClientError

            try:
                client.result().put_metric_data(Namespace=namespace, MetricData=data(job, dataset, report))
            except (ClientError, BotoCoreError) as error:
                print(f"the metrics of {job} {dataset} are not published: {error}")

        yield publish


def data(job: str, dataset: str, report: Document) -> list[dict[str, Any]]:
    """The metrics of a report; how long a run took is told by job as well."""
    found = []
    for field, (name, unit) in METRICS.items():
        if field not in report:
            continue
        dimensions = {"DataSet": dataset, "Job": job} if field == "seconds" else {"DataSet": dataset}
        found.append(
            {
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
                "Value": report[field],
                "Unit": unit,
            }
        )
    return found


def _client() -> Any:
    # As slow as several requests, and not needed where nothing is published.
    import boto3

    return boto3.client("cloudwatch")
