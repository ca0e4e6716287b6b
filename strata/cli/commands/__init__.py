"""The commands, as their tree: `ci/gate.py` is `strata ci gate`."""
