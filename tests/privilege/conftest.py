"""The embedded AWS of the cloud's own tests."""

from tests.cloud.aws.conftest import aws, context

__all__ = ["aws", "context"]
