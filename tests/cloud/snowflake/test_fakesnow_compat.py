"""What the embedded Snowflake needs of fakesnow beside its documented interface."""

from __future__ import annotations

from types import SimpleNamespace

import fakesnow.transforms
import pytest

from strata.cloud.snowflake import fakesnow_compat


def test_the_installed_fakesnow_has_every_private_name() -> None:
    connection = fakesnow_compat.new_instance().connect()
    lacking = fakesnow_compat.missing(connection)
    assert not lacking, f"this version of fakesnow lacks {', '.join(lacking)}: change fakesnow_compat.py"


def test_what_another_version_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(fakesnow.transforms, "integer_precision")
    cursor = SimpleNamespace(_arrow_table=None, _execute=None, _last_transformed=None, _transform=None)
    connection = SimpleNamespace(
        _duck_conn=None,
        database=None,
        database_set=False,
        schema_set=False,
        results_cache={},
        cursor=lambda: cursor,
    )
    assert fakesnow_compat.missing(connection) == [
        "fakesnow.transforms.integer_precision",
        "FakeSnowflakeConnection._schema",
        "FakeSnowflakeCursor._transform_explode",
    ]
