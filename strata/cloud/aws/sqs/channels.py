"""Queues of accounts outside this cloud whose owner, such as Snowflake, reads them in this process."""

from __future__ import annotations

from collections.abc import Callable


class Channels:
    """The queues, by ARN; each has one reader."""

    def __init__(self) -> None:
        self._readers: dict[str, Callable[[str], None]] = {}

    def __contains__(self, arn: str) -> bool:
        return arn in self._readers

    def open(self, arn: str, take: Callable[[str], None]) -> None:
        """Make a queue that hands each message to `take`, which must not wait."""
        self._readers[arn] = take

    def close(self, arn: str) -> None:
        """Remove a queue; a second call does nothing."""
        self._readers.pop(arn, None)

    def send(self, arn: str, message: str) -> None:
        """Hand a message to a queue's reader; a queue that has gone loses it, as in SQS."""
        if (take := self._readers.get(arn)) is not None:
            take(message)
