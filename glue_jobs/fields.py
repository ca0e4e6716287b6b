"""The reader of each input format's fields."""

from __future__ import annotations

from collections.abc import Mapping

from glue_jobs.contract import Contract
from glue_jobs.csv_fields import CsvFields
from glue_jobs.json_fields import BAD_JSON, NOT_A_STRING, JsonFields
from glue_jobs.parquet_fields import ParquetFields
from glue_jobs.text_fields import Fields

# Type of file -> what can be wrong with a row's shape.
SHAPE_REASONS = {
    "csv": ("bad_encoding", "bad_quoting", "extra_column", "missing_column", "wrong_delimiter"),
    "json": ("bad_encoding", BAD_JSON, "extra_column", "missing_column", NOT_A_STRING),
    "parquet": (),
}


def fields(contract: Contract, types: Mapping[str, str]) -> Fields:
    """The reader of a contract's files.

    Args:
        contract: the contract.
        types: of Parquet, the file's columns and their types by Spark's names.
    """
    if contract.format.type == "parquet":
        return ParquetFields(contract, dict(types))
    return (JsonFields if contract.format.type == "json" else CsvFields)(contract)
