"""Which backends the built-in runner keeps states in."""

from __future__ import annotations

from typing import Any

import pytest

from strata.errors import StrataError
from strata.live.remote_state import s3_config

WHOLE = {"bucket": "states", "key": "live/dev/a/terraform.tfstate", "region": "eu-west-1"}


def test_the_configuration_of_an_s3_backend() -> None:
    assert s3_config({"backend": "s3", "config": WHOLE}) == WHOLE


@pytest.mark.parametrize(
    ("remote_state", "named"),
    [
        ({}, "not set"),
        ({"backend": "gcs", "config": WHOLE}, "gcs"),
        ({"backend": "s3"}, "s3"),
        ({"backend": "s3", "config": None}, "s3"),
        ({"backend": "s3", "config": WHOLE | {"bucket": ""}}, "s3"),
        ({"backend": "s3", "config": {"bucket": "states"}}, "s3"),
    ],
)
def test_another_backend_is_refused(remote_state: dict[str, Any], named: str) -> None:
    with pytest.raises(StrataError, match=f"this unit's backend is {named}"):
        s3_config(remote_state)
