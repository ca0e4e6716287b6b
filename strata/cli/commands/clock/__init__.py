"""Show the clock of the running embedded cloud, and move it forward."""
