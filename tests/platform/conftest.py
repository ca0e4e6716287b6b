"""The embedded AWS of its own tests."""

from tests.cloud.aws.conftest import aws, context  # noqa: F401  (fixtures)
