"""The embedded AWS: moto's own WSGI app in this process, extended service by service."""

from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.gateway.server import AwsServer

__all__ = ["AwsServer", "CloudContext"]
