"""Checks of a case's inputs against what the module declares.

Terraform reports one unknown or missing argument and hides all other errors of the run behind it, so these
are looked for before it is started.
"""

from __future__ import annotations

from strata.errors import did_you_mean
from strata.hcl.conversion import UNKNOWN_ATTRIBUTE, faults
from strata.hcl.types import Type
from strata.plan.document import without_keys
from strata.testing.cases.case import Case
from strata.testing.cases.composition import called_modules, examples_modules
from strata.testing.cases.layout import RepositoryLayout


def check_inputs(case: Case, layout: RepositoryLayout) -> None:
    """Check that a case names a module, inputs it has, all that it requires, and resources it declares.

    Raises:
        StrataError: it does not; file and line are the place in the case.
    """
    for name in called_modules(case):
        if name not in layout.names:
            raise case.fault(f"unknown module {name}", remedy=did_you_mean(name, layout.names))
    if case.example is not None:
        if case.module not in examples_modules(case):
            raise case.fault(f"the example does not call the module {case.module}")
        return
    module = layout.module(case.module)
    for name in case.inputs:
        if name not in module.variables:
            raise case.fault(
                f"module {case.module} has no input {name}",
                ("inputs", name),
                remedy=did_you_mean(name, list(module.variables)),
            )
        _check_attributes(case, name, module.variables[name].type)
    for name, variable in module.variables.items():
        if variable.default is None and name not in case.inputs:
            raise case.fault(f"module {case.module} needs the input {name}", ("inputs",))
    for name in case.expect.outputs if case.expect is not None else ():
        if name not in module.outputs:
            raise case.fault(
                f"module {case.module} has no output {name}",
                ("expect", "outputs", name),
                remedy=did_you_mean(name, list(module.outputs)),
            )
    if case.error is not None:
        wanted = case.error.variable
        if wanted is not None and wanted not in module.variables:
            raise case.fault(
                f"module {case.module} has no input {wanted}",
                ("error", "variable"),
                remedy=did_you_mean(wanted, list(module.variables)),
            )
        address = case.error.resource
        if address is not None and without_keys(address) not in module.addresses:
            raise case.fault(
                f"module {case.module} declares no resource {address}",
                ("error", "resource"),
                remedy=did_you_mean(address, list(module.addresses)),
            )


def _check_attributes(case: Case, name: str, wanted: Type | None) -> None:
    """Check that an input has no attribute that its type lacks: Terraform drops it without a word."""
    for path, fault in faults(case.inputs[name], wanted) if wanted is not None else ():
        if fault == UNKNOWN_ATTRIBUTE:
            raise case.fault(
                f"`{'.'.join((name, *path))}` {fault} of the input {name}", ("inputs", name, *path)
            )
