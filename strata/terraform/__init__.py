"""Terraform: found on this machine, and run unit by unit against the embedded cloud.

Nothing is imported here: set-up looks for tools (`toolchain`) before any package is installed.
"""
