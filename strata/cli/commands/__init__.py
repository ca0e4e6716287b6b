"""The commands: the folder is their tree, `ci/gate.py` is `strata ci gate`."""
