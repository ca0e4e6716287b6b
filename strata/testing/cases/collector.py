"""Case files and README examples as pytest items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from strata.errors import StrataError
from strata.testing.cases.case import Case, read_case
from strata.testing.cases.layout import RepositoryLayout
from strata.testing.cases.readme import read_examples
from strata.testing.cases.report import failure_text
from strata.testing.cases.verdict import CaseFailedError

LAYOUT = pytest.StashKey[RepositoryLayout]()


class CaseItem(pytest.Item):
    """One case; what is wrong with its file is its failure, and no other case's."""

    def __init__(self, *, case: Case | StrataError, **more: Any) -> None:
        super().__init__(**more)
        self.case = case
        self.add_marker(pytest.mark.terraform)

    def runtest(self) -> None:
        from strata.testing.cases.session import PLANS

        if isinstance(self.case, StrataError):
            raise self.case
        self.config.stash[PLANS].check(self.case)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        error = excinfo.value
        if isinstance(error, StrataError):
            return str(error)
        if isinstance(error, CaseFailedError):
            return failure_text(error)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        return self.path, None, self.name


class CaseFile(pytest.File):
    """A YAML file with one case."""

    def collect(self) -> Iterator[pytest.Item]:
        case: Case | StrataError
        try:
            case = read_case(self.path, self.config.stash[LAYOUT], f"{self.nodeid}::{self.path.stem}")
        except StrataError as error:
            case = error
        yield CaseItem.from_parent(self, name=self.path.stem, case=case)


class ExampleFile(pytest.File):
    """A module's README."""

    def collect(self) -> Iterator[pytest.Item]:
        try:
            for case in read_examples(self.path, self.config.stash[LAYOUT], self.nodeid):
                yield CaseItem.from_parent(self, name=case.name, case=case)
        except StrataError as error:
            yield CaseItem.from_parent(self, name="directives", case=error)
