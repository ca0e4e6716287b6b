"""The proof on a running platform: record what roles ask for, take away the rest, and run again."""

from __future__ import annotations

import difflib
import json
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from strata.checkout.loopback import opener
from strata.cloud.aws.iam.decisions import PATH
from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError
from strata.platform.pipeline import client
from strata.privilege.grants import Decided, Document, Findings, Grant, RolePolicies, examine
from strata.privilege.scenarios import Outcome, Scenario

_FAILURES = frozenset({"FAILED", "TIMED_OUT", "ABORTED", "REFUSED"})
# A session's policies are asked for at each request; only what waits in a queue may be under way.
_QUIET_SECONDS = 1.0


@dataclass(frozen=True)
class Removal:
    """What came of a scenario without some actions: how it ended with them, and how without them."""

    scenario: str
    before: Outcome
    after: Outcome
    refused: tuple[Decided, ...]

    @property
    def differs(self) -> bool:
        """Whether the removal shows."""
        return self.before != self.after or bool(self.refused)


@dataclass(frozen=True)
class Report:
    """What was found of each role.

    `unheard`: roles with policies whose sessions asked for nothing, so nothing is known of them. `removals`:
    the second round, without every spare action. `each`: what came of taking away a needed action, where it
    was tried.
    """

    outcomes: Mapping[str, Outcome]
    findings: Mapping[str, Findings]
    unheard: tuple[str, ...]
    removals: tuple[Removal, ...]
    each: Mapping[Grant, Removal] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether what was found spare may go, and each needed action that was taken away was missed."""
        return not any(r.differs for r in self.removals) and all(r.differs for r in self.each.values())

    def diff(self) -> str:
        """Return the policies as a diff, from what is granted to what the scenarios need."""
        return "".join(line for role, found in self.findings.items() for line in _diff(role, found))


def prove(
    endpoints: Endpoints,
    rounds: Callable[[str], Iterable[Scenario]],
    *,
    each: bool = False,
    progress: Callable[[str], None] = lambda line: None,
) -> Report:
    """Run the scenarios, take away what no request needed, and run them again.

    The platform's roles have their own policies again in the end, whatever comes.

    Args:
        endpoints: the running cloud.
        rounds: gives the scenarios of a round; its label keeps their objects apart.
        each: also take each needed action away, alone, and run the scenario that needs it.
        progress: gets a line before each step.

    Raises:
        StrataError: a scenario does not end as it should while the roles have their own policies.
    """
    iam = client(endpoints, "iam")
    label = f"proof-{int(time.time())}"
    outcomes: dict[str, Outcome] = {}
    decisions: list[Decided] = []
    for scenario in rounds(f"{label}-before"):
        progress(scenario.name)
        outcome, made = _observed(endpoints, scenario)
        if (outcome.status in _FAILURES) is not scenario.fails:
            refused = "; ".join(str(one) for one in made if not one.allowed) or "no request was refused"
            raise StrataError(
                f"{scenario.name}: it ended {outcome} before anything was taken away ({refused})",
                remedy="mend that first",
            )
        outcomes[scenario.name] = outcome
        decisions += made
    roles = dict(_roles(iam))
    heard = {decided.role for decided in decisions}
    findings = {name: examine(policies, decisions) for name, policies in roles.items() if name in heard}
    smaller = {name: found.smaller for name, found in findings.items() if found.spare}
    removals = []
    with _replaced(iam, roles, smaller):
        for scenario in rounds(f"{label}-after"):
            progress(f"{scenario.name}, without {sum(len(f.spare) for f in findings.values())} actions")
            removals.append(_removal(endpoints, scenario, outcomes[scenario.name], decisions))
    tried: dict[Grant, Removal] = {}
    if each:
        for grant, lost in [item for found in findings.values() for item in found.needed.items()]:
            progress(f"{lost.scenario}, without {grant}")
            with _replaced(iam, roles, {grant.role: roles[grant.role].without(grant)}):
                # The scenarios before it make what it works on.
                for scenario in rounds(f"{label}-{len(tried)}"):
                    tried[grant] = _removal(endpoints, scenario, outcomes[scenario.name], decisions)
                    if tried[grant].differs:
                        break
    unheard = tuple(name for name, policies in roles.items() if name not in heard and policies.grants())
    return Report(outcomes, findings, unheard, tuple(removals), tried)


def _removal(
    endpoints: Endpoints, scenario: Scenario, before: Outcome, decisions: Sequence[Decided]
) -> Removal:
    after, made = _observed(endpoints, scenario)
    known = {(one.role, one.action) for one in decisions if not one.allowed}
    refused = tuple(one for one in made if not one.allowed and (one.role, one.action) not in known)
    return Removal(scenario.name, before, after, refused)


def _observed(endpoints: Endpoints, scenario: Scenario) -> tuple[Outcome, list[Decided]]:
    """Run a scenario; return its outcome and what sessions asked for meanwhile."""
    _ask(endpoints, "DELETE")
    outcome = scenario.outcome()
    time.sleep(_QUIET_SECONDS)
    lines = _ask(endpoints, "GET").splitlines()
    return outcome, [Decided.read(json.loads(line), scenario.name) for line in lines]


def _ask(endpoints: Endpoints, method: str) -> str:
    request = urllib.request.Request(endpoints.aws_url + PATH, method=method)
    with opener.open(request) as answer:
        text: str = answer.read().decode()
    return text


def _roles(iam: Any) -> Iterator[tuple[str, RolePolicies]]:
    """The roles of the account, each with its inline policies."""
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            name = role["RoleName"]
            documents = {
                policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
            }
            yield name, RolePolicies(name, documents)


@contextmanager
def _replaced(
    iam: Any, roles: Mapping[str, RolePolicies], others: Mapping[str, RolePolicies]
) -> Iterator[None]:
    """Give roles other policies, and their own back in the end."""
    try:
        for name, policies in others.items():
            _put(iam, name, roles[name].documents, policies.written())
        yield
    finally:
        for name in others:
            _put(iam, name, {}, roles[name].documents)


def _put(iam: Any, role: str, present: Mapping[str, Document], wanted: Mapping[str, Document]) -> None:
    for name, document in wanted.items():
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
    for name in present.keys() - wanted.keys():
        iam.delete_role_policy(RoleName=role, PolicyName=name)


def _diff(role: str, found: Findings) -> Iterator[str]:
    written = found.smaller.written()
    for name, document in found.smaller.documents.items():
        granted = _with_spare(document, [g for g in found.spare if g.policy == name])
        before, after = (
            json.dumps(one, indent=2).splitlines(keepends=True) for one in (granted, written.get(name, {}))
        )
        yield from (
            line if line.endswith("\n") else f"{line}\n"
            for line in difflib.unified_diff(before, after, f"{role}/{name}", f"{role}/{name}", n=2)
        )


def _with_spare(document: Document, spare: Sequence[Grant]) -> Document:
    statements = [
        {**s, "Action": [*(g.action for g in spare if g.index == n), *s.get("Action", [])]}
        if "Action" in s
        else s
        for n, s in enumerate(document["Statement"])
    ]
    return {**document, "Statement": statements}
