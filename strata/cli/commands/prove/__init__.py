"""Prove properties of the running platform by trying."""
