"""What the real provider sends, and what Snowflake answers: each stopped a plan or an apply of a module."""

from __future__ import annotations

import pytest
from snowflake.connector.errors import ProgrammingError

from ..conftest import Lake, Snow


def test_a_database_is_the_primary_of_no_replica(admin: Snow) -> None:
    admin.rows("CREATE DATABASE D")
    with admin.connection.cursor() as cursor:
        cursor.execute('SHOW REPLICATION DATABASES WITH PRIMARY "STRATA"."LOCAL"."D"')
        assert cursor.fetchall() == []
        assert [column.name for column in cursor.description] == [
            "region_group",
            "snowflake_region",
            "created_on",
            "account_name",
            "name",
            "comment",
            "is_primary",
            "primary",
            "replication_allowed_to_accounts",
            "failover_allowed_to_accounts",
            "organization_name",
            "account_locator",
        ]
        assert cursor.execute("SHOW REPLICATION DATABASES LIKE 'D%'").fetchall() == []


def test_a_users_boolean_properties_are_false_by_default(admin: Snow) -> None:
    admin.rows("CREATE USER U TYPE = SERVICE DISABLED = TRUE")
    found = {row["property"]: row for row in admin.records('DESCRIBE USER "U"')}
    said = {
        name: (found[name]["value"], found[name]["default"]) for name in ("DISABLED", "MUST_CHANGE_PASSWORD")
    }
    assert said == {"DISABLED": ("true", "false"), "MUST_CHANGE_PASSWORD": ("false", "false")}
    assert (found["HAS_WORKLOAD_IDENTITY"]["value"], found["HAS_WORKLOAD_IDENTITY"]["default"]) == (
        "false",
        "false",
    )
    assert (found["EMAIL"]["value"], found["EMAIL"]["default"]) == ("null", "null")


def test_a_warehouse_waits_for_its_new_size(admin: Snow) -> None:
    admin.rows("CREATE WAREHOUSE W WAREHOUSE_SIZE = 'XSMALL'")
    admin.rows(
        "ALTER WAREHOUSE \"W\" SET WAREHOUSE_SIZE='SMALL' WAIT_FOR_COMPLETION = true AUTO_SUSPEND = 120"
    )
    (row,) = admin.records("SHOW WAREHOUSES LIKE 'W'")
    assert (row["size"], row["auto_suspend"]) == ("Small", "120")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE WAREHOUSE V WAIT_FOR_COMPLETION = TRUE",
        "ALTER WAREHOUSE COMPUTE_WH SET WAIT_FOR_COMPLETION = 'soon' WAREHOUSE_SIZE = SMALL",
    ],
)
def test_only_a_change_of_size_waits(admin: Snow, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="WAIT_FOR_COMPLETION"):
        admin.rows(statement)


PARTITIONS = {"S3": "s3", "S3CHINA": "s3china", "S3GOV": "s3gov"}
INTEGRATION = (
    "CREATE STORAGE INTEGRATION I TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = '{provider}' ENABLED = TRUE "
    "STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::111122223333:role/r' STORAGE_ALLOWED_LOCATIONS = ('{location}')"
)


@pytest.mark.parametrize(("provider", "scheme"), PARTITIONS.items())
def test_an_integration_is_of_a_partition(admin: Snow, provider: str, scheme: str) -> None:
    url = f"{scheme}://bucket/curated/"
    admin.rows(INTEGRATION.format(provider=provider, location=url))
    said = {row["property"]: row["property_value"] for row in admin.records("DESC INTEGRATION I")}
    assert (said["STORAGE_PROVIDER"], said["STORAGE_ALLOWED_LOCATIONS"]) == (provider, url)
    admin.script(f"CREATE DATABASE D; CREATE STAGE D.PUBLIC.S URL = '{url}' STORAGE_INTEGRATION = I")
    (stage,) = admin.records("SHOW STAGES IN SCHEMA D.PUBLIC")
    assert stage["url"] == url


@pytest.mark.parametrize(
    ("provider", "location"),
    [
        ("S3", "s3gov://bucket/"),
        ("S3GOV", "s3://bucket/"),
        ("S3CHINA", "s3gov://bucket/"),
        ("S3", "gcs://bucket/"),
    ],
)
def test_a_location_is_in_its_integrations_partition(admin: Snow, provider: str, location: str) -> None:
    with pytest.raises(ProgrammingError, match="invalid URL prefix found"):
        admin.rows(INTEGRATION.format(provider=provider, location=location))
    admin.rows(INTEGRATION.format(provider=provider, location="*"))
    admin.rows("CREATE DATABASE D")
    with pytest.raises(ProgrammingError, match="invalid URL prefix found"):
        admin.rows(f"CREATE STAGE D.PUBLIC.S URL = '{location}' STORAGE_INTEGRATION = I")


