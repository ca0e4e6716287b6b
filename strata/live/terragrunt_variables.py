"""Variables of the environment by which Terragrunt loads something else, and which Strata does not heed."""

from __future__ import annotations

from collections.abc import Mapping

from strata.errors import StrataError

# By the flag that a variable stands for, `--source` by TG_SOURCE, what it changes. Source: the flags of
# Terragrunt 1.1.3. Those that are not here change what a run prints, keeps, retries or asks.
_FLAGS = {
    "auth-provider-cmd": "the variables and credentials of a unit",
    "config": "which file is a unit's",
    "discovery-boundary": "which units there are",
    "experiment": "what Terragrunt reads and how",
    "experimental-engine": "which program plans and applies",
    "experiment-mode": "what Terragrunt reads and how",
    "feature": "the values of feature flags",
    "filter": "which units there are",
    "filter-affected": "which units there are",
    "filters-file": "which units there are",
    "iam-assume-role": "the role that a unit is read and applied by",
    "iam-assume-role-duration": "the role that a unit is read and applied by",
    "iam-assume-role-session-name": "the role that a unit is read and applied by",
    "iam-assume-role-web-identity-token": "the role that a unit is read and applied by",
    "no-auto-init": "whether providers and modules are the ones that are asked for",
    "no-dependency-outputs": "the outputs of dependencies",
    "no-filters-file": "which units there are",
    "no-hidden": "which units there are",
    "no-hooks": "which hooks run",
    "queue-exclude-dir": "which units there are",
    "queue-exclude-external": "which units there are",
    "queue-excludes-file": "which units there are",
    "queue-ignore-dag-order": "the order of units",
    "queue-ignore-errors": "the order of units",
    "queue-include-dir": "which units there are",
    "queue-include-external": "which units there are",
    "queue-include-units-reading": "which units there are",
    "queue-strict-include": "which units there are",
    "source": "the module of a unit",
    "source-map": "the module of a unit",
    "units-that-include": "which units there are",
    "working-dir": "which units there are",
}
# The names of old, which Terragrunt 1.1.3 still heeds, where they are not the flag's with another prefix.
_OLD_NAMES = {
    "iam-assume-role": ("TERRAGRUNT_IAM_ROLE",),
    "iam-assume-role-web-identity-token": ("TERRAGRUNT_IAM_WEB_IDENTITY_TOKEN",),
    "queue-exclude-dir": ("TERRAGRUNT_EXCLUDE_DIR",),
    "queue-exclude-external": ("TERRAGRUNT_IGNORE_EXTERNAL_DEPENDENCIES",),
    "queue-excludes-file": ("TERRAGRUNT_EXCLUDES_FILE",),
    "queue-ignore-dag-order": ("TERRAGRUNT_IGNORE_DEPENDENCY_ORDER",),
    "queue-ignore-errors": ("TERRAGRUNT_IGNORE_DEPENDENCY_ERRORS",),
    "queue-include-dir": ("TERRAGRUNT_INCLUDE_DIR",),
    "queue-include-external": ("TERRAGRUNT_INCLUDE_EXTERNAL_DEPENDENCIES",),
    "queue-strict-include": ("TERRAGRUNT_STRICT_INCLUDE",),
    "units-that-include": ("TERRAGRUNT_MODULES_THAT_INCLUDE",),
}
# This one says the opposite of its flag.
_AUTO_INIT = "TERRAGRUNT_AUTO_INIT"
_FALSE = frozenset({"", "0", "f", "F", "false", "FALSE", "False"})
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})


def refuse_variables(environ: Mapping[str, str]) -> None:
    """Refuse the variables by which Terragrunt would load something else than Strata reads.

    Raises:
        StrataError: one is set, by name.
    """
    for flag, what in _FLAGS.items():
        name = flag.upper().replace("-", "_")
        for variable in (f"TG_{name}", f"TERRAGRUNT_{name}", *_OLD_NAMES.get(flag, ())):
            # "false" is how a flag is switched off; a text of a flag that takes one is never one of these.
            if environ.get(variable, "") not in _FALSE:
                raise _refusal(variable, what)
    if environ.get(_AUTO_INIT, "true") not in _TRUE:
        raise _refusal(_AUTO_INIT, _FLAGS["no-auto-init"])


def _refusal(variable: str, what: str) -> StrataError:
    return StrataError(
        f"the variable {variable} is set: by it Terragrunt changes {what}, and Strata does not",
        remedy=f"unset {variable}",
    )
