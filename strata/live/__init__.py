"""Reads the live tree of Terragrunt units without Terragrunt: units, their graph, and each unit rendered."""

from strata.live.model import Dependency, ExtraArguments, GeneratedFile, Hook, Outputs, RenderedUnit, Unit
from strata.live.tree import LiveTree

__all__ = [
    "Dependency",
    "ExtraArguments",
    "GeneratedFile",
    "Hook",
    "LiveTree",
    "Outputs",
    "RenderedUnit",
    "Unit",
]
