"""What a case's plan asks AWS or Snowflake, which the embedded cloud answers."""

from __future__ import annotations

from collections.abc import Iterator

from strata.checkout.extras import CLOUD, missing_packages
from strata.modules.interface import Module
from strata.testing.cases.case import Case
from strata.testing.cases.composition import called_modules
from strata.testing.cases.layout import RepositoryLayout

# The data sources of the AWS provider that do not ask AWS, but know the answer or read it from the web.
_NOT_ASKING = frozenset(
    f"aws_{name}"
    for name in (
        "arn",
        "billing_service_account",
        "cloudfront_log_delivery_canonical_user_id",
        "cloudtrail_service_account",
        "default_tags",
        "elastic_beanstalk_hosted_zone",
        "elb_hosted_zone_id",
        "elb_service_account",
        "iam_policy_document",
        "ip_ranges",
        "lb_hosted_zone_id",
        "partition",
        "redshift_service_account",
        "region",
        "sagemaker_prebuilt_ecr_image",
        "service",
        "service_principal",
    )
)


_OR = ", or say in override_data what it answers"


def check_extras(case: Case, layout: RepositoryLayout) -> None:
    """Refuse a case that only the embedded cloud can answer, where that is not installed.

    Raises:
        StrataError: with the address of what asks, and the extra.
    """
    missing = missing_packages(CLOUD)
    if not missing:
        return
    for name in called_modules(case):
        for asking in _asking(layout.module(name)):
            if name == case.module and asking in case.override_data:
                continue
            raise case.fault(
                f"{asking} of module {name} needs the extra `{CLOUD}`: {missing[0]} is not installed",
                remedy=f"pip install 'strata[{CLOUD}]'{_OR if asking.split('.')[-3:-2] == ['data'] else ''}",
            )


def _asking(module: Module) -> Iterator[str]:
    """The addresses of what asks AWS for a plan, or is planned by the embedded Snowflake's provider."""
    for address in module.data_addresses:
        if _type(address).startswith("aws_") and _type(address) not in _NOT_ASKING:
            yield address
    for address in module.addresses:
        if _type(address) == "aws_sfn_state_machine" or _type(address).startswith("snowflake_"):
            yield address


def _type(address: str) -> str:
    return address.split(".")[-2]
