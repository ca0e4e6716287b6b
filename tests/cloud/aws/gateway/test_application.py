"""The shape of an answer that refuses, and what is answered where moto has nothing."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock
from xml.etree import ElementTree

import pytest
from flask import Flask, Response
from werkzeug.exceptions import BadRequest, MethodNotAllowed, NotFound

from strata.cloud.aws.gateway import application
from strata.cloud.aws.iam.authorization import AuthorizationError
from strata.faults import FaultRegistry

from ..conftest import REGION

FLASK = Flask("test")


def request_of(service: str, **more: Any) -> Any:
    scope = f"AKIA/20260101/{REGION}/{service}/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, x"} | more.pop("headers", {})
    return FLASK.test_request_context("/", method="POST", headers=headers, **more)


JSON, QUERY = "application/x-amz-json-1.1", "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("service", "content_type", "code", "shape"),
    [
        ("glue", JSON, "AccessDeniedException", "json"),
        ("dynamodb", JSON, "AccessDeniedException", "json"),
        ("lambda", "application/json", "AccessDeniedException", "json"),
        ("states", JSON, "AccessDeniedException", "json"),
        ("iam", QUERY, "AccessDenied", "xml"),
        ("sts", QUERY, "AccessDenied", "xml"),
        # Amazon SNS API Reference, common errors: AuthorizationError.
        ("sns", QUERY, "AuthorizationError", "xml"),
        ("s3", None, "AccessDenied", "s3"),
        ("unheard-of", None, "AccessDeniedException", "json"),
    ],
)
def test_a_refusal_in_the_shape_of_its_service(
    service: str, content_type: str | None, code: str, shape: str
) -> None:
    def refuse(*_: Any) -> None:
        raise AuthorizationError("AccessDenied", "no <right>")

    services: Any = SimpleNamespace(
        calls=Mock(), s3_access=SimpleNamespace(check=refuse), authorizer=SimpleNamespace(check=refuse)
    )
    with request_of(service, content_type=content_type):
        answer = application._refusal(service, services)
    assert answer is not None
    assert answer.status_code == 403
    services.calls.note.assert_called_once_with(service)
    assert answer.headers["X-Amzn-ErrorType"] == code
    assert len(answer.headers["X-Amzn-RequestId"]) == 36
    text = answer.get_data(as_text=True)
    if shape == "json":
        assert answer.mimetype == "application/json"
        assert json.loads(text) == {"__type": code, "message": "no <right>", "Message": "no <right>"}
        return
    assert answer.mimetype == "text/xml"
    root = ElementTree.fromstring(text)
    error = root if shape == "s3" else root.find("Error")
    assert root.tag == ("Error" if shape == "s3" else "ErrorResponse")
    assert error is not None
    assert (error.findtext("Code"), error.findtext("Message")) == (code, "no <right>")


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "ExpiredToken"])
@pytest.mark.parametrize("service", ["sns", "glue", "s3"])
def test_a_code_other_than_a_denial_stays(service: str, code: str) -> None:
    with request_of(service, content_type=JSON if service == "glue" else QUERY):
        assert application._access_code(service, code) == code


@pytest.mark.parametrize(
    ("service", "by"),
    [("s3", "s3"), ("s3bucket_path", "s3"), ("sqs", "authorizer"), ("s3control", "authorizer")],
)
def test_who_decides(service: str, by: str) -> None:
    services = Mock(faults=FaultRegistry())
    with request_of("s3"):
        assert application._refusal(service, services) is None
    assert services.s3_access.check.called is (by == "s3")
    assert services.authorizer.check.call_args_list == ([] if by == "s3" else [((service,), {})])


@pytest.mark.parametrize(
    ("agent", "hidden"),
    [("Hadoop 3.3.4, aws-sdk-java/1.12.262 Linux", True), ("aws-sdk-java/2.20 x", False), ("", False)],
)
def test_the_keys_id_is_hidden_from_an_sdk_that_refuses_it(agent: str, hidden: bool) -> None:
    header = "x-amz-server-side-encryption-aws-kms-key-id"
    with request_of("s3", headers={"User-Agent": agent}):
        for headers in ({header: "k", "ETag": "e"}, {"ETag": "e"}):
            answer = application._hide_key_id(Response("", headers=headers))
            assert (header in answer.headers) is (header in headers and not hidden)
            assert answer.headers["ETag"] == "e"


@pytest.mark.parametrize("error", [NotFound(), MethodNotAllowed(), NotImplementedError("moto lacks it")])
def test_what_moto_lacks_is_named(error: Exception) -> None:
    with request_of("glue", headers={"X-Amz-Target": "AWSGlue.GetWorkflow"}, content_type=JSON):
        answer = application._fault_answer("glue")(error)
    assert (answer.status_code, answer.headers["X-Amzn-ErrorType"]) == (501, "NotImplemented")
    assert (
        json.loads(answer.get_data())["message"] == "The embedded cloud does not implement glue:GetWorkflow"
    )


def test_another_http_error_is_passed_on() -> None:
    with request_of("glue", headers={"X-Amz-Target": "AWSGlue.GetWorkflow"}, content_type=JSON):
        answer = application._fault_answer("glue")(BadRequest("what is this"))
    assert answer.status_code == 400
    assert "what is this" in answer.get_data(as_text=True)
    assert answer.mimetype == "text/html"


def test_a_fault_says_where(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise KeyError("surprise")

    error: Exception = KeyError()
    try:
        broken()
    except KeyError as raised:
        error = raised
    line = broken.__code__.co_firstlineno + 1
    with request_of("glue", headers={"X-Amz-Target": "AWSGlue.GetJob"}, content_type=JSON):
        answer = application._fault_answer("glue")(error)
    message = f"The embedded cloud failed in glue:GetJob with KeyError: 'surprise' (broken, line {line})"
    assert (answer.status_code, answer.headers["X-Amzn-ErrorType"]) == (501, "EmbeddedCloudFault")
    assert json.loads(answer.get_data())["message"] == message
    ((record),) = caplog.records
    assert (record.getMessage(), record.levelname, record.exc_info and record.exc_info[1]) == (
        message,
        "WARNING",
        error,
    )


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [("GET", "/_strata/calls", 200, "text/plain"), ("DELETE", "/_strata/snapshot", 405, "application/octet-stream")],
)  # fmt: skip
def test_paths_of_the_cloud_itself(method: str, path: str, status: int, kind: str) -> None:
    services = Mock()
    services.calls.answer = lambda: Response("sns:Publish", content_type="text/plain")
    services.snapshot.answer = lambda asked, content: (status, f"{asked} {content.decode()}".encode())
    serve = application._Dispatcher(services)
    started: list[Any] = []
    environ = FLASK.test_request_context(path, method=method, data=b"body").request.environ
    body = b"".join(serve(environ, lambda status, headers, *_: started.append((status, dict(headers)))))
    ((line, headers),) = started
    assert (int(line.split()[0]), headers["Content-Type"].partition(";")[0]) == (status, kind)
    assert body == (b"sns:Publish" if method == "GET" else b"DELETE body")


CHANGED = RuntimeError("dictionary changed size during iteration")


@pytest.mark.parametrize(
    ("service", "method", "errors", "answered"),
    [
        ("iam", "POST", [CHANGED] * 3, True),
        ("kms", "POST", [RuntimeError("OrderedDict mutated during iteration")], True),
        ("s3", "GET", [CHANGED], True),
        # The body has been read.
        ("s3", "PUT", [CHANGED], False),
        ("iam", "POST", [RuntimeError("generator raised StopIteration")], False),
        ("iam", "POST", [CHANGED] * 1000, False),
    ],
)
def test_a_request_that_another_one_has_disturbed(
    service: str, method: str, errors: list[RuntimeError], answered: bool
) -> None:
    waiting = list(errors)

    def dispatch() -> str:
        if waiting:
            raise waiting.pop()
        return "answer"

    scope = f"AKIA/20260101/{REGION}/{service}/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, x"}
    with FLASK.test_request_context("/", method=method, headers=headers):
        if answered:
            assert application._dispatch(dispatch) == "answer"
        else:
            with pytest.raises(RuntimeError):
                application._dispatch(dispatch)
