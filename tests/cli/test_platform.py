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
    assert platform.table("flights").sql == '"LAKE"."CURATED"."FLIGHTS"'


@pytest.mark.parametrize(
    ("tables", "place"),
    [
        ([], (None, None)),
        (["A.B.X"], ("A", "B")),
        (["A.B.X", "A.C.X"], ("A", None)),
        (["A.B.X", "C.B.X"], (None, None)),
    ],
)
def test_a_session_uses_the_place_of_all_tables(
    tables: list[str], place: tuple[str | None, str | None]
) -> None:
    platform = Platform.from_outputs(outputs(*tables))
    assert (platform.database, platform.schema) == place


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ([], "0 external tables are called FLIGHTS, of none"),
        (["A.B.X", "A.B.C"], "0 external tables are called FLIGHTS, of A.B.C, A.B.X"),
        (["A.B.FLIGHTS", "A.C.FLIGHTS"], "2 external tables are called FLIGHTS, of A.B.FLIGHTS, A.C.FLIGHTS"),
    ],
)
def test_without_one_table_of_the_name_all_are_listed(tables: list[str], message: str) -> None:
    platform = Platform.from_outputs(outputs(*tables))
    with pytest.raises(StrataError) as caught:
        platform.table("flights")
    assert caught.value.message == message


@pytest.mark.parametrize("component", ["s3", "snowflake", "stepfunctions"])
def test_an_environment_that_is_not_wholly_applied(component: str) -> None:
    applied = outputs("LAKE.CURATED.FLIGHTS")
    del applied[component]
    with pytest.raises(
        StrataError, match=f"the environment is not completely applied: '{component}' is missing"
    ):
        Platform.from_outputs(applied)
