"""IAM policies: read strictly, and evaluated as AWS does. The one evaluator of this project.

The embedded cloud decides by it; `strata ci trust` and `strata ci roles` check planned policies with it.
"""

from strata.iam.errors import PolicyError
from strata.iam.evaluation import Decision, PolicyOutcome, decide, evaluate
from strata.iam.patterns import Pattern
from strata.iam.policy import Policy, PolicyStatement, resources_of
from strata.iam.request import Principal, Request
from strata.iam.trust import OidcProvider, trust_allows, web_identity_context

__all__ = [
    "Decision",
    "OidcProvider",
    "Pattern",
    "Policy",
    "PolicyError",
    "PolicyOutcome",
    "PolicyStatement",
    "Principal",
    "Request",
    "decide",
    "evaluate",
    "resources_of",
    "trust_allows",
    "web_identity_context",
]
