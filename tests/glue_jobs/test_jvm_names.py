"""Names of the JVM that are asked for once."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession

from glue_jobs import jvm_names

pytestmark = pytest.mark.spark


def test_what_is_remembered_is_not_asked_for_again(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    jvm_names.remember(spark)
    asked = []
    client: Any = spark.sparkContext._gateway._gateway_client  # type: ignore[union-attr]
    send = client.send_command

    def counted(command: str, *more: Any, **options: Any) -> Any:
        asked.append(command.splitlines()[0])
        return send(command, *more, **options)

    monkeypatch.setattr(client, "send_command", counted)
    view: Any = spark._jvm
    found = [view.PythonUtils, view.functions, view.SparkSession, getattr(view, "SparkSession$")]
    assert [one._fqn.rpartition(".")[2] for one in [*found, view.py4j.reflection.TypeUtil]] == [
        "PythonUtils",
        "functions",
        "SparkSession",
        "SparkSession$",
        "TypeUtil",
    ]
    assert asked == []
    # Others are asked for as ever.
    assert view.java.lang.System.currentTimeMillis() > 0
    assert asked != []
