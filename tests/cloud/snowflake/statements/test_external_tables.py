"""Rows appear only after DDL and refresh, and are read from the bucket with the integration's rights."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal

import pytest
from snowflake.connector.errors import ProgrammingError

from strata.cloud.snowflake.server import SnowflakeServer

from ..conftest import EXTERNAL_ID, ROLE, Lake, Snow, flight

COUNT = "SELECT COUNT(*) FROM FLIGHTS"
FIRST = "flight_date=2013-01-01/object=aaa/part-0.parquet"
SECOND = "flight_date=2013-01-02/object=bbb/part-0.parquet"


def test_rows_appear_after_a_refresh_and_stay_until_the_next(flights: Snow, lake: Lake) -> None:
    key = lake.put(FIRST, [flight("UA", 1), flight("AA", 2)])
    assert flights.one(COUNT) == 0
    registered = [(key, "REGISTERED_NEW", "File registered successfully.")]
    assert flights.rows("ALTER EXTERNAL TABLE FLIGHTS REFRESH") == registered
    assert flights.one(COUNT) == 2
    lake.put(SECOND, [flight("B6", 3)])
    assert flights.one(COUNT) == 2
    flights.rows("ALTER EXTERNAL TABLE FLIGHTS REFRESH")
    assert flights.one(COUNT) == 3


def test_a_refresh_of_a_path_sees_that_path_only(flights: Snow, lake: Lake) -> None:
    first, second = lake.put(FIRST, [flight("UA", 1)]), lake.put(SECOND, [flight("B6", 3)])
    refresh = "ALTER EXTERNAL TABLE FLIGHTS REFRESH 'flight_date=2013-01-02/object=bbb'"
    assert [row[0] for row in flights.rows(refresh)] == [second]
    assert flights.one(COUNT) == 1
    flights.rows("ALTER EXTERNAL TABLE FLIGHTS REFRESH")
    lake.delete(FIRST)
    lake.delete(SECOND)
    assert flights.rows(refresh) == [(second, "UNREGISTERED", "File unregistered successfully.")]
    assert [row[0] for row in flights.rows("ALTER EXTERNAL TABLE FLIGHTS REFRESH")] == [first]


def test_a_changed_file_is_registered_again_and_an_unchanged_one_is_not(flights: Snow, lake: Lake) -> None:
    key = lake.put(FIRST, [flight("UA", 1)])
    flights.rows("ALTER EXTERNAL TABLE FLIGHTS REFRESH")
    assert flights.rows("ALTER EXTERNAL TABLE FLIGHTS REFRESH") == []
    lake.put(FIRST, [flight("UA", 1), flight("UA", 2)])
    rows = flights.rows("ALTER EXTERNAL TABLE FLIGHTS REFRESH")
    assert rows == [(key, "REGISTERED_UPDATE", "File registered successfully.")]
    assert flights.one(COUNT) == 2


def test_values_are_typed_and_exact(flights: Snow, lake: Lake) -> None:
    lake.put(FIRST, [flight("UA", n, delay=1.5, fare="0.10") for n in range(1000)])
    flights.rows("ALTER EXTERNAL TABLE FLIGHTS REFRESH")
    (row,) = flights.rows(
        "SELECT SUM(FARE), SUM(FLIGHT), AVG(ARR_DELAY), MIN(FLIGHT_DATE), MAX(OBJECT), MAX(CARRIER) "
        "FROM FLIGHTS"
    )
    assert row == (Decimal("100.00"), 499500, 1.5, datetime.date(2013, 1, 1), "aaa", "UA")
    assert isinstance(row[0], Decimal)


def test_the_object_of_a_row_and_the_path_of_its_file(flights: Snow, lake: Lake) -> None:
    key = lake.put(FIRST, [flight("UA", 7, delay=None)])
    flights.rows("ALTER EXTERNAL TABLE FLIGHTS REFRESH")
    (row,) = flights.rows(
        "SELECT VALUE, VALUE:flight::NUMBER(38,0), VALUE['carrier']::VARCHAR, METADATA$FILENAME, "
        "METADATA$FILE_ROW_NUMBER FROM FLIGHTS"
    )
    assert json.loads(row[0])["carrier"] == "UA"
    assert json.loads(row[0])["arr_delay"] is None
    assert row[1:] == (7, "UA", key, 1)
    columns = [
        column[0] for column in flights.connection.cursor().execute("SELECT * FROM FLIGHTS").description
    ]
    assert columns[:2] == ["VALUE", "CARRIER"]
    assert len(columns) == 8


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("OBJECT = 'aaa'", 2),
        ("FLIGHT_DATE = '2013-01-02'", 1),
        ("FLIGHT_DATE BETWEEN '2013-01-01' AND '2013-01-02' AND CARRIER = 'UA'", 2),
        ("OBJECT IN ('aaa', 'bbb')", 3),
        ("F.OBJECT = 'bbb' OR F.OBJECT = 'none'", 1),
        ("METADATA$FILENAME LIKE '%object=aaa%'", 2),
        ("OBJECT = 'none'", 0),
        ("OBJECT LIKE 'a%' AND FLIGHT > 1", 1),
    ],
)
def test_conditions_on_partitions_read_the_right_files(
    flights: Snow, lake: Lake, condition: str, count: int
) -> None:
    lake.put(FIRST, [flight("UA", 1), flight("AA", 2)])
    lake.put(SECOND, [flight("UA", 3)])
    flights.rows("ALTER EXTERNAL TABLE FLIGHTS REFRESH")
    assert flights.one(f"SELECT COUNT(*) FROM FLIGHTS F WHERE {condition}") == count


def test_a_condition_on_a_partition_leaves_other_files_unread(
    flights: Snow, lake: Lake, server: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from strata.cloud.snowflake.storage import Bucket

    read: list[str] = []
    real = Bucket.read

    def spy(self: Bucket, objects: list, convert: None) -> list:
        read.extend(stored.key for stored in objects)
        return real(self, objects, convert)

    monkeypatch.setattr(Bucket, "read", spy)
    keys = [lake.put(FIRST, [flight("UA", 1)]), lake.put(SECOND, [flight("UA", 3)])]
    flights.rows("ALTER EXTERNAL TABLE FLIGHTS REFRESH")
    flights.one("SELECT COUNT(*) FROM FLIGHTS WHERE OBJECT = 'bbb'")
    assert read == keys[1:]


def test_a_file_that_cannot_be_read_is_skipped(flights: Snow, lake: Lake) -> None:
    lake.put(FIRST, [flight("UA", 1)])
    lake.put(SECOND, body=b"not Parquet")
    lake.put("flight_date=2013-01-03/object=ccc/_SUCCESS", body=b"")
    assert len(flights.rows("ALTER EXTERNAL TABLE FLIGHTS REFRESH")) == 3
    assert flights.one(COUNT) == 1
    lake.delete(FIRST)
    assert flights.one(COUNT) == 0


def test_the_view_shows_the_newest_row_of_each_key(flights: Snow, lake: Lake) -> None:
    lake.put(
        FIRST, [flight("UA", 1, fare="1.00", sequencer="01"), flight("AA", 2, fare="2.00", sequencer="01")]
    )
    lake.put(SECOND, [flight("UA", 1, fare="5.00", sequencer="02")])
    flights.rows("ALTER EXTERNAL TABLE FLIGHTS REFRESH")
    flights.rows(
        'CREATE OR REPLACE VIEW "STRATA_DEV"."CURATED"."FLIGHTS_CURRENT" AS SELECT * FROM FLIGHTS QUALIFY '
        "ROW_NUMBER() OVER (PARTITION BY CARRIER, FLIGHT ORDER BY SEQUENCER DESC) = 1"
    )
    flights.rows("USE SCHEMA STRATA_DEV.PUBLIC")
    rows = flights.rows("SELECT CARRIER, FARE FROM STRATA_DEV.CURATED.FLIGHTS_CURRENT ORDER BY CARRIER")
    assert rows == [("AA", Decimal("2.00")), ("UA", Decimal("5.00"))]


def test_joins_and_subqueries_over_the_table(flights: Snow, lake: Lake) -> None:
    lake.put(FIRST, [flight("UA", 1), flight("AA", 2)])
    flights.rows("ALTER EXTERNAL TABLE FLIGHTS REFRESH")
    flights.script(
        "CREATE TABLE AIRLINES (CODE VARCHAR, NAME VARCHAR); INSERT INTO AIRLINES VALUES ('UA', 'United')"
    )
    assert flights.rows(
        "WITH F AS (SELECT * FROM FLIGHTS WHERE OBJECT = 'aaa') SELECT F.CARRIER, A.NAME FROM F "
        "LEFT JOIN AIRLINES A ON A.CODE = F.CARRIER ORDER BY 1"
    ) == [("AA", None), ("UA", "United")]
    assert flights.one(f"SELECT COUNT(*) FROM FLIGHTS WHERE FLIGHT < ({COUNT})") == 1


def test_what_the_role_is_asked_for(flights: Snow, lake: Lake) -> None:
    flights.one(COUNT)
    (described,) = [
        row["property_value"]
        for row in flights.records("DESC INTEGRATION STRATA_S3_DEV")
        if row["property"] == "STORAGE_AWS_IAM_USER_ARN"
    ]
    assert lake.assumed[-1] == {
        "role_arn": ROLE,
        "principal_arn": described,
        "external_id": EXTERNAL_ID,
        "session_name": "snowflake",
        "reuse": True,
    }


INTEGRATION_ENDS = [
    (
        "DROP INTEGRATION STRATA_S3_DEV",
        "Integration STRATA_S3_DEV associated with the stage PROCESSED cannot be found",
    ),
    ("ALTER STORAGE INTEGRATION STRATA_S3_DEV SET ENABLED = FALSE", "disabled"),
    (
        "ALTER STORAGE INTEGRATION STRATA_S3_DEV SET STORAGE_AWS_EXTERNAL_ID = 'another'",
        "Error assuming AWS_ROLE",
    ),
    (
        "ALTER STORAGE INTEGRATION STRATA_S3_DEV SET STORAGE_ALLOWED_LOCATIONS = ('s3://other-bucket/x/')",
        "is not allowed by integration 'STRATA_S3_DEV'",
    ),
    (
        "CREATE OR REPLACE STORAGE INTEGRATION STRATA_S3_DEV TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' "
        f"ENABLED = TRUE STORAGE_AWS_ROLE_ARN = '{ROLE}' STORAGE_AWS_EXTERNAL_ID = '{EXTERNAL_ID}' "
        "STORAGE_ALLOWED_LOCATIONS = ('*')",
        "cannot be found",
    ),
]


@pytest.mark.parametrize(("change", "message"), INTEGRATION_ENDS)
def test_without_its_integration_the_table_is_not_read(
    flights: Snow, lake: Lake, change: str, message: str
) -> None:
    lake.put(FIRST, [flight("UA", 1)])
    flights.rows("ALTER EXTERNAL TABLE FLIGHTS REFRESH")
    assert flights.one(COUNT) == 1
    flights.rows(change)
    for statement in (COUNT, "ALTER EXTERNAL TABLE FLIGHTS REFRESH"):
        with pytest.raises(ProgrammingError, match=message):
            flights.rows(statement)


def test_a_replaced_integration_serves_again_once_the_stage_is_bound_to_it(flights: Snow, lake: Lake) -> None:
    flights.rows(INTEGRATION_ENDS[-1][0])
    flights.rows("ALTER STAGE PROCESSED SET STORAGE_INTEGRATION = STRATA_S3_DEV")
    assert flights.one(COUNT) == 0


def test_a_role_that_stops_to_trust_fails_the_query(flights: Snow, lake: Lake) -> None:
    lake.trusted_external_id = "changed"
    with pytest.raises(ProgrammingError, match="Error assuming AWS_ROLE"):
        flights.rows(COUNT)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DROP STAGE PROCESSED", "external tables depend on it"),
        (
            "CREATE OR REPLACE STAGE PROCESSED URL = 's3://{b}/curated/' STORAGE_INTEGRATION = STRATA_S3_DEV",
            "depend",
        ),
        (
            "CREATE STAGE S URL = 's3://{b}/raw/' STORAGE_INTEGRATION = STRATA_S3_DEV",
            "not allowed by integration",
        ),
        ("CREATE STAGE S URL = 's3://{b}/curated2/' STORAGE_INTEGRATION = STRATA_S3_DEV", "not allowed"),
        (
            "CREATE STAGE S URL = 's3://{b}/curated/' STORAGE_INTEGRATION = NONE_SUCH",
            "'NONE_SUCH' does not exist",
        ),
        ("CREATE STAGE S URL = 'ftp://x/' STORAGE_INTEGRATION = STRATA_S3_DEV", "invalid URL prefix"),
        ("CREATE STAGE S", "internal stage"),
        (
            "CREATE EXTERNAL TABLE T (A INT AS (OTHER:a)) LOCATION = @PROCESSED AUTO_REFRESH = FALSE "
            "FILE_FORMAT = (TYPE = PARQUET)",
            "'OTHER'",
        ),
        (
            "CREATE EXTERNAL TABLE T (A INT AS (VALUE:a)) LOCATION = @PROCESSED AUTO_REFRESH = FALSE FILE_FORMAT = (TYPE = AVRO)",
            "TYPE = AVRO",
        ),
        (
            "CREATE EXTERNAL TABLE T LOCATION = @NOWHERE/x AUTO_REFRESH = FALSE FILE_FORMAT = (TYPE = PARQUET)",
            "'STRATA_DEV.CURATED.NOWHERE'",
        ),
        (
            "CREATE EXTERNAL TABLE T (A INT AS (VALUE:a)) PARTITION BY (A) LOCATION = @PROCESSED AUTO_REFRESH = FALSE "
            "FILE_FORMAT = (TYPE = PARQUET)",
            "Invalid partition column 'A'",
        ),
        (
            "CREATE EXTERNAL TABLE T LOCATION = @PROCESSED PARTITION_TYPE = USER_SPECIFIED AUTO_REFRESH = TRUE",
            "AUTO_REFRESH = TRUE is not supported with PARTITION_TYPE = USER_SPECIFIED",
        ),
        (
            "CREATE EXTERNAL TABLE T LOCATION = @PROCESSED PARTITION_TYPE = USER_SPECIFIED AUTO_REFRESH = FALSE",
            "not implemented by the embedded Snowflake: PARTITION_TYPE = USER_SPECIFIED",
        ),
        (
            "CREATE EXTERNAL TABLE T LOCATION = @PROCESSED AWS_SNS_TOPIC = 'arn:aws:sns:eu-west-1:1:t'",
            "not implemented by the embedded Snowflake: AWS_SNS_TOPIC",
        ),
        ("ALTER EXTERNAL TABLE FLIGHTS ADD PARTITION (D = 'x') LOCATION 'y'", "ALTER EXTERNAL TABLE ADD"),
        ("CREATE VIEW V AS SELECT NO_SUCH FROM FLIGHTS", "NO_SUCH"),
        ("INSERT INTO FLIGHTS (CARRIER) VALUES ('x')", "external table 'FLIGHTS'"),
    ],
)
def test_refused(flights: Snow, lake: Lake, statement: str, message: str) -> None:
    with pytest.raises(ProgrammingError, match=message):
        flights.rows(statement.format(b=lake.bucket))


def test_refresh_on_create_lists_the_bucket_at_once(flights: Snow, lake: Lake) -> None:
    lake.put(FIRST, [flight("UA", 1)])
    create = (
        "CREATE OR REPLACE EXTERNAL TABLE FLIGHTS (CARRIER VARCHAR AS (VALUE:carrier::VARCHAR)) "
        "LOCATION = @PROCESSED/flights/ AUTO_REFRESH = FALSE PATTERN = '.*[.]parquet' FILE_FORMAT = (TYPE = PARQUET)"
    )
    lake.put("flight_date=2013-01-01/object=aaa/_SUCCESS", body=b"")
    flights.rows(create)
    assert flights.one(COUNT) == 1
    lake.trusted_external_id = "changed"
    with pytest.raises(ProgrammingError, match="Error assuming AWS_ROLE"):
        flights.rows(create)


def test_a_new_owner_turns_auto_refresh_off(flights: Snow, server: SnowflakeServer) -> None:
    table = server.catalog.get("EXTERNAL TABLE", ("STRATA_DEV", "CURATED", "FLIGHTS"))
    flights.rows("ALTER EXTERNAL TABLE FLIGHTS SET AUTO_REFRESH = TRUE")
    assert table.auto_refresh is True
    flights.script("CREATE ROLE LOADER; GRANT OWNERSHIP ON EXTERNAL TABLE FLIGHTS TO ROLE LOADER")
    (row,) = flights.records("SHOW EXTERNAL TABLES LIKE 'flights'")
    assert row["owner"] == "LOADER"
    assert table.auto_refresh is False
