"""The embedded AWS of its own tests, and a cloud of this folder's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from strata.cloud.endpoints import Endpoints
from strata.testing.cloud import embedded_cloud
from tests.cloud.aws.conftest import aws, context  # noqa: F401  (fixtures)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """A cloud that other tests leave alone: these load what it held before."""
    with embedded_cloud(tmp_path_factory.mktemp("cloud")) as endpoints:
        yield endpoints
