"""Contracts of data: their documents are sound, and an environment's data sets have one."""

from __future__ import annotations

from collections.abc import Iterator

from strata.contracts.check import check as check_contracts
from strata.contracts.check import datasets
from strata.contracts.document import FOLDER
from strata.live.check import places
from strata.live.check.findings import CheckFinding
from strata.live.check.snapshot import LiveSnapshot


def check(snapshot: LiveSnapshot) -> Iterator[CheckFinding]:
    """All findings of this file's contracts."""
    for finding in check_contracts(snapshot.root):
        yield CheckFinding(finding.file, finding.line, "data-contract", finding.message, finding.remedy)
    known = datasets(snapshot.root)
    for environment in snapshot.environments:
        wanted = environment.settings.get("datasets")
        for name in wanted if isinstance(wanted, list) else []:
            if name not in known:
                yield CheckFinding(
                    *places.of_local(snapshot.root, environment.file, ("datasets",)),
                    "dataset-unknown",
                    f"the data set {name!r} has no contract",
                    f"known: {', '.join(known) or 'none'}; a contract is a file of {FOLDER.as_posix()}",
                )
