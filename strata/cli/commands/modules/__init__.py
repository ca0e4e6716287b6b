"""The commands of `strata modules`."""
