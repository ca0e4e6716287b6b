"""Terragrunt's language: blocks, expressions, scopes and includes."""
