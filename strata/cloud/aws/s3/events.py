"""S3: events as EventBridge gets them, the bucket's EventBridge flag, and checksums.

moto answers GetBucketNotificationConfiguration without the EventBridge flag, sends S3 events to every bus
with one constant sequencer, encodes the slashes of keys in messages, looks for queues in the bucket's
account only, reports an upload in parts twice and of deletions only that of a last version, does not verify
checksums, copies whatever the condition on the source's ETag, and lists versions of the same millisecond
the oldest first.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from typing import Any
from urllib.parse import quote_plus

from flask import has_request_context, request
from moto.core.compat import HAS_CRT
from moto.core.responses import ActionResult, EmptyResult
from moto.s3.exceptions import PreconditionFailed, S3ClientError
from moto.s3.models import FakeBucket, FakeDeleteMarker, S3Backend
from moto.s3.notifications import S3NotificationEvent
from moto.s3.responses import S3Response
from moto.s3.utils import compute_checksum

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.events import api as events
from strata.cloud.aws.iam.identity import Identity
from strata.cloud.aws.s3.versions import Sequencer, deleted_as
from strata.cloud.aws.service import Service, action, replaces
from strata.cloud.aws.sqs.channels import Channels

# The `reason` of each event type, from the table in "Amazon S3 event notification message structure".
_REASONS = {
    S3NotificationEvent.OBJECT_CREATED_PUT_EVENT: "PutObject",
    S3NotificationEvent.OBJECT_CREATED_POST_EVENT: "POST Object",
    S3NotificationEvent.OBJECT_CREATED_COPY_EVENT: "CopyObject",
    S3NotificationEvent.OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD_EVENT: "CompleteMultipartUpload",
    S3NotificationEvent.OBJECT_REMOVED_DELETE_EVENT: "DeleteObject",
    S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT: "DeleteObject",
}
# Of the deletion that is under way: moto's own report of it is not sent.
_deleting: ContextVar[bool] = ContextVar("deleting", default=False)
_newest_first: ContextVar[bool] = ContextVar("newest_first", default=False)
# A delete marker's, as in the examples of the S3 User Guide, "EventBridge event message structure".
_MARKERS_ETAG = "d41d8cd98f00b204e9800998ecf8427e"
_source_etag: ContextVar[str | None] = ContextVar("source_etag", default=None)
_VERIFIABLE = ("CRC32", "SHA1", "SHA256", "CRC64NVME") if HAS_CRT else ("CRC32", "SHA1", "SHA256")


class S3Events(Service):
    """S3's events, and the actions on objects that check what they are given.

    Args:
        identities: who calls.
        channels: the queues of other accounts that notifications reach.
        sequencer: numbers what happens to objects.
    """

    name = "s3"

    def __init__(self, identities: Identity, channels: Channels, sequencer: Sequencer) -> None:
        super().__init__()
        self._identity = identities
        self._channels = channels
        self._sequencer = sequencer

    def start(self) -> None:
        """Let notifications tell of delete markers as of other versions, and of keys as AWS does."""
        super().start()
        # Documented as "URL encoded", by the example of a space; slashes stay (minio, issue 11665).
        self.set(moto.QUOTE_S3_KEY, partial(quote_plus, safe="/"))
        self.set(moto.DELETE_MARKER_ETAG, f'"{_MARKERS_ETAG}"')
        self.set(moto.DELETE_MARKER_SIZE, 0)

    @action("s3", "PutObject", wraps=True)
    @action("s3", "UploadPart", wraps=True)
    def verify(self, write: Callable[[S3Response], Any], response: S3Response) -> Any:
        _verify_body(response)
        return write(response)

    @action("s3", "CopyObject", wraps=True)
    @action("s3", "UploadPartCopy", wraps=True)
    def copy_on_condition(self, copy: Callable[[S3Response], Any], response: S3Response) -> Any:
        """Keep the request's condition on the source's ETag at hand where the source is read."""
        token = _source_etag.set(response.headers.get("x-amz-copy-source-if-match"))
        try:
            return copy(response)
        finally:
            _source_etag.reset(token)

    @replaces(moto.COPY_OBJECT, wraps=True)
    def copy_matched_object(
        self, copy: Callable[..., None], backend: S3Backend, src_key: Any, *more: Any, **named: Any
    ) -> None:
        _match_source(src_key.etag)
        copy(backend, src_key, *more, **named)

    @replaces(moto.UPLOAD_PART_COPY, wraps=True)
    def copy_matched_part(
        self, copy: Callable[..., Any], backend: S3Backend, *more: Any, **named: Any
    ) -> Any:
        names = ("src_bucket_name", "src_key_name", "src_version_id")
        source: Any = backend.get_object(*(named[name] for name in names))
        _match_source(source.etag)
        return copy(backend, *more, **named)

    @action("s3", "GetBucketNotificationConfiguration")
    def get_bucket_notification_configuration(self, response: S3Response) -> Any:
        configuration = response.backend.get_bucket_notification_configuration(response.bucket_name)
        if not configuration:
            return response.serialized(EmptyResult())

        def described(item: Any, arn_key: str) -> dict[str, Any]:
            described = {"Id": item.id, arn_key: item.arn, "Events": item.events}
            if item.filters:
                described["Filter"] = {"Key": {"FilterRules": item.filters["S3Key"]["FilterRule"]}}
            return described

        result: dict[str, Any] = {
            "TopicConfigurations": [described(t, "TopicArn") for t in configuration.topic],
            "QueueConfigurations": [described(q, "QueueArn") for q in configuration.queue],
            "LambdaFunctionConfigurations": [
                described(f, "LambdaFunctionArn") for f in configuration.cloud_function
            ],
        }
        if configuration.event_bridge is not None:
            result["EventBridgeConfiguration"] = {}
        response.data["Action"] = "GetBucketNotificationConfiguration"
        return response.serialized(ActionResult(result))

    @replaces(moto.SEND_S3_EVENT, wraps=True)
    def send_event(
        self,
        send: Callable[..., None],
        account_id: str,
        event_name: S3NotificationEvent,
        bucket: Any,
        key: Any,
    ) -> None:
        if _deleting.get() or _is_spurious(event_name):
            return
        send(account_id, event_name, bucket, key)
        configuration = bucket.notification_configuration
        for queue in configuration.queue if configuration is not None else ():
            if queue.matches(event_name, key.name):
                message = moto.s3_message(event_name, bucket, key, queue.id)
                self._channels.send(queue.arn, json.dumps(message))

    @replaces(moto.SET_NOTIFICATIONS, wraps=True)
    def set_notifications(self, put: Callable[..., None], bucket: FakeBucket, configuration: Any) -> None:
        """Refuse a queue of another account that is not there, as S3 does."""
        for queue in (configuration or {}).get("QueueConfiguration") or ():
            if queue["Queue"].split(":")[4] != bucket.account_id and queue["Queue"] not in self._channels:
                raise S3ClientError(
                    "InvalidArgument", "Unable to validate the following destination configurations"
                )
        put(bucket, configuration)

    @replaces(moto.DELETE_OBJECT, wraps=True)
    def delete_object(
        self,
        delete: Callable[..., Any],
        backend: S3Backend,
        bucket_name: str,
        key_name: str,
        version_id: str | None = None,
        bypass: bool = False,
    ) -> Any:
        """Delete an object or a version, and report each deletion: also a delete marker, and its end."""
        bucket: Any = backend.get_bucket(bucket_name)
        versions = bucket.keys.getlist(key_name) if key_name in bucket.keys else []
        token, numbered = _deleting.set(True), deleted_as.set("")
        try:
            answer = delete(backend, bucket_name, key_name, version_id, bypass)
        finally:
            _deleting.reset(token)
        try:
            self._report_deletion(backend, bucket, key_name, version_id, versions, answer)
        finally:
            deleted_as.reset(numbered)
        return answer

    def _report_deletion(
        self,
        backend: S3Backend,
        bucket: Any,
        key_name: str,
        version_id: str | None,
        versions: list[Any],
        answer: Any,
    ) -> None:
        event = S3NotificationEvent.OBJECT_REMOVED_DELETE_EVENT
        if not bucket.is_versioned:
            deleted = versions[-1:]
        else:
            if version_id is None:
                event = S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT
                version_id = answer[1].get("version-id")
                # moto makes no marker of a key that it does not know.
                versions = bucket.keys.getlist(key_name) if key_name in bucket.keys else []
            deleted = [version for version in versions if str(version.version_id) == str(version_id)]
        for version in deleted:
            moto.send_s3_event(backend.account_id, event, bucket, version)

    @replaces(moto.LIST_OBJECT_VERSIONS, wraps=True)
    def list_object_versions(self, list_all: Callable[..., Any], *given: Any, **named: Any) -> Any:
        token = _newest_first.set(True)
        try:
            return list_all(*given, **named)
        finally:
            _newest_first.reset(token)

    @replaces(moto.SEND_EVENT_BRIDGE_MESSAGE)
    def send_event_bridge_message(
        self, account_id: str, bucket: FakeBucket, event_name: S3NotificationEvent, key: Any
    ) -> None:
        caller = self._identity.caller_of_request()
        detail_type = moto.s3_detail_type(event_name)
        stored: dict[str, Any] = {"key": key.name}
        if detail_type == "Object Created":
            stored |= {"size": key.size, "etag": key.etag.strip('"')}
        elif event_name is S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT:
            stored["etag"] = _MARKERS_ETAG
        elif detail_type != "Object Deleted":
            stored["etag"] = key.etag.strip('"')
        # What was written or deleted last has the highest number, whichever event is sent first.
        number = ""
        if detail_type == "Object Created":
            number = getattr(key, "sequencer", "")
        elif detail_type == "Object Deleted":
            number = deleted_as.get()
        if bucket.is_versioned:
            stored["version-id"] = key.version_id
        detail: dict[str, Any] = {
            "version": "0",
            "bucket": {"name": bucket.name},
            "object": stored | {"sequencer": number or self._sequencer.next()},
            "request-id": hashlib.sha256(str(time.time_ns()).encode()).hexdigest()[:16].upper(),
            "requester": caller.account_id,
            "source-ip-address": request.remote_addr if has_request_context() else "127.0.0.1",
        }
        if event_name in _REASONS:
            detail["reason"] = _REASONS[event_name]
        if detail_type == "Object Deleted":
            marked = event_name is S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT
            detail["deletion-type"] = "Delete Marker Created" if marked else "Permanently Deleted"
        events.publish(
            account_id,
            bucket.region_name,
            source="aws.s3",
            detail_type=detail_type,
            resources=[bucket.arn],
            detail=detail,
        )

    # moto copies the keys and then looks each one up: one deleted meanwhile by another request makes it fail.
    @replaces(moto.STORED_LISTS, moto.STORED_ITERLISTS)
    def stored_lists(self, store: Any) -> Iterator[tuple[str, list[Any]]]:
        # A copy first, which nothing interrupts: iterating makes objects, so the collector may run.
        order = -1 if _newest_first.get() else 1
        return iter([(key, list(versions)[::order]) for key, versions in dict.copy(store).items()])

    @replaces(moto.STORED_ITEMS, moto.STORED_ITERITEMS)
    def stored_items(self, store: Any) -> Iterator[tuple[str, Any]]:
        return ((key, versions[-1]) for key, versions in self.stored_lists(store) if versions)

    @replaces(moto.STORED_VALUES, moto.STORED_ITERVALUES)
    def stored_values(self, store: Any) -> Iterator[Any]:
        return (last for _, last in self.stored_items(store))

    @replaces(moto.DISPOSE_DELETE_MARKER)
    def dispose(self, marker: FakeDeleteMarker) -> None:
        # moto disposes of a key's versions with the last one, and forgets that some are delete markers.
        pass


def _is_spurious(event_name: S3NotificationEvent) -> bool:
    # moto stores an upload in parts through its put_object and tags every new object, and reports both.
    if not has_request_context():
        return False
    if event_name is S3NotificationEvent.OBJECT_CREATED_PUT_EVENT:
        return "uploadId" in request.args
    if event_name is S3NotificationEvent.OBJECT_TAGGING_PUT_EVENT:
        return "tagging" not in request.args
    return False


def _match_source(etag: str) -> None:
    wanted = _source_etag.get()
    if wanted and wanted.strip('"') != etag.strip('"'):
        raise PreconditionFailed("x-amz-copy-source-If-Match")


def _verify_body(response: S3Response) -> None:
    body = response.body or b""
    if isinstance(body, str):
        body = body.encode()
    md5 = response.headers.get("Content-MD5")
    if md5:
        try:
            expected = base64.b64decode(md5, validate=True)
        except ValueError:
            raise S3ClientError("InvalidDigest", "The Content-MD5 you specified was invalid.") from None
        if hashlib.md5(body, usedforsecurity=False).digest() != expected:
            raise S3ClientError("BadDigest", "The Content-MD5 you specified did not match what we received.")
    for algorithm in _VERIFIABLE:
        value = response.headers.get(f"x-amz-checksum-{algorithm.lower()}") or _trailing(response, algorithm)
        if value and compute_checksum(body, algorithm).decode() != value:
            raise S3ClientError(
                "BadDigest", f"The {algorithm} you specified did not match the calculated checksum."
            )


def _trailing(response: S3Response, algorithm: str) -> str | None:
    header = f"x-amz-checksum-{algorithm.lower()}"
    if header not in response.headers.get("x-amz-trailer", "").lower():
        return None
    trailer = response.raw_body[-512:].rstrip()
    found = re.search(rb"\r\n" + header.encode() + rb":([A-Za-z0-9+/=]+)$", trailer)
    return found[1].decode() if found else None
