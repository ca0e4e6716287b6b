"""Reads the live tree of Terragrunt units without Terragrunt: units, their graph, and each unit rendered."""

from strata.live.model import Dependency, ExtraArguments, GeneratedFile, Hook, RenderedUnit, Unit, UnitOutputs
from strata.live.tree import LiveTree

__all__ = [
    "Dependency",
    "ExtraArguments",
    "GeneratedFile",
    "Hook",
    "LiveTree",
    "RenderedUnit",
    "Unit",
    "UnitOutputs",
]
