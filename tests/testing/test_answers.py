"""Which cases need the embedded cloud, where that is not installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strata.errors import StrataError
from strata.testing.cases import answers
from strata.testing.cases.answers import check_extras
from strata.testing.cases.case import Case, Expectation
from strata.testing.cases.layout import RepositoryLayout

from .conftest import repository_of

MODULES = {
    "asks": 'data "aws_caller_identity" "me" {\n}\ndata "aws_vpc" "own" {\n}\n',
    "knows": 'data "aws_region" "here" {\n}\ndata "aws_iam_policy_document" "read" {\n}\ndata "http" "x" {\n}\n',
    "machine": 'resource "aws_sfn_state_machine" "it" {\n}\n',
    "snow": 'resource "snowflake_database" "it" {\n}\n',
    "queue": 'resource "aws_sqs_queue" "it" {\n}\n',
    "caller": 'module "inner" {\n  source = "../asks"\n}\n',
}


@pytest.fixture
def layout(tmp_path: Path) -> RepositoryLayout:
    return repository_of(tmp_path, MODULES)


def case(module: str, *answered: str, **more: Any) -> Case:
    expect = Expectation(counts={"resources": 1})
    given = {address: {"id": "x"} for address in answered}
    return Case("id", "x", module, expect=expect, shown="x.yaml", override_data=given, **more)


ME, VPC = "data.aws_caller_identity.me", "data.aws_vpc.own"
REMEDY = "(pip install 'strata[cloud]'"
ELSE = ", or say in override_data what it answers)"
EXAMPLE = 'module "it" {\n  source = "../asks"\n}\n'


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (case("knows"), None),
        (case("queue"), None),
        (case("asks", ME, VPC), None),
        (case("asks"), f"{ME} of module asks needs the extra `cloud`: moto is not installed {REMEDY}{ELSE}"),
        (
            case("asks", ME),
            f"{VPC} of module asks needs the extra `cloud`: moto is not installed {REMEDY}{ELSE}",
        ),
        (
            case("caller"),
            f"module.inner.{ME} of module caller needs the extra `cloud`: moto is not installed {REMEDY}{ELSE}",
        ),
        (case("caller", f"module.inner.{ME}", f"module.inner.{VPC}"), None),
        # A case answers for its own module, not for others of an example.
        (
            case("queue", ME, VPC, example=EXAMPLE),
            f"{ME} of module asks needs the extra `cloud`: moto is not installed {REMEDY}{ELSE}",
        ),
        (
            case("machine"),
            f"aws_sfn_state_machine.it of module machine needs the extra `cloud`: moto is not installed {REMEDY})",
        ),
        (
            case("snow"),
            f"snowflake_database.it of module snow needs the extra `cloud`: moto is not installed {REMEDY})",
        ),
    ],
)
def test_what_only_the_embedded_cloud_answers_is_told_where_it_is_not_installed(
    layout: RepositoryLayout, monkeypatch: pytest.MonkeyPatch, asked: Case, refusal: str | None
) -> None:
    monkeypatch.setattr(answers, "missing_packages", lambda extra: ["moto", "duckdb"])
    if refusal is None:
        check_extras(asked, layout)
        return
    with pytest.raises(StrataError) as raised:
        check_extras(asked, layout)
    assert str(raised.value) == f"x.yaml:1: {refusal}"
    monkeypatch.setattr(answers, "missing_packages", lambda extra: [])
    check_extras(asked, layout)
