"""Refresh of external tables by the notifications of their buckets, as AUTO_REFRESH = TRUE asks for.

Rules: Snowflake, "Refreshing external tables automatically for Amazon S3". A bucket sends its events to
a queue of Snowflake's, whose ARN SHOW EXTERNAL TABLES tells; an account has one queue for each region.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from strata.cloud.snowflake.catalog import ExternalTable, now
from strata.cloud.snowflake.errors import SqlError
from strata.cloud.snowflake.external_files import place_of, register, unregister
from strata.cloud.snowflake.session import SnowflakeAccount

_log = logging.getLogger(__name__)


class NotificationReader:
    """Takes the messages of an account's queue, one after the other.

    Args:
        account: the account whose tables are refreshed.
    """

    def __init__(self, account: SnowflakeAccount) -> None:
        self._account = account
        self._messages: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="snowflake-notifications", daemon=True)
        self._thread.start()

    def take(self, message: str) -> None:
        """Take a message into the queue, without waiting."""
        self._messages.put(message)

    def stop(self) -> None:
        """End when the messages before this call have been read."""
        self._messages.put(None)
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while (message := self._messages.get()) is not None:
            for bucket, key in _objects(message):
                refresh(self._account, bucket, key)


def refresh(account: SnowflakeAccount, bucket: str, key: str) -> None:
    """Register an object that is there with the tables that refresh themselves; else take it out of them.

    Events come in any order: what is in the bucket now counts, seen with the role of each table's
    integration. A table whose files cannot be asked for stays as it is, until it is refreshed.
    """
    with account.lock:
        tables = [found for _, _, found in account.catalog.walk() if isinstance(found, ExternalTable)]
    for table in tables:
        try:
            _refresh(account, table, bucket, key)
        except SqlError as error:
            _log.warning(
                "external table %s is not refreshed for s3://%s/%s: %s", table.name, bucket, key, error
            )


def _refresh(account: SnowflakeAccount, table: ExternalTable, bucket: str, key: str) -> None:
    if not table.auto_refresh:
        return
    with account.lock:
        place = place_of(account.catalog, table)
    if place.bucket != bucket or not place.holds(table, key):
        return
    listed = account.storage.open(place.integration, bucket).objects(key)
    stored = next((found for found in listed if found.key == key), None)
    with account.lock:
        if stored is None:
            unregister(table, key)
        else:
            register(table, stored)
        table.last_refreshed_on = now()


def _objects(message: str) -> Iterator[tuple[str, str]]:
    """Yield bucket and key of each object that a message of S3 tells of.

    Rules: Amazon S3 User Guide, "Event message structure"; a key is encoded as in a form.
    """
    try:
        body: Any = json.loads(message)
    except ValueError:
        return
    for record in body.get("Records") or () if isinstance(body, dict) else ():
        if str(record.get("eventName")).startswith(("ObjectCreated:", "ObjectRemoved:")):
            yield record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
