"""The whole server, with Spark and functions."""

from tests.cloud.aws.whole_server import cloud, warm_processes  # noqa: F401  (fixtures)
