"""What Terraform's lock says of its holder."""

from __future__ import annotations

import json

import pytest

from strata.terraform.locks import Lock

INFO = {
    "ID": "8f0a2c3e",
    "Operation": "OperationTypeApply",
    "Who": "ada@laptop",
    "Created": "2026-11-29T10:11:12.345678Z",
}


@pytest.mark.parametrize(
    ("info", "lock", "text"),
    [
        (
            INFO,
            Lock("8f0a2c3e", "ada@laptop", "apply", "2026-11-29 10:11:12"),
            "ada@laptop (apply since 2026-11-29 10:11:12 UTC, lock 8f0a2c3e)",
        ),
        (
            INFO | {"Created": "2026-11-29T10:11:12Z", "Operation": "migration"},
            Lock("8f0a2c3e", "ada@laptop", "migration", "2026-11-29 10:11:12"),
            "ada@laptop (migration since 2026-11-29 10:11:12 UTC, lock 8f0a2c3e)",
        ),
        ({}, Lock("", "unknown", "", ""), "unknown ( since  UTC, lock )"),
    ],
)
def test_a_lock_says_who_holds_it(info: dict[str, str], lock: Lock, text: str) -> None:
    for given in (json.dumps(info), json.dumps(info).encode()):
        assert Lock.read(given) == lock
    assert str(lock) == text


@pytest.mark.parametrize("info", ["", "no JSON", b"\xff", "[]", "null", '"a text"'])
def test_what_cannot_be_read_is_a_lock_of_an_unknown_owner(info: str | bytes) -> None:
    assert Lock.read(info) == Lock("", "unknown", "", "")
