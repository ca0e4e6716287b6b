"""The page of the rules: what each command that checks something requires."""

from __future__ import annotations

from collections.abc import Mapping

from strata.ci.plan_rules import built_in
from strata.docs.markdown import code, page, table
from strata.lint import code as formatting
from strata.lint import platform, policies
from strata.live import check as live
from strata.modules import rules as modules


def rules_page() -> str:
    """Return docs/reference/rules.md."""
    lint = {**formatting.CHECKS, **policies.CHECKS, **platform.CHECKS}
    plans = {(rule.name, rule.label, rule.says): None for rule in built_in()}
    return page(
        "Rules",
        [
            "## strata live check",
            "Units, `env.hcl` and how they fit their modules.",
            _table(live.RULES),
            "## strata modules check",
            "The text of one module. `strata lint` applies these, too.",
            _table(modules.RULES),
            "## strata lint",
            "What is planned, beside the checks of checkov.",
            _table(lint),
            "## The gate of the plans",
            "What a plan may not do without an approval; `plan_rules.yaml` adds rules of the same form.",
            table(
                ["rule", "what the change does", "approved by the label"],
                [[code(name), says, code(f"approve:{label}")] for name, label, says in plans],
            ),
        ],
    )


def _table(rules: Mapping[str, str]) -> str:
    return table(["rule", "requires that"], [[code(name), text] for name, text in rules.items()])
