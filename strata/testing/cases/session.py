"""The plans of one pytest process: every batch of cases is planned once, when its first case runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pytest

from strata.errors import StrataError
from strata.terraform.toolchain import Toolchain, ready_toolchain
from strata.testing.cases.batch import BatchPlanner, BatchResult
from strata.testing.cases.case import Case
from strata.testing.cases.layout import RepositoryLayout
from strata.testing.cases.outcome import Broken, Outcome
from strata.testing.cases.overrides import check_answers
from strata.testing.cases.verdict import assert_outcome


@dataclass
class Plans:
    """Plans of cases, batch by batch.

    Args:
        layout: where modules and cases are.
    """

    layout: RepositoryLayout
    done: list[tuple[int, BatchResult]] = field(default_factory=list)
    _batches: dict[str, list[Case]] = field(default_factory=dict)
    _of_case: dict[str, str] = field(default_factory=dict)
    _outcomes: dict[str, Outcome] = field(default_factory=dict)

    def schedule(self, cases: Iterable[Case], batch_of: Mapping[str, str]) -> None:
        """Register the cases that are about to run, and which of them belong together."""
        self._batches.clear()
        self._of_case.clear()
        for case in cases:
            batch = batch_of[case.id]
            self._batches.setdefault(batch, []).append(case)
            self._of_case[case.id] = batch

    def check(self, case: Case) -> None:
        """Plan the case, with its whole batch if that is not done yet, and assert_outcome it.

        Raises:
            CaseFailedError: the plan is not as expected.
            StrataError: the case is wrong, or Terraform cannot be run.
        """
        if case.id not in self._outcomes:
            batch = self._batches.get(self._of_case.get(case.id, ""), [case])
            try:
                result = self.planner.plan(batch)
            except StrataError as error:
                # Terraform cannot be run: that is every case's failure, and not tried again for each.
                result = BatchResult({one.id: Broken(error) for one in batch})
            self._outcomes |= result.outcomes
            self.done.append((len(batch), result))
        if not isinstance(self._outcomes[case.id], Broken):
            check_answers(case, self.layout, self.planner.schemas.data_attributes)
        assert_outcome(case, self._outcomes[case.id], self.planner.schemas.sets(), self.layout)

    @cached_property
    def planner(self) -> BatchPlanner:
        """What plans, with Terraform as found on this machine."""
        return BatchPlanner(self.layout, self.toolchain)

    @cached_property
    def toolchain(self) -> Toolchain:
        """Terraform and the providers of this machine."""
        return ready_toolchain(self.layout.state)

    def close(self) -> None:
        """End what plans needed."""
        if "planner" in self.__dict__:
            self.planner.__exit__(None, None, None)


PLANS = pytest.StashKey[Plans]()
