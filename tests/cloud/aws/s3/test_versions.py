"""Every version that is written is there, whoever writes or deletes meanwhile."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.s3.utils import _VersionedKeyStore

from strata.cloud.aws import moto_compat as moto
from tests.cloud.aws.conftest import Aws


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let another request come between the reading and the writing of versions."""
    read = _VersionedKeyStore.getlist

    def getlist(store: Any, key: str, default: Any = None) -> Any:
        found = read(store, key, default)
        time.sleep(0.005)
        return found

    monkeypatch.setattr(_VersionedKeyStore, "getlist", getlist)


def test_versions_that_are_written_and_deleted_at_once(aws: Aws, slow: None) -> None:
    s3 = aws.bucket("raw")
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    old = [s3.put_object(Bucket="raw", Key="k", Body=b"old")["VersionId"] for _ in range(2)]

    def change(number: int) -> str:
        if number < 2:
            s3.delete_object(Bucket="raw", Key="k", VersionId=old[number])
            return ""
        return str(s3.put_object(Bucket="raw", Key="k", Body=b"%d" % number)["VersionId"])

    with ThreadPoolExecutor(6) as pool:
        written = list(pool.map(change, range(6)))
    listed = s3.list_object_versions(Bucket="raw")["Versions"]
    assert {one["VersionId"] for one in listed} == set(written[2:])
    for number in range(2, 6):
        found = s3.get_object(Bucket="raw", Key="k", VersionId=written[number])
        assert found["Body"].read() == b"%d" % number


def test_of_several_who_complete_an_upload_on_condition_one_does(aws: Aws, slow: None) -> None:
    s3 = aws.bucket("raw")

    def upload(number: int) -> str:
        upload_id = s3.create_multipart_upload(Bucket="raw", Key="k")["UploadId"]
        named: dict[str, Any] = {"Bucket": "raw", "Key": "k", "UploadId": upload_id}
        part = s3.upload_part(**named, PartNumber=1, Body=b"%d" % number)
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        try:
            s3.complete_multipart_upload(**named, MultipartUpload=parts, IfNoneMatch="*")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "completed"

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(upload, range(3))) == ["PreconditionFailed", "PreconditionFailed", "completed"]


def test_numbers_of_events_follow_the_order_of_the_writes(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The event of the first version is sent last."""
    s3 = aws.bucket("raw", events=True)
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    url, arn = aws.queue("q")
    aws.rule("r", {"source": ["aws.s3"]}, {"Id": "q", "Arn": arn})
    send, written, later = moto.send_s3_event, threading.Event(), threading.Event()

    def send_in_turn(*given: Any) -> None:
        if not written.is_set():
            written.set()
            assert later.wait(20)
        send(*given)

    monkeypatch.setattr(moto, "send_s3_event", send_in_turn)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(s3.put_object, Bucket="raw", Key="k", Body=b"1")
        assert written.wait(20)
        second = s3.put_object(Bucket="raw", Key="k", Body=b"2")["VersionId"]
        s3.delete_object(Bucket="raw", Key="k")
        later.set()
        order = [first.result()["VersionId"], second]
    told: list[dict[str, Any]] = []
    while len(told) < 3:
        told += [json.loads(message["Body"])["detail"] for message in aws.messages(url)]
    told.sort(key=lambda detail: detail["object"]["sequencer"])
    assert [detail["object"]["version-id"] for detail in told[:2]] == order
    assert told[2]["deletion-type"] == "Delete Marker Created"
