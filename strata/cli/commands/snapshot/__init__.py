"""Save what the running platform holds, and load it again."""
