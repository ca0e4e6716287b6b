"""Frames as they are written: what is counted meanwhile, and how their files come to their place."""

from __future__ import annotations

import json
from typing import Any

from pyspark.sql import DataFrame, DataFrameWriter, Observation
from pyspark.sql import functions as F


def observed(frame: DataFrame, **aggregates: str) -> tuple[Observation, DataFrame]:
    """The frame with SQL aggregates over it, which the observation holds once the frame was written."""
    observation = Observation()
    values = ", ".join(f"'{name}', {aggregate}" for name, aggregate in aggregates.items())
    return observation, frame.observe(observation, F.expr(f"to_json(named_struct({values})) AS json"))


def values(observation: Observation) -> dict[str, Any]:
    """The aggregates by name; as JSON, because an observation hands over no lists."""
    found: dict[str, Any] = json.loads(observation.get["json"])
    return found


def distinct(column: str) -> str:
    """Aggregate: the distinct values in order."""
    return f"sort_array(collect_set(CAST(`{column}` AS string)))"


def writer(frame: DataFrame, *, flat: bool = True) -> DataFrameWriter:
    """A writer that leaves data files only; a report, not `_SUCCESS`, says that a job has finished.

    Args:
        frame: the rows.
        flat: whether they are written without partitions.
    """
    # On S3 a move is a copy. The committer's second algorithm makes one of each file, but of each folder
    # several; its first moves folders as a whole.
    settings = {"marksuccessfuljobs": "false", "algorithm.version": "2" if flat else "1"}
    options = {f"mapreduce.fileoutputcommitter.{name}": value for name, value in settings.items()}
    return frame.write.options(**options)
