"""The names that clients take from an environment's outputs."""

from __future__ import annotations

from typing import Any

import pytest

from strata.errors import StrataError
from strata.platform.names import Platform


def outputs(*tables: str) -> dict[str, dict[str, Any]]:
    """The outputs of an environment with these external tables."""
    external = {}
    for name in tables:
        database, schema, table = name.split(".")
        external[name] = {"database": database, "schema": schema, "table": table, "view": f"{table}_CURRENT"}
    return {
        "s3": {"bucket_names": {"raw": "r", "processed": "p"}},
        "snowflake": {
            "external_tables": external,
            "roles": {"READER": "READER"},
            "warehouses": {"MAIN": "MAIN"},
        },
        "stepfunctions": {"state_machine_arn": "arn:machine"},
    }


def test_the_flights_are_found_beside_another_table() -> None:
    platform = Platform.from_outputs(outputs("LAKE.CURATED.AIRPORTS", "LAKE.CURATED.FLIGHTS"))
    assert (platform.database, platform.schema) == ("LAKE", "CURATED")
    assert (platform.external_table, platform.current_view) == ("FLIGHTS", "FLIGHTS_CURRENT")


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ([], "0 external tables are called FLIGHTS, of none"),
        (["A.B.X", "A.B.C"], "0 external tables are called FLIGHTS, of A.B.C, A.B.X"),
        (["A.B.FLIGHTS", "A.C.FLIGHTS"], "2 external tables are called FLIGHTS, of A.B.FLIGHTS, A.C.FLIGHTS"),
    ],
)
def test_without_one_table_of_the_name_all_are_listed(tables: list[str], message: str) -> None:
    with pytest.raises(StrataError) as caught:
        Platform.from_outputs(outputs(*tables))
    assert caught.value.message == message


@pytest.mark.parametrize("component", ["s3", "snowflake", "stepfunctions"])
def test_an_environment_that_is_not_wholly_applied(component: str) -> None:
    applied = outputs("LAKE.CURATED.FLIGHTS")
    del applied[component]
    with pytest.raises(StrataError, match=f"the environment is not wholly applied: '{component}' is missing"):
        Platform.from_outputs(applied)
