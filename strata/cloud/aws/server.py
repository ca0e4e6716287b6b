"""The AWS server: moto's WSGI app on a loopback port, with Strata's extensions installed."""

from __future__ import annotations

from strata.cloud.aws.context import CloudContext


class AwsServer:
    """Serves the embedded AWS of one cloud."""

    def __init__(self, context: CloudContext) -> None:
        self.context = context

    def start(self) -> str:
        """Start to serve; return the URL, which is also put into the context."""
        raise NotImplementedError

    def stop(self) -> None:
        """Stop to serve and undo the extensions."""
