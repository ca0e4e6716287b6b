"""Terraform: found on this machine, and run unit by unit against the embedded cloud."""

from strata.terraform.diagnostics import Changes, Diagnostic
from strata.terraform.environment import child_environment
from strata.terraform.events import UnitEvent, UnitResult
from strata.terraform.runner import Runner
from strata.terraform.state import State
from strata.terraform.toolchain import Toolchain, find_toolchain

__all__ = [
    "Changes",
    "Diagnostic",
    "Runner",
    "State",
    "Toolchain",
    "UnitEvent",
    "UnitResult",
    "child_environment",
    "find_toolchain",
]
