"""What a policy says that is not understood."""

from __future__ import annotations

from strata.errors import StrataError


class PolicyError(StrataError):
    """A policy holds what AWS would refuse or this evaluator does not know; guessing would be worse."""
