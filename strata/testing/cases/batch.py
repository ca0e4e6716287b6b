"""Many cases planned in one Terraform process; the ones that must be refused in a second, in waves."""

from __future__ import annotations

import posixpath
import re
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from strata.errors import StrataError
from strata.hcl.syntax import Block, HclFile
from strata.terraform.toolchain import Toolchain
from strata.testing.cases.answers import check_extras
from strata.testing.cases.case import Case
from strata.testing.cases.composition import CaseRoot, ModuleCall, called_modules, repository_file
from strata.testing.cases.inputs import check_inputs
from strata.testing.cases.layout import RepositoryLayout, with_nested
from strata.testing.cases.outcome import Broken, CaseFinding, Failed, Outcome, split
from strata.testing.cases.providers import check_providers, configures_providers
from strata.testing.cases.schemas import Schemas
from strata.testing.cases.services import PlanServices
from strata.testing.cases.terraform import TerraformFault, TerraformFolder

# Where a call's own files lie in a root; a call's label has no slash and no dot.
_OWN_FILE = re.compile(r"(?:copies|examples)/([^/]+)/|([^/]+)\.tf\.json$")
_HANDED_ON = re.compile(r"var\.([\w-]+)")
_ADDRESS = re.compile(r"module\.([^.\[]+)\.?(.*)")


@dataclass
class BatchResult:
    """What a batch gave.

    Attributes:
        outcomes: by case id.
        starts: how many Terraform processes it took.
        seconds: how long it took.
    """

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    starts: int = 0
    seconds: float = 0.0


class BatchPlanner:
    """Plans cases together; a context that ends the servers that plans need.

    Args:
        layout: where modules and cases are.
        toolchain: Terraform and the providers.
    """

    def __init__(self, layout: RepositoryLayout, toolchain: Toolchain) -> None:
        self._layout = layout
        self._toolchain = toolchain
        self._services = PlanServices(toolchain)
        self.schemas = Schemas(toolchain)

    def __enter__(self) -> BatchPlanner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._services.__exit__(kind, error, trace)

    def plan(self, cases: Sequence[Case]) -> BatchResult:
        """Plan all cases, each as if it were alone.

        Raises:
            StrataError: Terraform cannot be run at all.
        """
        begun = time.monotonic()
        result = BatchResult()
        sound = []
        for case in cases:
            try:
                check_inputs(case, self._layout)
                check_providers(case, self._layout)
                check_extras(case, self._layout)
                sound.append(case)
            except StrataError as error:
                result.outcomes[case.id] = Broken(error)
        # Side by side: while one Terraform reads schemas, which is work for one core, the other plans.
        groups: dict[tuple[bool, bool], list[Case]] = {}
        for case in sound:
            groups.setdefault((case.error is not None, self._own_providers(case)), []).append(case)
        with ThreadPoolExecutor(2) as pool:
            for part in pool.map(self._plan_apart, groups.values()):
                result.outcomes |= part.outcomes
                result.starts += part.starts
        result.seconds = time.monotonic() - begun
        return result

    def _plan_apart(self, cases: Sequence[Case]) -> BatchResult:
        """Plan cases that are alike: refused or not, with providers of their own or without."""
        result = BatchResult()
        self._run(cases, result, own_copies=cases[0].error is not None)
        return result

    def _own_providers(self, case: Case) -> bool:
        """Whether each configuration needs a provider process: one that is shared keeps the last it got."""
        modules = (one for name in called_modules(case) for one in with_nested(self._layout.module(name)))
        return configures_providers(case, modules)

    def _run(self, cases: Sequence[Case], result: BatchResult, *, own_copies: bool) -> None:
        """Plan cases in a folder of their own; where that fails as a whole, those of each module apart."""
        try:
            self._run_together(cases, result, own_copies=own_copies)
        except StrataError as error:
            modules = sorted({case.module for case in cases})
            if len(modules) == 1:
                result.outcomes |= {case.id: Broken(error) for case in cases}
                return
            for module in modules:
                own = [case for case in cases if case.module == module]
                self._run(own, result, own_copies=own_copies)

    def _run_together(self, cases: Sequence[Case], result: BatchResult, *, own_copies: bool) -> None:
        warm = not self._own_providers(cases[0])
        with tempfile.TemporaryDirectory(prefix="strata-cases-") as folder:
            root = CaseRoot(Path(folder), self._layout)
            calls: list[ModuleCall] = []
            for case in cases:
                try:
                    calls.append(root.add(case, own_copy=own_copies))
                except StrataError as error:
                    result.outcomes[case.id] = Broken(error)
            variables = self._services.variables(root.write_providers())
            terraform = TerraformFolder(root.folder, self._toolchain, variables)
            try:
                left = self._init(terraform, root, calls, result)
                self._services.seal(terraform)
                if warm:
                    self._services.attach(terraform)
                stuck = self._waves(terraform, root, left, result)
                self.schemas.keep(terraform)
            finally:
                result.starts += terraform.starts
        if stuck:
            self._isolate(stuck, result)

    def _init(
        self, terraform: TerraformFolder, root: CaseRoot, calls: list[ModuleCall], result: BatchResult
    ) -> list[ModuleCall]:
        """Run `init`, without the calls whose module Terraform cannot read; return the others."""
        while calls:
            faults = terraform.init()
            if not faults:
                break
            unreadable = {posixpath.dirname(repository_file(fault.file)) for fault in faults} - {""}
            blamed = _blame(calls, faults, self._layout)
            for call in calls:
                if root.folders(call.case) & unreadable and call.label not in blamed:
                    blamed[call.label] = [CaseFinding(fault, None, None) for fault in faults]
            if not blamed:
                raise StrataError(f"terraform init failed: {faults[0].text}")
            calls = self._set_aside(root, calls, blamed, result)
        return calls

    def _waves(
        self, terraform: TerraformFolder, root: CaseRoot, calls: list[ModuleCall], result: BatchResult
    ) -> list[ModuleCall]:
        """Plan until nothing is refused any more: what one error hides, the next wave shows.

        Returns:
            Calls among which something is wrong that Terraform pins on none of them.
        """
        while calls:
            plan, faults = terraform.plan()
            if plan is not None:
                parts = split(plan, calls)
                result.outcomes |= {call.case.id: parts[call.label] for call in calls}
                return []
            blamed = _blame(calls, faults, self._layout)
            if not blamed:
                if len(calls) == 1 and calls[0].own_copy:
                    blamed = {calls[0].label: [CaseFinding(fault, None, None) for fault in faults]}
                else:
                    for call in calls:
                        root.remove(call)
                    return calls
            calls = self._set_aside(root, calls, blamed, result)
        return []

    def _isolate(self, calls: Sequence[ModuleCall], result: BatchResult) -> None:
        """Plan calls again with copies of their modules, whose files name the case; in halves if need be."""
        cases = [call.case for call in calls]
        if all(call.own_copy for call in calls):
            half = len(cases) // 2
            self._run(cases[:half], result, own_copies=True)
            cases = cases[half:]
        self._run(cases, result, own_copies=True)

    @staticmethod
    def _set_aside(
        root: CaseRoot, calls: list[ModuleCall], blamed: dict[str, list[CaseFinding]], result: BatchResult
    ) -> list[ModuleCall]:
        for call in calls:
            if call.label in blamed:
                result.outcomes[call.case.id] = Failed(tuple(blamed[call.label]))
                root.remove(call)
        return [call for call in calls if call.label not in blamed]


