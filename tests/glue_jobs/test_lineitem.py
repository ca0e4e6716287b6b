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


@pytest.fixture
def lineitem(buckets: Buckets, root: Path) -> Buckets:
    buckets.contract = odcs.from_document(
        yaml.safe_load((root / "docs/examples/lineitem.odcs.yaml").read_text())
    )
    return buckets


def put(buckets: Buckets, table: list[str]) -> str:
    """Put lines of the generator, which writes no header, and a delimiter at the end of each line."""
    assert buckets.contract is not None
    lines = ["|".join(buckets.contract.header), *(line.removesuffix("|") for line in table)]
    buckets.put("lineitem/x.tbl", "\n".join(lines) + "\n")
    return "lineitem/x.tbl"


def test_every_line_is_clean(lineitem: Buckets, table: list[str]) -> None:
    report = lineitem.run("clean", put(lineitem, table))
    assert report["rows_read"] == report["rows_clean"] == len(table) == 6_005
    assert report["dates"] == sorted({line.split("|")[10] for line in table})


def test_lines_come_with_their_decimals_and_dates(lineitem: Buckets, table: list[str]) -> None:
    # Spark writes a folder for each date: of seven years, that takes a minute.
    chosen = [line for line in table if "1996-01-01" <= line.split("|")[10] <= "1996-01-31"]
    report, curated = lineitem.run_both(put(lineitem, chosen))
    assert report["rows_clean"] == curated["rows_curated"] == len(chosen) == 70
    rows = [line.split("|") for line in chosen]
    assert len(curated["partitions"]) == len({row[10] for row in rows})
    folder = lineitem.processed / "curated/lineitem"
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
