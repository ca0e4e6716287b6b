"""What roles are allowed, action by action, and which recorded requests each action decides.

A role's policies are taken as they are; one action is taken out of one statement, and the requests that the
role made are decided again by the evaluator that the embedded cloud decides by.
"""

from __future__ import annotations

import copy
import fnmatch
import functools
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strata.iam import Policy, Principal, Request, evaluate

Document = dict[str, Any]
_KEPT = Path(__file__).with_name("kept.toml")


@dataclass(frozen=True)
class Grant:
    """One action of one statement that allows; `statement` is its Sid, or its number from 1."""

    role: str
    policy: str
    statement: str
    index: int
    action: str

    def __str__(self) -> str:
        return f"{self.role} {self.statement} {self.action}"


@dataclass(frozen=True)
class Decided:
    """One request of a role's session as the embedded cloud recorded it, and the scenario that made it."""

    role: str
    action: str
    resource: str | None
    allowed: bool
    context: Mapping[str, str | Sequence[str]]
    scenario: str
    principal: Principal | None = None
    boundary: str | None = None
    resource_policy: str | None = None
    account_id: str = ""
    session_policies: tuple[str, ...] = ()

    @classmethod
    def read(cls, recorded: Mapping[str, Any], scenario: str) -> Decided:
        """Take over one line of `/_strata/decisions`."""
        principal = recorded["principal"]
        return cls(
            role=recorded["role"].rpartition("/")[2],
            action=recorded["action"],
            resource=recorded["resource"],
            allowed=recorded["allowed"],
            context=recorded["context"],
            scenario=scenario,
            principal=principal and Principal(account_id=principal[0], arns=tuple(principal[1])),
            boundary=recorded["boundary"],
            resource_policy=recorded["resource_policy"],
            account_id=recorded["account_id"],
            session_policies=tuple(recorded["session_policies"]),
        )

    def __str__(self) -> str:
        return f"{self.action} on {self.resource or 'an unknown resource'}"


class RolePolicies:
    """The policies of one role, from which actions can be taken away.

    Args:
        role: its name.
        documents: name of a policy -> its document.
    """

    def __init__(self, role: str, documents: Mapping[str, Document]) -> None:
        self.role = role
        self.documents = {name: copy.deepcopy(dict(document)) for name, document in documents.items()}
        for document in self.documents.values():
            document["Statement"] = _list(document["Statement"])

    def grants(self) -> list[Grant]:
        """Return every action of every statement that allows."""
        return [
            Grant(self.role, name, str(statement.get("Sid") or number + 1), number, action)
            for name, document in self.documents.items()
            for number, statement in enumerate(document["Statement"])
            if statement["Effect"] == "Allow"
            for action in _list(statement.get("Action", ()))
        ]

    def without(self, *grants: Grant) -> RolePolicies:
        """Return the policies without some actions; a statement without any action stays, and is empty."""
        smaller = RolePolicies(self.role, self.documents)
        for grant in grants:
            statement = smaller.documents[grant.policy]["Statement"][grant.index]
            statement["Action"] = [one for one in _list(statement["Action"]) if one != grant.action]
        return smaller

    def written(self) -> dict[str, Document]:
        """Return the documents as IAM takes them: without empty statements, and without empty policies."""
        kept = {
            name: {
                **document,
                "Statement": [s for s in document["Statement"] if s.get("Action") or s.get("NotAction")],
            }
            for name, document in self.documents.items()
        }
        return {name: document for name, document in kept.items() if document["Statement"]}

    def allows(self, decided: Decided) -> bool:
        """Return whether the policies allow a request as it was recorded."""
        request = Request(decided.action, decided.resource, decided.principal, decided.context)
        return evaluate(
            request,
            [Policy.parse(document, "identity-based policy") for document in self.written().values()],
            decided.resource_policy,
            decided.boundary,
            session_policies=decided.session_policies,
            resource_account=decided.account_id,
        ).allowed


@dataclass(frozen=True)
class Findings:
    """What the recorded requests of one role say of its policies.

    `needed`: an action that stays, and a request that it alone allows. `kept`: actions that no request here
    can need, with the reason. `spare`: other actions that no request needs, once those before them are gone.
    `refused`: requests that were made and not allowed.
    """

    needed: Mapping[Grant, Decided]
    kept: Mapping[Grant, str]
    spare: tuple[Grant, ...]
    refused: tuple[Decided, ...]
    smaller: RolePolicies


def examine(policies: RolePolicies, decisions: Iterable[Decided]) -> Findings:
    """Take the actions of a role away, one after the other, as long as no recorded request is then refused.

    Args:
        policies: the role's.
        decisions: what sessions asked for; those of other roles are left out.
    """
    own = [decided for decided in decisions if decided.role == policies.role]
    allowed = [decided for decided in own if decided.allowed]
    needed: dict[Grant, Decided] = {}
    kept: dict[Grant, str] = {}
    spare: list[Grant] = []
    smaller = policies
    for grant in policies.grants():
        tried = smaller.without(grant)
        about = [one for one in allowed if fnmatch.fnmatchcase(one.action.lower(), grant.action.lower())]
        lost = next((one for one in about if not tried.allows(one)), None)
        if lost is not None:
            needed[grant] = lost
        elif reason := reason_to_keep(grant):
            kept[grant] = reason
        else:
            spare.append(grant)
            smaller = tried
    return Findings(needed, kept, tuple(spare), tuple(one for one in own if not one.allowed), smaller)


def reason_to_keep(grant: Grant) -> str:
    """Return why an action stays that nothing here can show the need of, as kept.toml says, or ""."""
    parts = grant.role.split("-")
    for entry in _kept():
        named = any(fnmatch.fnmatchcase(grant.action, pattern) for pattern in entry["actions"])
        of_role = "roles" not in entry or set(entry["roles"]) & set(parts)
        if named and of_role and grant.statement in entry.get("statements", [grant.statement]):
            return f"{entry['reason']} ({entry['document']})"
    return ""


@functools.cache
def _kept() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = tomllib.loads(_KEPT.read_text("utf-8"))["kept"]
    return entries


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
