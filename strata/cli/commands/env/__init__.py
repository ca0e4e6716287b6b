"""The commands of `strata env`."""
