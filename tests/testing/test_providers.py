"""Which provider configurations a module is given, and what a root is told of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from strata.errors import StrataError
from strata.testing.cases.case import Case, Expectation
from strata.testing.cases.layout import RepositoryLayout
from strata.testing.cases.providers import DEFAULTS, RootProviders, check_providers, configures_providers

from .conftest import repository_of

AWS = DEFAULTS["hashicorp/aws"]
MODULES = {
    "plain": 'resource "aws_sqs_queue" "this" {}\nresource "terraform_data" "this" {}\n',
    "aliased": """
        terraform {
          required_providers {
            aws    = { source = "registry.terraform.io/hashicorp/aws", configuration_aliases = [aws.east, aws.west] }
            random = { source = "hashicorp/random" }
          }
        }
    """,
    "old": 'provider "aws" {\n  alias = "east"\n}\n',
    "configured": 'provider "aws" {\n  alias  = "east"\n  region = "us-east-1"\n}\n',
    "dog": 'terraform {\n  required_providers {\n    dog = { source = "acme/aws" }\n  }\n}\n',
    "elsewhere": 'terraform {\n  required_providers {\n    dog = { source = "dogs.example/acme/dog" }\n  }\n}\n',
    "empty": "locals {\n}\n",
    "caller": 'module "dog" { source = "../dog" }\nmodule "plain" { source = "../plain" }\n',
}


@pytest.fixture
def layout(tmp_path: Path) -> RepositoryLayout:
    return repository_of(tmp_path, MODULES)


def case(module: str, providers: dict[str, dict[str, Any]] | None = None, **more: Any) -> Case:
    expect = Expectation(counts={"resources": 1})
    return Case("id", "x", module, providers=providers or {}, expect=expect, shown="x.yaml", **more)


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("plain", {"aws"}),
        ("aliased", {"aws", "aws.east", "aws.west", "random"}),
        ("old", {"aws", "aws.east"}),
        ("dog", {"dog"}),
        ("caller", {"aws", "dog"}),
    ],
)
def test_a_module_is_given_what_it_requires_or_implies(
    layout: RepositoryLayout, module: str, names: set[str]
) -> None:
    assert layout.module(module).configurations.keys() == names


@pytest.mark.parametrize(
    ("module", "given", "fault"),
    [
        ("aliased", {"aws": {}, "aws.east": {}}, None),
        ("plain", {"aws": {"region": "us-east-1"}}, None),
        ("plain", {"aws.east": {}}, "module plain takes no provider aws.east (there are aws)"),
        ("aliased", {"aws.eas": {}}, "module aliased takes no provider aws.eas (did you mean aws.east?)"),
        ("dog", {"cat": {}}, "module dog takes no provider cat (there are dog)"),
        ("caller", {"aws": {}, "dog": {}}, None),
        ("empty", {"aws": {}}, "module empty takes no provider aws (there are none)"),
    ],
)
def test_a_case_configures_what_its_module_takes(
    layout: RepositoryLayout, module: str, given: dict[str, Any], fault: str | None
) -> None:
    if fault is None:
        check_providers(case(module, given), layout)
        return
    with pytest.raises(StrataError) as caught:
        check_providers(case(module, given), layout)
    assert str(caught.value) == f"x.yaml:1: {fault}"


def test_each_configuration_is_written_once(layout: RepositoryLayout) -> None:
    providers = RootProviders()
    east = {"aws.east": {"region": "us-east-1", "default_tags": {"tags": {"of": "${it}"}}}}
    aliased = layout.module("aliased")
    providers.require([layout.module("plain"), aliased])
    assert providers.references(case("plain"), layout.module("plain")) == {}
    first = providers.references(case("aliased", east), aliased)
    again = providers.references(case("aliased", east), aliased)
    assert first == again == {"aws.east": "aws.case-1", "aws.west": "aws"}
    assert providers.references(case("aliased", {"aws": {"region": "x"}}), aliased) == {
        "aws": "aws.case-2",
        "aws.east": "aws",
        "aws.west": "aws",
    }
    document = json.loads(json.dumps(providers.document()))
    assert document["terraform"]["required_providers"] == {"aws": {"source": "hashicorp/aws"}}
    assert document["provider"] == {
        "aws": [
            dict(AWS),
            {**AWS, "region": "us-east-1", "default_tags": {"tags": {"of": "$${it}"}}, "alias": "case-1"},
            {**AWS, "region": "x", "alias": "case-2"},
        ]
    }


def test_every_provider_is_configured_as_a_plan_without_an_account_needs_it() -> None:
    assert DEFAULTS == {
        "hashicorp/aws": {
            "region": "eu-west-1",
            "access_key": "test",
            "secret_key": "test",
            "skip_credentials_validation": True,
            "skip_metadata_api_check": True,
            "skip_requesting_account_id": True,
            "skip_region_validation": True,
        },
        "snowflakedb/snowflake": {
            "organization_name": "STRATA",
            "account_name": "TEST",
            "experimental_features_enabled": ["USER_ENABLE_DEFAULT_WORKLOAD_IDENTITY"],
            "preview_features_enabled": ["snowflake_external_table_resource"],
        },
    }


def test_two_providers_of_one_name_have_two_in_the_root(layout: RepositoryLayout) -> None:
    providers = RootProviders()
    dog = layout.module("dog")
    providers.require([layout.module("plain"), dog])
    assert providers.names == {"aws"}
    assert providers.references(case("dog", {"dog": {"bark": 1}}), dog) == {"dog": "aws-2.case-1"}
    assert providers.document() == {
        "terraform": {
            "required_providers": {"aws": {"source": "hashicorp/aws"}, "aws-2": {"source": "acme/aws"}}
        },
        "provider": {"aws": [dict(AWS)], "aws-2": [{"bark": 1, "alias": "case-1"}]},
    }


def test_a_provider_of_another_registry_has_its_own_name_in_the_root(layout: RepositoryLayout) -> None:
    providers = RootProviders()
    elsewhere = layout.module("elsewhere")
    assert providers.references(case("elsewhere", {"dog": {"bark": 1}}), elsewhere) == {"dog": "dog.case-0"}
    assert providers.document()["terraform"] == {
        "required_providers": {"dog": {"source": "dogs.example/acme/dog"}}
    }


@pytest.mark.parametrize(
    ("module", "more", "own"),
    [
        ("plain", {}, False),
        ("plain", {"providers": {"aws": {"region": "us-east-1"}}}, True),
        ("aliased", {}, False),
        ("old", {}, False),
        ("configured", {}, True),
        ("plain", {"example": 'provider "aws" {\n}\n'}, True),
        ("plain", {"example": 'module "x" {\n}\n'}, False),
    ],
)
def test_other_configurations_than_the_default_need_providers_of_their_own(
    layout: RepositoryLayout, module: str, more: dict[str, Any], own: bool
) -> None:
    assert configures_providers(case(module, **more), [layout.module(module)]) is own
