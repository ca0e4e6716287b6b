"""Faults of an embedded cloud on demand: what fails, how, at which call, and the client that says so."""

from strata.faults.client import Faults
from strata.faults.fault import Fault
from strata.faults.registry import FaultRegistry

__all__ = ["Fault", "FaultRegistry", "Faults"]
