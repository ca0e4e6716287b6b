"""Glue's engine: real local Spark over S3A, each job run in a fresh, pre-warmed process."""
