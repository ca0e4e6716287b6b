"""Keys, and executions of keys: what a command's argument may be, and what is said where nothing is found."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strata.errors import StrataError
from strata.platform import pipeline
from strata.trace import find
from strata.trace.models import Run
from tests.endpoints import nowhere
from tests.trace.test_collect import PLATFORM

AT = datetime(2026, 1, 2, tzinfo=UTC)
RAW = PLATFORM.raw_bucket


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("flights/a.csv", "flights/a.csv"),
        (f"s3://{RAW}/flights/a b.csv", "flights/a b.csv"),
        (f"s3://{RAW}/flights//a.csv", "flights//a.csv"),
        ("flights/<b>ü.csv", "flights/<b>ü.csv"),
    ],
)
def test_a_key_or_a_uri(text: str, key: str) -> None:
    assert find.key_of(text, RAW) == key


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not an object (give its key, such as orders/a.csv)"),
        (f"s3://{RAW}/", f"'s3://{RAW}/' is not an object (give its key, such as orders/a.csv)"),
        ("s3://other/a.csv", f"the bucket other is not the raw bucket (name an object of s3://{RAW}/)"),
    ],
)
def test_what_is_not_an_object(text: str, message: str) -> None:
    with pytest.raises(StrataError) as caught:
        find.key_of(text, RAW)
    assert str(caught.value) == message


def test_a_key_that_no_rule_looks_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "key_prefixes", lambda *_: ["flights/", "orders/"])
    find.require_watched(nowhere("1"), PLATFORM, "orders/x")
    with pytest.raises(StrataError) as caught:
        find.require_watched(nowhere("1"), PLATFORM, "order/x")
    assert str(caught.value) == (
        "the key 'order/x' is under no data set's prefix, so that no rule starts an execution for it "
        "(the prefixes are flights/, orders/)"
    )


def run(name: str) -> Run:
    return Run(arn=f"arn:{name}", name=name, status="SUCCEEDED", started=AT)


@pytest.mark.parametrize(("wanted", "name"), [(None, "aa1"), ("b", "bb1"), ("aa2", "aa2")])
def test_the_run_that_is_asked_for(wanted: str | None, name: str) -> None:
    assert find.choose([run("aa1"), run("aa2"), run("bb1")], wanted, "k").name == name


@pytest.mark.parametrize(("wanted", "count"), [("aa", 2), ("c", 0)])
def test_a_run_that_is_not_one(wanted: str, count: int) -> None:
    with pytest.raises(StrataError) as caught:
        find.choose([run("aa1"), run("aa2")], wanted, "k")
    assert (
        str(caught.value) == f"{count} runs of k begin with '{wanted}' (`strata trace k --list` shows them)"
    )


class Claims:
    """A table of claims with one key, and an item that has none."""

    def get_paginator(self, _: str) -> Any:
        items = [{"key": {"S": "flights/a.csv"}}, {}]
        return SimpleNamespace(paginate=lambda **given: [{"Items": items}])


def without_run(monkeypatch: pytest.MonkeyPatch, head: Any, reason: str | None) -> str:
    monkeypatch.setattr(pipeline, "client", lambda *_: SimpleNamespace(head_object=head))
    monkeypatch.setattr(pipeline, "undelivered", lambda *_: reason)
    return str(find.without_run(nowhere("1"), PLATFORM, Claims(), "flights/b.csv"))


def there(**_: Any) -> dict[str, Any]:
    return {"ETag": '"e"', "LastModified": AT, "ContentLength": 3}


def gone(**_: Any) -> dict[str, Any]:
    raise ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "HeadObject")


@pytest.mark.parametrize(
    ("head", "reason", "said"),
    [
        (gone, None, "no object {}, and no execution for it (did you mean flights/a.csv?)"),
        (
            there,
            "NO_PERMISSIONS",
            "no execution for {}: NO_PERMISSIONS (the event is in the rule's dead-letter queue)",
        ),
        (
            there,
            None,
            "no execution for {}: its event has started none yet "
            "(was it put before the rule was made? Then put it again: strata put FILE --key KEY)",
        ),
    ],
)
def test_a_key_without_an_execution(
    monkeypatch: pytest.MonkeyPatch, head: Any, reason: str | None, said: str
) -> None:
    assert without_run(monkeypatch, head, reason) == said.format(f"s3://{RAW}/flights/b.csv")


@pytest.mark.parametrize("text", [None, "", "no json", "[1]", '"x"', "{}", '{"job": "daily"}'])
def test_an_execution_that_is_of_no_object(text: str | None) -> None:
    assert find.object_of(text) == {}
