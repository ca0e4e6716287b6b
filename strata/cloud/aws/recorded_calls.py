"""Which API operations this cloud was asked for: what the fidelity ledger is held against."""

from __future__ import annotations

import threading

from flask import request
from werkzeug.wrappers import Response

from strata.cloud.aws.api_call import action_prefix, operation_of_request, service_of_request

PATH = "/_strata/calls"


class RecordedCalls:
    """The operations that one embedded cloud was asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # What tells two operations apart, remembered: S3's router alone costs a millisecond a request.
        self._known: dict[tuple[object, ...], str] = {}

    def note(self, default_service: str) -> None:
        """Remember the operation of the request being served."""
        service = service_of_request(default_service)
        form: tuple[object, ...]
        if service == "s3":
            # Bucket and key are two parts of the path; method, query and one header tell the operation.
            depth = min(request.path.strip("/").count("/") + bool(request.path.strip("/")), 2)
            form = (
                service,
                request.method,
                depth,
                "x-amz-copy-source" in request.headers,
                frozenset(request.args),
            )
        elif target := request.headers.get("X-Amz-Target"):
            form = (service, target)
        else:
            # Read first, so that the body is still there once the form has been parsed from it.
            request.get_data()
            form = (service, request.values.get("Action", ""), request.method, request.path)
        if form not in self._known:
            name = f"{action_prefix(service)}:{operation_of_request(service)}"
            with self._lock:
                self._known[form] = name

    def seen(self) -> list[str]:
        """Return the operations asked for since the start, as `service:Operation`, sorted."""
        with self._lock:
            return sorted(set(self._known.values()))

    def answer(self) -> Response:
        """The answer to `GET /_strata/calls`: one operation a line."""
        return Response("\n".join(self.seen()), content_type="text/plain")
