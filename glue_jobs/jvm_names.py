"""Names that PySpark asks the JVM for again and again, asked for once.

A name of the JVM's view is tried as a class of ten packages before it is found to be a package, and each try
searches all jars: a fifteenth of the time of a small file.
"""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession

# Those that PySpark 3.5 asks for with most calls.
NAMES = ("PythonUtils", "SparkSession", "SparkSession$", "functions", "py4j.reflection.TypeUtil")


def remember(spark: SparkSession) -> None:
    """Keep each name where Python looks before it asks the JVM."""
    # PySpark types no JVM.
    view: Any = spark._jvm
    for name in NAMES:
        place = view
        for part in name.split("."):
            place.__dict__.setdefault(part, getattr(place, part))
            place = place.__dict__[part]
