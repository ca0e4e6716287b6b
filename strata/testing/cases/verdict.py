"""Whether a case passes: its expectation against its outcome."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from strata.errors import did_you_mean
from strata.plan.document import without_keys
from strata.testing.cases.case import Case, Expectation, ExpectedError
from strata.testing.cases.compare import NOTHING, ValueDifference, differences
from strata.testing.cases.documents import Keys
from strata.testing.cases.layout import RepositoryLayout
from strata.testing.cases.outcome import UNKNOWN, Failed, Outcome, PlannedCase
from strata.testing.cases.outcome import Broken as BrokenOutcome
from strata.testing.cases.policies import policy_differences, unknown_key
from strata.testing.cases.schemas import SetAttributes, sets_in_type


class CaseFailedError(Exception):
    """A case whose plan is not what it expects.

    Args:
        case: the case.
        found: where plan and expectation differ.
        terraform: what Terraform reported, if that is what is wrong.
    """

    def __init__(self, case: Case, found: list[ValueDifference], terraform: str = "") -> None:
        super().__init__(terraform or f"{len(found)} differences")
        self.case = case
        self.found = found
        self.terraform = terraform


def assert_outcome(case: Case, outcome: Outcome, sets: SetAttributes, layout: RepositoryLayout) -> None:
    """Raise what is wrong with a case; return if nothing is.

    Raises:
        CaseFailedError: the plan is not as expected.
        StrataError: the case itself is wrong: it names what does not exist.
    """
    if isinstance(outcome, BrokenOutcome):
        raise outcome.error
    if case.error is not None:
        _assert_refusal(case, case.error, outcome)
        return
    if isinstance(outcome, Failed):
        raise CaseFailedError(case, [], "Terraform refused the plan:\n" + _listed(outcome))
    expect = case.expect or Expectation.model_construct()
    found = [
        *_values(case, expect, outcome, sets),
        *_counts(case, expect, outcome, sets, layout),
        *_outputs(case, expect, outcome),
        *_policies(case, expect, outcome),
        *_absent(case, expect, outcome, sets, layout),
    ]
    if found:
        raise CaseFailedError(case, found)


def _assert_refusal(case: Case, expected: ExpectedError, outcome: Failed | PlannedCase) -> None:
    if isinstance(outcome, PlannedCase):
        raise CaseFailedError(case, [], "Terraform planned it without an error")
    for finding in outcome.findings:
        if (
            (expected.variable is None or expected.variable == finding.variable)
            and (expected.resource is None or _same_resource(expected.resource, finding.resource))
            and re.search(expected.pattern, finding.fault.text)
        ):
            return
    about = f" on variable {expected.variable}" if expected.variable else ""
    about += f" on {expected.resource}" if expected.resource else ""
    raise CaseFailedError(
        case,
        [],
        f"an error{about} that matches {expected.pattern!r} was expected; Terraform reported:\n"
        + _listed(outcome),
    )


def _same_resource(expected: str, found: str | None) -> bool:
    """Whether an error is about a resource; Terraform does not always tell the instance."""
    return found in (expected, without_keys(expected))


def _listed(outcome: Failed) -> str:
    return "\n".join(f"  {finding}" for finding in outcome.findings)


def _values(
    case: Case, expect: Expectation, outcome: PlannedCase, sets: SetAttributes
) -> Iterator[ValueDifference]:
    for address, wanted in expect.values.items():
        keys: Keys = ("expect", "values", address)
        if address not in outcome.resources:
            raise _no_resource(case, address, keys, outcome)
        if not wanted:
            # That it is planned is all that is expected.
            continue
        kind = outcome.type_of(address)
        yield from differences(
            wanted,
            outcome.resources[address],
            keys,
            address,
            partial(sets.has, kind),
        )


def _counts(
    case: Case, expect: Expectation, outcome: PlannedCase, sets: SetAttributes, layout: RepositoryLayout
) -> Iterator[ValueDifference]:
    counts = outcome.counts()
    for kind, wanted in expect.counts.items():
        keys: Keys = ("expect", "counts", kind)
        found = sum(counts.values()) if kind == "resources" else counts.get(kind, 0)
        if kind not in counts and kind != "resources":
            _check_type(case, kind, keys, sets, layout, ("resources",))
        if found != wanted:
            yield ValueDifference(keys, f"number of {kind}", wanted, found)


def _outputs(case: Case, expect: Expectation, outcome: PlannedCase) -> Iterator[ValueDifference]:
    for name, wanted in expect.outputs.items():
        keys: Keys = ("expect", "outputs", name)
        paths = {name: frozenset(sets_in_type(outcome.output_types.get(name), ""))}
        yield from differences(
            wanted,
            outcome.outputs[name],
            keys,
            f"output {name}",
            partial(SetAttributes(paths).has, name),
        )


def _policies(case: Case, expect: Expectation, outcome: PlannedCase) -> Iterator[ValueDifference]:
    for place, wanted in expect.policies.items():
        keys: Keys = ("expect", "policies", place)
        for kind in ("contains", "equals"):
            for index, statement in enumerate(getattr(wanted, kind) or ()):
                if (key := unknown_key(statement)) is not None:
                    raise case.fault(f"a statement has no key {key}", (*keys, kind, index, key))
        address = max(
            (known for known in outcome.resources if place.startswith(f"{known}.")), key=len, default=None
        )
        if address is None:
            raise _no_resource(case, place, keys, outcome)
        found: Any = outcome.resources[address]
        for step in re.findall(r"[^.\[\]]+", place[len(address) + 1 :]):
            try:
                found = found[int(step)] if isinstance(found, list) else found[step]
            except (KeyError, IndexError, TypeError, ValueError):
                known = list(found) if isinstance(found, dict) else []
                raise case.fault(
                    f"{address} has no attribute {step}", keys, did_you_mean(step, known)
                ) from None
        if found is UNKNOWN or found is None:
            yield ValueDifference(keys, place, "a policy", found)
            continue
        try:
            yield from policy_differences(wanted, found, keys, place)
        except ValueError as error:
            yield ValueDifference(keys, place, "a policy", found, str(error))


def _absent(
    case: Case, expect: Expectation, outcome: PlannedCase, sets: SetAttributes, layout: RepositoryLayout
) -> Iterator[ValueDifference]:
    for index, wanted in enumerate(expect.absent):
        keys: Keys = ("expect", "absent", index)
        bare = without_keys(wanted)
        there = [
            address
            for address in outcome.resources
            if address == wanted
            or (bare == wanted and without_keys(address) == wanted)
            or ("." not in wanted and outcome.type_of(address) == wanted)
        ]
        if there:
            for address in there:
                yield ValueDifference(keys, address, NOTHING, "planned")
        elif "." not in wanted:
            _check_type(case, wanted, keys, sets, layout)
        elif bare not in layout.module(case.module).addresses:
            # A misspelt address would be absent for ever.
            known = layout.module(case.module).addresses
            raise case.fault(
                f"module {case.module} declares no resource {bare}", keys, did_you_mean(bare, known)
            )


def _check_type(
    case: Case,
    kind: str,
    keys: Keys,
    sets: SetAttributes,
    layout: RepositoryLayout,
    others: tuple[str, ...] = (),
) -> None:
    """A misspelt type would be absent for ever: it must be one of a provider's, or of the other words."""
    declared = {address.split(".")[-2] for address in layout.module(case.module).addresses}
    if kind not in declared and not sets.knows(kind):
        raise case.fault(
            f"no provider has a resource type {kind}", keys, did_you_mean(kind, {*declared, *others})
        )


def _no_resource(case: Case, address: str, keys: Keys, outcome: PlannedCase) -> Exception:
    return case.fault(f"the plan has no resource {address}", keys, did_you_mean(address, outcome.resources))