def test_another_partition_is_not_read(admin: Snow, lake: Lake) -> None:
    url = f"s3gov://{lake.bucket}/curated/"
    admin.rows(INTEGRATION.format(provider="S3GOV", location=url))
    admin.script(f"CREATE DATABASE D; CREATE STAGE D.PUBLIC.S URL = '{url}' STORAGE_INTEGRATION = I")
    with pytest.raises(ProgrammingError, match="reading STORAGE_PROVIDER = 'S3GOV'"):
        admin.rows("LIST @D.PUBLIC.S")


def test_a_stage_is_of_json(admin: Snow) -> None:
    admin.rows(INTEGRATION.format(provider="S3", location="*"))
    admin.script(
        "CREATE DATABASE D; CREATE STAGE D.PUBLIC.S URL = 's3://bucket/events/' STORAGE_INTEGRATION = I "
        "FILE_FORMAT = (TYPE = JSON COMPRESSION = GZIP STRIP_OUTER_ARRAY = true)"
    )
    said = {row["property"]: row for row in admin.records("DESC STAGE D.PUBLIC.S")}
    assert {name: (said[name]["property_value"], said[name]["property_default"]) for name in JSON} == JSON
    assert {row["parent_property"] for row in said.values() if row["property"] in JSON} == {
        "STAGE_FILE_FORMAT"
    }


# Property of a JSON format -> value and default; from Snowflake's CREATE FILE FORMAT.
JSON = {
    "COMPRESSION": ("GZIP", "AUTO"),
    "STRIP_OUTER_ARRAY": ("true", "false"),
    "DATE_FORMAT": ("AUTO", "AUTO"),
    "TIME_FORMAT": ("AUTO", "AUTO"),
    "TIMESTAMP_FORMAT": ("AUTO", "AUTO"),
    "BINARY_FORMAT": ("HEX", "HEX"),
    "TRIM_SPACE": ("false", "false"),
    "MULTI_LINE": ("true", "true"),
    "NULL_IF": ("[\\N]", "[\\N]"),
    "FILE_EXTENSION": ("", ""),
    "ENABLE_OCTAL": ("false", "false"),
    "ALLOW_DUPLICATE": ("false", "false"),
    "STRIP_NULL_VALUES": ("false", "false"),
    "REPLACE_INVALID_CHARACTERS": ("false", "false"),
    "IGNORE_UTF8_ERRORS": ("false", "false"),
    "SKIP_BYTE_ORDER_MARK": ("true", "true"),
}


def test_an_external_table_over_json_is_made_refreshed_and_read(flights: Snow, lake: Lake) -> None:
    lake.put("clicks/day=2013-01-05/a.json", body=b'{"page": "/"}')
    flights.rows(
        "CREATE EXTERNAL TABLE CLICKS (PAGE VARCHAR AS (VALUE:page::VARCHAR), "
        "DAY DATE AS (SPLIT_PART(SPLIT_PART(METADATA$FILENAME, 'day=', 2), '/', 1)::DATE)) PARTITION BY (DAY) "
        "LOCATION = @STRATA_DEV.CURATED.PROCESSED/flights/clicks/ AUTO_REFRESH = FALSE "
        "FILE_FORMAT = (TYPE = JSON STRIP_OUTER_ARRAY = TRUE)"
    )
    (table,) = flights.records("SHOW EXTERNAL TABLES LIKE 'CLICKS'")
    assert table["file_format_type"] == "JSON"
    key = lake.put("clicks/day=2013-01-06/b.json", body=b'{"page": "/a"}')
    refreshed = flights.rows("ALTER EXTERNAL TABLE CLICKS REFRESH")
    assert [row[:2] for row in refreshed] == [(key, "REGISTERED_NEW")]
    assert flights.rows("SELECT PAGE FROM CLICKS ORDER BY DAY") == [("/",), ("/a",)]


@pytest.mark.parametrize(("kind", "other"), [("PARQUET", "SNAPPY"), ("JSON", "ZSTD")])
def test_no_compression_is_a_word_of_its_own(admin: Snow, kind: str, other: str) -> None:
    def compression() -> str:
        rows = admin.records("DESC FILE FORMAT D.PUBLIC.F")
        return next(row["property_value"] for row in rows if row["property"] == "COMPRESSION")

    admin.script(f"CREATE DATABASE D; CREATE FILE FORMAT D.PUBLIC.F TYPE = {kind} COMPRESSION = NONE")
    assert compression() == "NONE"
    admin.rows(f"ALTER FILE FORMAT D.PUBLIC.F SET COMPRESSION = {other}")
    assert compression() == other
    with pytest.raises(ProgrammingError, match=r"invalid value .ZIP. for parameter 'COMPRESSION'"):
        admin.rows("ALTER FILE FORMAT D.PUBLIC.F SET COMPRESSION = ZIP")
