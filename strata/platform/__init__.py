"""A platform that runs: its session, names, pipeline and warehouse."""
