"""The keywords of a kind of object."""

from __future__ import annotations

import pytest

from strata.cloud.snowflake.kinds import KINDS, Kind


@pytest.mark.parametrize(
    ("name", "phrases", "plural", "shown_as"),
    [
        ("STAGE", (), "STAGES", ("STAGES",)),
        ("MASKING POLICY", (), "MASKING POLICIES", ("MASKING POLICIES",)),
        ("POLICY", ("ROW ACCESS POLICY", "POLICY"), "POLICIES", ("ROW ACCESS POLICIES", "POLICIES")),
    ],
)
def test_the_plural(name: str, phrases: tuple[str, ...], plural: str, shown_as: tuple[str, ...]) -> None:
    kind = Kind(name=name, container="SCHEMA", collection="x", columns="name", phrases=phrases)
    assert (kind.plural, kind.shown_as) == (plural, shown_as)


def test_the_plurals_that_there_are() -> None:
    assert {kind.plural for kind in KINDS.values()} >= {"FILE FORMATS", "EXTERNAL TABLES", "WAREHOUSES"}