def _blame(
    calls: Sequence[ModuleCall], faults: Sequence[TerraformFault], layout: RepositoryLayout
) -> dict[str, list[CaseFinding]]:
    """What each call is to blame for, by its label."""
    known = {call.label: call for call in calls}
    found: dict[str, list[CaseFinding]] = {}
    for fault in faults:
        address = _ADDRESS.match(fault.address)
        file = _OWN_FILE.search(fault.file)
        label = address[1] if address else (file[1] or file[2]) if file else ""
        if label in known:
            call = known[label]
            resource = address[2] if address and address[2] else _resource(fault, call, layout)
            variable = call.lines.get(fault.line) if fault.file.endswith(call.file) else None
            variable = variable or _variable(fault, call.case, layout)
            found.setdefault(label, []).append(CaseFinding(fault, variable, resource))
    return found


def _resource(fault: TerraformFault, call: ModuleCall, layout: RepositoryLayout) -> str | None:
    """The resource in whose block a fault lies: of a precondition, Terraform tells only that."""
    found = _block(fault, call.case, layout, "resource")
    if found is None:
        return None
    file, block = found
    # From inside the case's module, it may be one of a module that this one calls.
    inner = layout.module(call.case.module).addresses.items()
    known = [name for name, one in inner if (one.file, one.line) == (file.name, block.line)]
    return known[0] if known else ".".join(block.labels)


def _variable(fault: TerraformFault, case: Case, layout: RepositoryLayout) -> str | None:
    """The variable in whose block a fault lies, or that is handed on to a nested module which refuses it."""
    if (found := _block(fault, case, layout, "variable")) is not None:
        return found[1].labels[0]
    if (call := _block(fault, case, layout, "module")) is not None:
        for value in call[1].attributes.values():
            if value.line == fault.line and (handed := _HANDED_ON.fullmatch(value.text)):
                return handed[1]
    return None


def _block(
    fault: TerraformFault, case: Case, layout: RepositoryLayout, kind: str
) -> tuple[HclFile, Block] | None:
    file = layout.parsed(repository_file(fault.file), called_modules(case))
    if file is None:
        return None
    for block in file.body.children(kind):
        if block.line <= fault.line <= block.end_line:
            return file, block
    return None
