"""The commands of `strata live`."""
