"""What the functions ask Snowflake, and which numbers they accept."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

SOURCE = Path(__file__).resolve().parents[2] / "lambda_functions" / "snowflake_external_table"
MODULES = ("connection", "refresh", "reconcile")
ENVIRONMENT = {
    "PROCESSED_BUCKET": "processed",
    "SNOWFLAKE_ACCOUNT": "ORG-ACCOUNT",
    "SNOWFLAKE_USER": "STRATA_LOADER_DEV",
    "SNOWFLAKE_ROLE": "STRATA_LOADER_DEV",
    "SNOWFLAKE_WAREHOUSE": "STRATA_DEV",
    "SNOWFLAKE_DATABASE": "STRATA_DEV",
    "SNOWFLAKE_SCHEMA": "CURATED",
}
ID = "a" * 64
VERSION = {"object_id": ID, "etag": "e", "version_id": "v", "sequencer": "01"}
CLEAN: dict[str, Any] = {
    **VERSION,
    "rows_read": 462,
    "rows_clean": 450,
    "rows_quarantined": 10,
    "rows_duplicate": 2,
    "reasons": {"bad_date": 4, "missing_column": 6},
}
CURATE: dict[str, Any] = {
    **VERSION,
    "rows_curated": 450,
    "partitions": ["flight_date=2013-01-02", "flight_date=2013-01-01"],
    "removed": ["flight_date=2012-12-31"],
}


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The modules as Lambda sees them: on top of the path, with the function's environment."""
    monkeypatch.syspath_prepend(str(SOURCE))
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield {name: __import__(name) for name in MODULES}
    for name in MODULES:
        sys.modules.pop(name, None)


def test_numbers_that_agree_are_handed_back(functions: dict[str, Any]) -> None:
    assert functions["reconcile"].reconcile(CLEAN, CURATE, 450, 450) == {
        **VERSION,
        "rows_read": 462,
        "rows_clean": 450,
        "rows_quarantined": 10,
        "rows_duplicate": 2,
        "rows_curated": 450,
        "rows_visible": 450,
        "reasons": {"missing_column": 6, "bad_date": 4},
    }


@pytest.mark.parametrize(
    ("clean", "curate", "visible", "of_version", "message"),
    [
        (
            {"rows_read": 463},
            {},
            450,
            450,
            "rows_read = rows_clean + rows_quarantined + rows_duplicate does not hold: 463 and 462",
        ),
        (
            {"reasons": {"bad_date": 9}},
            {},
            450,
            450,
            "sum of reasons = rows_quarantined does not hold: 9 and 10",
        ),
        ({}, {"rows_curated": 449}, 450, 450, "rows_clean = rows_curated does not hold: 450 and 449"),
        ({}, {}, 449, 449, "rows_curated = rows_visible does not hold: 450 and 449"),
        ({}, {}, 900, 450, "rows_curated = rows_visible does not hold: 450 and 900"),
        ({}, {}, 450, 0, "rows_visible = rows visible of this version does not hold: 450 and 0"),
    ],
)
def test_an_equation_that_does_not_hold_is_named(
    functions: dict[str, Any],
    clean: dict[str, Any],
    curate: dict[str, Any],
    visible: int,
    of_version: int,
    message: str,
) -> None:
    reconcile = functions["reconcile"]
    with pytest.raises(reconcile.ReconciliationError) as caught:
        reconcile.reconcile(CLEAN | clean, CURATE | curate, visible, of_version)
    assert str(caught.value) == message


def test_every_partition_is_refreshed_gone_ones_too(functions: dict[str, Any]) -> None:
    assert functions["refresh"].refresh_statements("flights", CURATE) == [
        f"""ALTER EXTERNAL TABLE "STRATA_DEV"."CURATED"."FLIGHTS" REFRESH 'flight_date={day}/object={ID}/'"""
        for day in ("2012-12-31", "2013-01-01", "2013-01-02")
    ]


@pytest.mark.parametrize(
    ("present", "removed", "statements"), [(200, 0, 200), (150, 50, 200), (200, 1, 1), (2500, 0, 1)]
)
def test_of_thousands_of_partitions_the_table_is_refreshed_as_a_whole(
    functions: dict[str, Any], present: int, removed: int, statements: int
) -> None:
    days = [f"day={1900 + number // 28}-01-{number % 28 + 1:02}" for number in range(present + removed)]
    made = functions["refresh"].refresh_statements(
        "lineitem", CURATE | {"partitions": days[:present], "removed": days[present:]}
    )
    assert len(made) == statements
    whole = """ALTER EXTERNAL TABLE "STRATA_DEV"."CURATED"."LINEITEM" REFRESH"""
    assert (made == [whole]) is (statements == 1)
    assert all(statement.startswith(whole) for statement in made)


