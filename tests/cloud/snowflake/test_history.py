"""What a session keeps of its results."""

from __future__ import annotations

import pyarrow as pa
import pytest

from strata.cloud.snowflake import history
from strata.cloud.snowflake.errors import SqlError
from strata.cloud.snowflake.history import History
from strata.cloud.snowflake.results import ArrowRows

ROWTYPE = [{"name": "N", "type": "fixed", "precision": 38, "scale": 0}]


def kept(*sizes: int) -> History:
    """A history of results of so many numbers of eight bytes."""
    found = History()
    for place, size in enumerate(sizes):
        found.keep(f"q{place}", ArrowRows(pa.table({"N": list(range(size))}), ROWTYPE, 4096))
    return found


@pytest.mark.parametrize(
    ("sizes", "readable"),
    [
        ([50, 50], [True, True]),
        ([50, 50, 50], [False, True, True]),
        # It is not kept at all, and those before it stay.
        ([50, 500], [True, False]),
    ],
)
def test_the_oldest_rows_go_when_all_take_too_much(
    sizes: list[int], readable: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_BYTES", 1_000)
    found = kept(*sizes)
    assert found.ids == [f"q{place}" for place in range(len(sizes))]
    for query_id, is_readable in zip(found.ids, readable, strict=True):
        if is_readable:
            assert found.result(query_id).columns[0][0] == "N"
        else:
            with pytest.raises(SqlError, match="not found"):
                found.result(query_id)


def test_a_session_keeps_its_last_fifty_results() -> None:
    assert kept(*[1] * 60).ids == [f"q{place}" for place in range(10, 60)]
