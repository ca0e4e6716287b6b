"""Linters of the modules' code and of what the live tree plans, and the list of what they may find."""