@pytest.mark.parametrize("partition", ["flight_date=2013-01-01'; DROP TABLE X; --", "../other", ""])
def test_only_partitions_become_statements(functions: dict[str, Any], partition: str) -> None:
    with pytest.raises(ValueError, match=r"^the report names a partition "):
        functions["refresh"].refresh_statements("flights", CURATE | {"partitions": [partition]})


def put_reports(clean: dict[str, Any], curate: dict[str, Any]) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="processed", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for name, document in (("clean", clean), ("curate", curate)):
        key = f"reports/flights/object={ID}/{name}.json"
        s3.put_object(Bucket="processed", Key=key, Body=json.dumps(document))


@pytest.mark.parametrize("function", ["refresh", "reconcile"])
@pytest.mark.parametrize(
    ("field", "value"), [("etag", "f"), ("version_id", "null"), ("sequencer", "02"), ("version_id", None)]
)
def test_a_report_of_another_version_is_refused(
    functions: dict[str, Any], monkeypatch: pytest.MonkeyPatch, function: str, field: str, value: str | None
) -> None:
    """A redriven execution finds the reports of the version that came after its own."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    event = {**VERSION, "dataset": "flights", "execution": "x"}
    with mock_aws():
        put_reports(CLEAN, CURATE | {field: value})
        with pytest.raises(functions["connection"].OtherVersionError) as caught:
            functions[function].handler(event, None)
    assert str(caught.value) == (
        f"the report curate is of {field} {value}, the execution of {VERSION[field]}"
    )


class Cursor:
    """Records statements; a count is 450, a refresh changes one file."""

    def __init__(self, statements: list[tuple[str, Any]]) -> None:
        self.statements = statements

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, statement: str, values: Any = None) -> None:
        self.statements.append((statement, values))

    def fetchall(self) -> list[tuple[str, ...]]:
        return [("part-0.parquet", "REGISTERED_NEW", "File registered successfully.")]

    def fetchone(self) -> tuple[int, int]:
        return (450, 450)


class Connection:
    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}
        self.statements: list[tuple[str, Any]] = []
        self.closed = 0

    def connect(self, **settings: Any) -> Connection:
        self.settings = settings
        return self

    def cursor(self) -> Cursor:
        return Cursor(self.statements)

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({}, {}),
        (
            {"SNOWFLAKE_HOST": "127.0.0.1", "SNOWFLAKE_PORT": "8443", "SNOWFLAKE_PROTOCOL": "http"},
            {"host": "127.0.0.1", "port": 8443, "protocol": "http"},
        ),
    ],
)
def test_handlers_read_the_reports_and_log_in_as_their_role(
    functions: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    address: dict[str, object],
) -> None:
    connection = Connection()
    monkeypatch.setattr(functions["connection"].snowflake.connector, "connect", connection.connect)
    for name, value in ({"AWS_DEFAULT_REGION": "eu-west-1"} | environment).items():
        monkeypatch.setenv(name, value)
    event = {**VERSION, "dataset": "flights", "execution": "x"}
    with mock_aws():
        put_reports(CLEAN, CURATE)
        refreshed = functions["refresh"].handler(event, None)
        reconciled = functions["reconcile"].handler(event, None)
    assert refreshed == {"object_id": ID, "statements": 3, "files": 3}
    assert reconciled["rows_visible"] == 450
    assert connection.closed == 2
    assert connection.statements[-1] == (
        "SELECT COUNT(*), COUNT(CASE WHEN SEQUENCER = %s THEN 1 END) "
        'FROM "STRATA_DEV"."CURATED"."FLIGHTS" WHERE OBJECT = %s',
        ("01", ID),
    )
    settings = connection.settings
    assert (settings["authenticator"], settings["workload_identity_provider"]) == ("WORKLOAD_IDENTITY", "AWS")
    assert {name: settings.get(name) for name in ("host", "port", "protocol") if name in settings} == address
    assert not {"password", "token", "private_key"} & settings.keys()
