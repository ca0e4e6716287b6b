"""Policy documents, read strictly: what is not understood is refused, never skipped.

Rules: IAM User Guide, "IAM JSON policy element reference" and "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from strata.iam.conditions import Condition
from strata.iam.errors import PolicyError
from strata.iam.patterns import Pattern, check_arn
from strata.iam.request import Principal, Request

_VERSIONS = ("2008-10-17", "2012-10-17")
_ELEMENTS = {"Action", "Condition", "Effect", "NotAction", "NotResource", "Principal", "Resource", "Sid"}
_PRINCIPALS = ("AWS", "Federated", "Service")
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
# How a statement names a principal: anyone, the account it is in, its role, or itself.
Naming = Literal["anyone", "account", "role", "itself"]


@dataclass(frozen=True)
class PolicyStatement:
    """One statement; `name` is its Sid, or its place in the policy."""

    name: str
    allows: bool
    actions: tuple[Pattern, ...]
    not_actions: bool
    resources: tuple[Pattern, ...] | None
    not_resources: bool
    principals: Mapping[str, tuple[str, ...]] | None
    conditions: tuple[Condition, ...]
    # Which actions it names, as far as asked: a deployer's statement lists a hundred of them.
    _known: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, source: Any, place: str, *, variables: bool) -> PolicyStatement:
        """Read a statement.

        Raises:
            PolicyError: an element, an action, a resource, a principal or a condition that is not understood.
        """
        if not isinstance(source, Mapping):
            raise PolicyError(f"{place} is not a statement")
        name = str(source.get("Sid") or place)
        try:
            return cls._parse(source, name, variables)
        except PolicyError as error:
            raise PolicyError(f"{name}: {error.message}") from None

    @classmethod
    def _parse(cls, source: Mapping[str, Any], name: str, variables: bool) -> PolicyStatement:
        unknown = sorted(set(source) - _ELEMENTS)
        if unknown:
            raise PolicyError(f"the element {unknown[0]!r} is not supported")
        if source.get("Effect") not in ("Allow", "Deny"):
            raise PolicyError(f"the effect must be Allow or Deny, not {source.get('Effect')!r}")
        actions, not_actions = _either(source, "Action", "NotAction")
        if actions is None:
            raise PolicyError("Action or NotAction is missing")
        for action in actions:
            if not _ACTION.fullmatch(action):
                raise PolicyError(f"the action {action!r} is not SERVICE:ACTION")
        resources, not_resources = _either(source, "Resource", "NotResource")
        for resource in resources or ():
            check_arn(resource, "the resource")
        return cls(
            name=name,
            allows=source["Effect"] == "Allow",
            actions=tuple(Pattern.parse(action, variables=False) for action in actions),
            not_actions=not_actions,
            resources=None
            if resources is None
            else tuple(Pattern.parse(resource, variables=variables) for resource in resources),
            not_resources=not_resources,
            principals=_principals(source["Principal"]) if "Principal" in source else None,
            conditions=_conditions(source.get("Condition", {}), variables),
        )

    def applies(self, request: Request) -> bool:
        """Whether action, resource and conditions hold; the principal is `naming`'s affair.

        Raises:
            PolicyError: a condition on a key with several values by an operator for one.
        """
        named = self._known.get(request.action)
        if named is None:
            named = any(a.matches(request.action, {}, ignore_case=True) for a in self.actions)
            self._known[request.action] = named
        return (
            named is not self.not_actions and self._holds_resource(request) and self._conditions_hold(request)
        )

    def _holds_resource(self, request: Request) -> bool:
        if self.resources is None:
            return True  # a trust policy has none: the role itself is meant
        if request.resource is None:
            every = any(resource.text == "*" for resource in self.resources)
            return not self.allows or (every and not self.not_resources)
        named = any(r.matches(request.resource, request.context, arn=True) for r in self.resources)
        return named is not self.not_resources

    def _conditions_hold(self, request: Request) -> bool:
        return all(condition.holds(request.context) for condition in self.conditions)

    def naming(self, principal: Principal) -> Naming | None:
        """How a resource's or a trust policy's statement names a principal; None if it does not."""
        if self.principals is None:
            return None
        if "*" in self.principals:
            return "anyone"
        if principal.service:
            return "itself" if principal.service in self.principals.get("Service", ()) else None
        if principal.federated:
            return "itself" if set(principal.federated) & set(self.principals.get("Federated", ())) else None
        named = self.principals.get("AWS", ())
        if principal.arns and principal.arns[0] in named:
            return "itself"
        if any(arn in named for arn in principal.arns[1:]):
            return "role"
        if "*" in named:
            return "anyone"
        account = principal.account_id
        if principal.arns and any(n == account or n.endswith(f":iam::{account}:root") for n in named):
            return "account"
        return None


@dataclass(frozen=True)
class Policy:
    """A policy document with the name it goes by."""

    name: str
    statements: tuple[PolicyStatement, ...]

    @classmethod
    def parse(cls, document: str | Mapping[str, Any], name: str = "policy") -> Policy:
        """Read a document, given as JSON text or decoded.

        Raises:
            PolicyError: it is not JSON, or holds what is not understood; the message says where.
        """
        return _parse_text(document, name) if isinstance(document, str) else _parse(document, name)


def resources_of(documents: Iterable[str]) -> tuple[Pattern, ...] | None:
    """Return the patterns by which policies tell resources apart, unless it is by a condition on one.

    Args:
        documents: the policies, as JSON texts.

    Returns:
        None if a pattern holds a variable.

    Raises:
        PolicyError: a policy that is not understood.
    """
    statements = [statement for document in documents for statement in Policy.parse(document).statements]
    found = dict.fromkeys(resource for statement in statements for resource in statement.resources or ())
    return None if any(len(pattern.pieces) > 1 for pattern in found) else tuple(found)


@lru_cache(maxsize=1024)
def _parse_text(text: str, name: str) -> Policy:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise PolicyError(f"{name} is not JSON: {error}") from None
    return _parse(document, name)


def _parse(document: Any, name: str) -> Policy:
    if not isinstance(document, Mapping):
        raise PolicyError(f"{name} is not a policy document")
    unknown = sorted(set(document) - {"Id", "Statement", "Version"})
    if unknown:
        raise PolicyError(f"{name}: the element {unknown[0]!r} is not supported")
    version = document.get("Version", _VERSIONS[0])
    if version not in _VERSIONS:
        raise PolicyError(f"{name}: the version {version!r} is not known")
    statements = document.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    try:
        parsed = tuple(
            PolicyStatement.parse(statement, f"statement {number}", variables=version == _VERSIONS[1])
            for number, statement in enumerate(listed, 1)
        )
    except PolicyError as error:
        raise PolicyError(f"{name}: {error.message}") from None
    return Policy(name, parsed)


def _either(source: Mapping[str, Any], positive: str, negative: str) -> tuple[list[str] | None, bool]:
    if positive in source and negative in source:
        raise PolicyError(f"{positive} and {negative} stand side by side")
    element = negative if negative in source else positive
    if element not in source:
        return None, False
    return _texts(source[element], element), element == negative


def _texts(value: Any, what: str) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(item, str) for item in listed):
        raise PolicyError(f"{what} must be a text or a list of texts")
    return listed


def _principals(value: Any) -> dict[str, tuple[str, ...]]:
    if value == "*":
        return {"*": ("*",)}
    if not isinstance(value, Mapping) or not value:
        raise PolicyError(f"the principal {value!r} is not supported")
    principals = {}
    for kind, named in value.items():
        if kind not in _PRINCIPALS:
            raise PolicyError(f"principals of the kind {kind!r} are not supported")
        principals[kind] = tuple(_texts(named, f"Principal.{kind}"))
        for name in principals[kind]:
            if ("*" in name and not (name == "*" and kind == "AWS")) or "${" in name:
                raise PolicyError(f"a principal takes no wildcard and no variable: {name!r}")
    return principals


def _conditions(block: Any, variables: bool) -> tuple[Condition, ...]:
    if not isinstance(block, Mapping):
        raise PolicyError("Condition must be an object of operators")
    found = []
    for operator, keys in block.items():
        if not isinstance(keys, Mapping):
            raise PolicyError(f"{operator} must be an object of condition keys")
        for key, expected in keys.items():
            listed = expected if isinstance(expected, list) else [expected]
            if not all(isinstance(item, str | bool | int | float) for item in listed):
                raise PolicyError(f"{operator} of {key} must compare with texts")
            # JSON's true is the text "true" to IAM.
            texts = [str(item).lower() if isinstance(item, bool) else str(item) for item in listed]
            found.append(Condition.parse(operator, key, texts, variables=variables))
    return tuple(found)
