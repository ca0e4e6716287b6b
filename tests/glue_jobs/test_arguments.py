"""A job finds its arguments among Glue's own."""

from __future__ import annotations

import pytest

from glue_jobs import odcs
from glue_jobs.arguments import is_older, parse
from glue_jobs.errors import JobError, RefusedObject

GIVEN = {
    "raw_bucket": "raw",
    "key": "flights/2013-01.csv",
    "etag": "e",
    "version_id": "v",
    "sequencer": "0A",
    "object_id": "0" * 64,
    "processed_bucket": "processed",
    "dataset": "flights",
}


def words(**changes: str) -> list[str]:
    return [word for name, value in (GIVEN | changes).items() for word in (f"--{name}", value)]


@pytest.mark.parametrize(
    "argv",
    [
        words(),
        [f"--{name}={value}" for name, value in GIVEN.items()],
        [
            "--JOB_NAME",
            "strata-clean-dev",
            "--enable-metrics",
            *words(),
            "--extra-py-files",
            "s3://a/glue_jobs.zip",
        ],
        ["--key", "older", *words()],
        ["true", "--TempDir=s3://x", *words()],
    ],
)
def test_arguments_are_found(argv: list[str]) -> None:
    assert vars(parse(argv)) == GIVEN | {"generation": "", "metrics_namespace": ""}


def test_what_only_the_state_machine_knows_may_be_missing() -> None:
    more = {"generation": "a1", "metrics_namespace": "strata/dev"}
    given = parse(words(**more))
    assert {name: getattr(given, name) for name in more} == more


def test_a_value_may_look_like_an_argument() -> None:
    assert parse(words(key="--etag")).key == "--etag"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (words()[2:], "the job needs --raw_bucket (each with a value)"),
        (words(etag="", key=""), "the job needs --key, --etag (each with a value)"),
        (words(version_id=""), "the job needs --version_id (each with a value)"),
        (words(sequencer="../x"), "--sequencer is not hexadecimal: '../x'"),
        (words(object_id="../x"), "--object_id is not a SHA-256 in hexadecimal: '../x'"),
        (words(dataset="a/b"), "--dataset is not a name: 'a/b'"),
    ],
)
def test_wrong_arguments_are_named(argv: list[str], message: str) -> None:
    with pytest.raises(JobError) as caught:
        parse(argv)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("one", "other", "older"),
    [
        ("0A", "0B", True),
        ("0B", "0A", False),
        ("0A", "0A", False),
        ("0A", "0A1", True),
        ("0A1", "0B", True),
        ("0B", "0A1", False),
        ("0A", "0A00", False),
        ("0A00", "0A", False),
        ("", "00", False),
        ("00617F08299329D189", "00617F08299329D19", True),
    ],
)
def test_sequencers_compare_padded_on_the_right(one: str, other: str, older: bool) -> None:
    assert is_older(one, other) is older


def test_an_unknown_contract_is_named() -> None:
    with pytest.raises(JobError, match=r"^the data contract 'trains' does not exist; known: flights$"):
        odcs.load("trains")


HEADER = ",".join(odcs.load("flights").names)


@pytest.mark.parametrize(
    ("header", "reason", "detail"),
    [
        ("PK\x03\x04\x14", "not_csv", r"the first line is not text: 'PK\x03\x04\x14'"),
        ("a\ufffdb", "not_csv", "the first line is not text: 'a\ufffdb'"),
        (HEADER + ",extra", "other_columns", "not the contract's header: 1 unknown (extra)"),
        (HEADER.replace("origin,", ""), "other_columns", "not the contract's header: 1 missing (origin)"),
        (
            HEADER.replace("origin,dest", "dest,origin"),
            "other_columns",
            f"the header's columns are out of order or repeated: {HEADER.replace('origin,dest', 'dest,origin')[:120] + '…'!r}",
        ),
    ],
)
def test_a_header_that_is_not_the_contracts_is_refused(header: str, reason: str, detail: str) -> None:
    with pytest.raises(RefusedObject) as caught:
        odcs.load("flights").check_header(header)
    assert (caught.value.reason, caught.value.detail) == (reason, detail)


@pytest.mark.parametrize("header", [HEADER, ",".join(f'"{name}"' for name in HEADER.split(","))])
def test_the_contracts_header_is_accepted(header: str) -> None:
    odcs.load("flights").check_header(header)
