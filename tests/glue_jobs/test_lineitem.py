"""TPC-H's lineitem, made by the generator of the benchmark, is a data set by one file: its contract."""

from __future__ import annotations

import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml

from glue_jobs import odcs

from .conftest import Buckets

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Lines of TPC-H at scale 0.001, as the generator writes them."""
    tool = shutil.which("tpchgen-cli", path=str(Path(sys.executable).parent))
    if tool is None:
        pytest.skip("missing tool: tpchgen-cli")
    folder = tmp_path_factory.mktemp("tpch")
    command = [tool, "--scale-factor", "0.001", "--tables", "lineitem", "--output-dir", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return (folder / "lineitem.tbl").read_text().splitlines()


def test_every_line_comes_with_its_decimals_and_dates(buckets: Buckets, root: Path, table: list[str]) -> None:
    contract = odcs.from_document(yaml.safe_load((root / "docs/examples/lineitem.odcs.yaml").read_text()))
    buckets.contract = contract
    # The generator writes no header, and a delimiter at the end of each line.
    text = "\n".join(["|".join(contract.header), *(line.removesuffix("|") for line in table)]) + "\n"
    buckets.put("lineitem/x.tbl", text)
    report, curated = buckets.run_both("lineitem/x.tbl")
    assert report["rows_read"] == report["rows_clean"] == curated["rows_curated"] == len(table)
    rows = [line.split("|") for line in table]
    assert len(curated["partitions"]) == len({row[10] for row in rows})
    folder = buckets.processed / "curated/lineitem"
    with duckdb.connect() as db:
        found = db.execute(
            "SELECT sum(l_extendedprice), sum(l_extendedprice * (1 - l_discount)), min(l_shipdate)::text, max(l_receiptdate)::text"
            f" FROM read_parquet('{folder}/**/*.parquet', hive_partitioning = true)"
        ).fetchone()
    priced = [(Decimal(row[5]), Decimal(row[6])) for row in rows]
    assert found == (
        sum(price for price, _ in priced),
        sum(price * (1 - discount) for price, discount in priced),
        min(row[10] for row in rows),
        max(row[12] for row in rows),
    )
