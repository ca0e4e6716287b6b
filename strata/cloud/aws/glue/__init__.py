"""Glue: jobs and their runs, on real local Spark."""
