"""Plans of modules for tests of one's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import tftest

from strata.errors import StrataError
from strata.testing.batch import BatchPlanner
from strata.testing.case import Case, shared_inputs
from strata.testing.layout import Layout
from strata.testing.outcome import Broken, Planned


class Plan:
    """Plans modules; what was planned once with the same inputs is not planned again.

    Args:
        planner: what plans.
        layout: where modules and cases are.
    """

    def __init__(self, planner: BatchPlanner, layout: Layout) -> None:
        self._planner = planner
        self._layout = layout
        self._known: dict[str, tftest.TerraformPlanOutput] = {}

    def __call__(self, module: str, inputs: Mapping[str, Any] | None = None) -> tftest.TerraformPlanOutput:
        """Plan one module.

        Args:
            module: its name.
            inputs: merged over the inputs that the module's cases share.

        Returns:
            tftest's plan object, with addresses as from inside the module: `plan.resources["aws_x.this"]`,
            `plan.outputs["name"]`.

        Raises:
            StrataError: an unknown module or input, or Terraform refuses the plan: in Terraform's words.
        """
        return self.together({"": (module, inputs or {})})[""]

    def together(
        self, calls: Mapping[str, tuple[str, Mapping[str, Any]]]
    ) -> dict[str, tftest.TerraformPlanOutput]:
        """Plan several modules in one Terraform process.

        Args:
            calls: module and inputs, by any name.

        Raises:
            StrataError: as for one.
        """
        cases = {name: self._case(name, module, inputs) for name, (module, inputs) in calls.items()}
        keys = {name: _key(case) for name, case in cases.items()}
        missing = {keys[name]: case for name, case in cases.items() if keys[name] not in self._known}
        outcomes = self._planner.plan(list(missing.values())).outcomes if missing else {}
        for key, case in missing.items():
            outcome = outcomes[case.id]
            if isinstance(outcome, Broken):
                raise outcome.error
            if not isinstance(outcome, Planned):
                raise StrataError(
                    f"Terraform refuses module {case.module}: "
                    + "; ".join(str(finding) for finding in outcome.findings)
                )
            self._known[key] = outcome.plan
        return {name: self._known[key] for name, key in keys.items()}

    def _case(self, name: str, module: str, inputs: Mapping[str, Any]) -> Case:
        known = self._layout.module(module)
        return Case(
            id=f"plan of {module} {name}",
            name=name or "plan",
            module=module,
            inputs={**shared_inputs(module, self._layout), **inputs},
            shown=f"plan({module!r})",
            outputs=tuple(known.outputs),
        )


def _key(case: Case) -> str:
    return json.dumps([case.module, case.inputs], sort_keys=True)
